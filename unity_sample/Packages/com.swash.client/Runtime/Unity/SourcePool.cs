using System.Collections.Generic;
using UnityEngine;

namespace Swash
{
    /// <summary>
    /// AudioSources on objects of their own, made like a given one: so that a take goes on where it began while the
    /// next one sounds elsewhere, at another pitch. When all are busy, the one that has played longest is taken.
    /// </summary>
    internal sealed class SourcePool
    {
        private readonly AudioSource _model;
        private readonly List<AudioSource> _sources = new List<AudioSource>();
        private int _next;

        /// <summary>Prepares; sources are made as they are needed.</summary>
        public SourcePool(AudioSource model) => _model = model;

        /// <summary>Plays a clip at a place.</summary>
        /// <param name="clip">Whole.</param>
        /// <param name="position">In the world.</param>
        /// <param name="pitch">1 as it was made.</param>
        /// <param name="gain">0 to 1, beside the model's volume.</param>
        /// <param name="most">How many may sound at once, 1 or more.</param>
        public AudioSource Play(AudioClip clip, Vector3 position, float pitch, float gain, int most)
        {
            AudioSource source = Free(most);
            Imitate(source);
            source.transform.position = position;
            source.clip = clip;
            source.pitch = _model.pitch * pitch;
            source.volume = _model.volume * gain;
            source.Play();
            return source;
        }

        /// <summary>Is silent at once.</summary>
        public void Stop()
        {
            foreach (AudioSource source in _sources)
            {
                if (source == null)
                    continue; // destroyed together with what it hangs on
                source.Stop();
                source.clip = null;
            }
        }

        private AudioSource Free(int most)
        {
            for (int i = 0; i < _sources.Count; i++)
            {
                if (!_sources[i].isPlaying)
                    return _sources[i];
            }
            if (_sources.Count < most)
            {
                _sources.Add(New());
                return _sources[_sources.Count - 1];
            }
            _next = (_next + 1) % _sources.Count; // they were begun in turn
            return _sources[_next];
        }

        private AudioSource New()
        {
            var holder = new GameObject(_model.name + " take");
            holder.transform.SetParent(_model.transform, false);
            AudioSource source = holder.AddComponent<AudioSource>();
            source.playOnAwake = false;
            return source;
        }

        private void Imitate(AudioSource source)
        {
            source.outputAudioMixerGroup = _model.outputAudioMixerGroup;
            source.mute = _model.mute;
            source.priority = _model.priority;
            source.panStereo = _model.panStereo;
            source.spatialBlend = _model.spatialBlend;
            source.reverbZoneMix = _model.reverbZoneMix;
            source.dopplerLevel = _model.dopplerLevel;
            source.spread = _model.spread;
            source.rolloffMode = _model.rolloffMode;
            source.minDistance = _model.minDistance;
            source.maxDistance = _model.maxDistance;
            if (_model.rolloffMode == AudioRolloffMode.Custom)
            {
                source.SetCustomCurve(
                    AudioSourceCurveType.CustomRolloff, _model.GetCustomCurve(AudioSourceCurveType.CustomRolloff));
            }
        }
    }
}
