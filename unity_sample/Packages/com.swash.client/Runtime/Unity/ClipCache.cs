using System.Collections.Generic;
using Swash.V1;
using UnityEngine;

namespace Swash
{
    /// <summary>
    /// Clips in memory by the request that made them, shared by whoever asks for the same. What nobody uses stays, the
    /// last used longest, until there is too much of it. For the main thread.
    /// </summary>
    internal sealed class ClipCache
    {
        private const int SampleBytes = 4;

        private readonly long _maxIdleBytes;
        private readonly Dictionary<string, LoadedClip> _clips = new Dictionary<string, LoadedClip>();
        private readonly LinkedList<LoadedClip> _idle = new LinkedList<LoadedClip>(); // the oldest first
        private long _idleBytes;

        /// <summary>Begins empty.</summary>
        /// <param name="maxIdleBytes">What clips that nobody uses may take together.</param>
        public ClipCache(long maxIdleBytes) => _maxIdleBytes = maxIdleBytes;

        /// <summary>Clips that are remembered.</summary>
        public int Count => _clips.Count;

        /// <summary>Returns the clip of a request, and counts another user; null when it is not there.</summary>
        /// <param name="key">Of the request; null of one that is never the same again.</param>
        public LoadedClip Borrow(string key)
        {
            if (key == null || !_clips.TryGetValue(key, out LoadedClip loaded))
                return null;
            if (loaded.Users++ == 0)
            {
                _idle.Remove(loaded);
                _idleBytes -= Bytes(loaded);
            }
            return loaded;
        }

        /// <summary>Takes in a clip, with one user. One that came twice meanwhile is kept once.</summary>
        /// <param name="key">Of the request; null: the clip goes when its user is done.</param>
        /// <param name="header">Of the sound.</param>
        /// <param name="clip">The sound, whole.</param>
        public LoadedClip Add(string key, Header header, AudioClip clip)
        {
            var loaded = new LoadedClip(key, header, clip) { Users = 1 };
            if (key != null && !_clips.ContainsKey(key))
                _clips.Add(key, loaded);
            return loaded;
        }

        /// <summary>Says that one user is done with a clip.</summary>
        public void Return(LoadedClip loaded)
        {
            if (--loaded.Users > 0)
                return;
            bool kept = loaded.Key != null && _clips.TryGetValue(loaded.Key, out LoadedClip known) && known == loaded;
            if (!kept)
            {
                Object.Destroy(loaded.Clip);
                return;
            }
            _idle.AddLast(loaded);
            _idleBytes += Bytes(loaded);
            while (_idleBytes > _maxIdleBytes)
                Forget(_idle.First.Value);
        }

        /// <summary>Forgets everything; what is used goes when its users are done.</summary>
        public void Clear()
        {
            while (_idle.Count > 0)
                Forget(_idle.First.Value);
            _clips.Clear();
        }

        private static long Bytes(LoadedClip loaded) =>
            (long)loaded.Header.Channels * loaded.Clip.samples * SampleBytes;

        private void Forget(LoadedClip loaded)
        {
            _idle.Remove(loaded);
            _idleBytes -= Bytes(loaded);
            _clips.Remove(loaded.Key);
            Object.Destroy(loaded.Clip);
        }
    }
}
