using System;
using UnityEditor;
using UnityEngine;
using Object = UnityEngine.Object;

namespace Swash.Editor
{
    /// <summary>Plays a sound in the editor, without a scene and outside play mode.</summary>
    /// <remarks>
    /// By a hidden AudioSource, which belongs to no scene and is never saved; Unity's own preview is internal. The
    /// editor's mute button silences it.
    /// </remarks>
    public sealed class AudioPreview : IDisposable
    {
        private GameObject _hidden;
        private AudioSource _source;
        private AudioClip _clip;

        /// <summary>Whether something sounds.</summary>
        public bool IsPlaying => _source != null && _source.isPlaying;

        /// <summary>Plays a take from its start, at one level wherever the camera is; what played before ends.</summary>
        /// <param name="take">16-bit or float samples, not empty.</param>
        /// <param name="loop">Whether it goes on from its start.</param>
        public void Play(Take take, bool loop)
        {
            Stop();
            var channels = (int)take.Header.Channels;
            var samples = take.ToSamples();
            if (samples.Length < channels) return;
            _clip = AudioClip.Create("swash preview", samples.Length / channels, channels, (int)take.Header.SampleRate, false);
            _clip.hideFlags = HideFlags.HideAndDontSave;
            _clip.SetData(samples, 0);
            if (_source == null) Make();
            _source.clip = _clip;
            _source.loop = loop;
            _source.Play();
        }

        /// <summary>Is silent, and forget the sound.</summary>
        public void Stop()
        {
            if (_source != null)
            {
                _source.Stop();
                _source.clip = null;
            }
            if (_clip != null) Object.DestroyImmediate(_clip);
            _clip = null;
        }

        /// <summary>Is silent, and leave nothing behind.</summary>
        public void Dispose()
        {
            Stop();
            if (_hidden != null) Object.DestroyImmediate(_hidden);
            _hidden = null;
            _source = null;
        }

        private void Make()
        {
            _hidden = EditorUtility.CreateGameObjectWithHideFlags(
                "swash preview", HideFlags.HideAndDontSave, typeof(AudioSource));
            _source = _hidden.GetComponent<AudioSource>();
            _source.playOnAwake = false;
            _source.spatialBlend = 0f;
            // A scene that nobody listens in would be silent.
            if (Object.FindAnyObjectByType<AudioListener>() == null) _hidden.AddComponent<AudioListener>();
        }
    }
}
