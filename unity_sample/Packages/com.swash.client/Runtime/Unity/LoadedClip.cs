using Swash.V1;
using UnityEngine;

namespace Swash
{
    /// <summary>A whole sound that can be played.</summary>
    internal sealed class LoadedClip
    {
        private const ulong MaxFrames = 120 * 96000; // the longest sound at the highest rate

        /// <summary>Keeps them together.</summary>
        public LoadedClip(string key, Header header, AudioClip clip)
        {
            Key = key;
            Header = header;
            Clip = clip;
        }

        /// <summary>Of the request; null of one that is never the same again.</summary>
        public string Key { get; }

        /// <summary>What it is.</summary>
        public Header Header { get; }

        /// <summary>The samples.</summary>
        public AudioClip Clip { get; }

        /// <summary>How many components play it or may; the cache counts.</summary>
        public int Users { get; set; }

        /// <summary>Returns a clip of a whole take of PCM; on the main thread.</summary>
        /// <exception cref="SwashException">DataLoss: it is empty, or nothing that can be played.</exception>
        public static AudioClip ClipOf(string name, Header header, float[] samples)
        {
            CheckHeader(header);
            AudioClip clip = Empty(name, header, (ulong)(samples.Length / (int)header.Channels));
            clip.SetData(samples, 0);
            return clip;
        }

        /// <summary>Returns a clip of silence to be filled; on the main thread.</summary>
        /// <exception cref="SwashException">DataLoss: it is empty, or nothing that can be played.</exception>
        public static AudioClip Empty(string name, Header header, ulong frames)
        {
            CheckHeader(header);
            CheckFrames(frames, null);
            return AudioClip.Create(name, (int)frames, (int)header.Channels, (int)header.SampleRate, false);
        }

        /// <summary>Throws when there are no frames, or more than there can be.</summary>
        /// <param name="frames">How many there are.</param>
        /// <param name="most">How many there may be, if that is known.</param>
        /// <exception cref="SwashException">DataLoss.</exception>
        public static void CheckFrames(ulong frames, ulong? most)
        {
            if (frames < 1 || frames > (most ?? MaxFrames))
            {
                throw new SwashException(
                    SwashStatus.DataLoss, "a sound of 1 to " + (most ?? MaxFrames) + " frames was to come, got " + frames);
            }
        }

        /// <summary>Throws when a header is not of a sound that was asked for.</summary>
        /// <exception cref="SwashException">DataLoss: its rate, channels or encoding is none.</exception>
        public static void CheckHeader(Header header)
        {
            bool rate = header.SampleRate >= 8000 && header.SampleRate <= 96000;
            bool channels = header.Channels == 1 || header.Channels == 2;
            if (!rate || !channels || header.Encoding != Encoding.PcmS16Le)
            {
                throw new SwashException(
                    SwashStatus.DataLoss,
                    "no clip is made of " + header.Channels + " channels at " + header.SampleRate + " Hz as " + header.Encoding);
            }
        }
    }
}
