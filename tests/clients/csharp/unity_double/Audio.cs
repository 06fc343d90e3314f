using System;
using System.Collections.Generic;
using UnityDouble;
using UnityEngine.Audio;

namespace UnityEngine
{
    public enum AudioRolloffMode
    {
        Logarithmic,
        Linear,
        Custom,
    }

    public enum AudioSourceCurveType
    {
        CustomRolloff,
        SpatialBlend,
        ReverbZoneMix,
        Spread,
    }

    public sealed class AudioListener : Behaviour
    {
    }

    public static class AudioSettings
    {
        public delegate void AudioConfigurationChangeHandler(bool deviceWasChanged);

        public static event AudioConfigurationChangeHandler OnAudioConfigurationChanged;

        public static int outputSampleRate
        {
            get
            {
                MainThread.Check("get_outputSampleRate");
                return AudioDevice.SampleRate;
            }
        }

        internal static void RaiseChanged() => OnAudioConfigurationChanged?.Invoke(true);

        internal static void Forget() => OnAudioConfigurationChanged = null;
    }

    public sealed class AudioClip : Object
    {
        private readonly float[] _data;

        private AudioClip(int samples, int channels, int frequency)
        {
            this.samples = samples;
            this.channels = channels;
            this.frequency = frequency;
            _data = new float[samples * channels];
        }

        public int samples { get; }

        public int channels { get; }

        public int frequency { get; }

        public float length => (float)samples / frequency;

        internal float[] Data => _data;

        public static AudioClip Create(string name, int lengthSamples, int channels, int frequency, bool stream)
        {
            MainThread.Check("Create");
            if (name == null)
                throw new NullReferenceException();
            if (lengthSamples <= 0)
                throw new ArgumentException("Length of created clip must be larger than 0");
            if (channels <= 0)
                throw new ArgumentException("Number of channels in created clip must be greater than 0");
            if (frequency <= 0)
                throw new ArgumentException("Frequency in created clip must be greater than 0");
            return new AudioClip(lengthSamples, channels, frequency) { name = name };
        }

        public bool SetData(float[] data, int offsetSamples)
        {
            MainThread.Check("SetData");
            CheckAlive();
            if (offsetSamples < 0 || offsetSamples >= samples)
                throw new ArgumentException("AudioClip.SetData failed; invalid offsetSamples");
            if (data == null || data.Length == 0)
                throw new ArgumentException("AudioClip.SetData failed; invalid data");
            lock (AudioDevice.Lock)
            {
                for (int i = 0; i < data.Length; i++) // what is too long goes on at the start, as in Unity
                    _data[(offsetSamples * channels + i) % _data.Length] = data[i];
            }
            return true;
        }

        public bool GetData(float[] data, int offsetSamples)
        {
            MainThread.Check("GetData");
            CheckAlive();
            for (int i = 0; i < data.Length; i++)
                data[i] = _data[(offsetSamples * channels + i) % _data.Length];
            return true;
        }
    }

    /// <summary>Plays on the double's device. Without a place: volume alone counts.</summary>
    public sealed class AudioSource : Behaviour
    {
        private AudioClip _clip;
        private bool _playing;
        private bool _paused;
        private double _position; // frames of the clip

        public AudioClip clip
        {
            get => _clip;
            set
            {
                MainThread.Check("set_clip");
                lock (AudioDevice.Lock)
                {
                    if (_clip != value)
                        _playing = _paused = false;
                    _clip = value;
                    _position = 0.0;
                }
            }
        }

        public bool isPlaying
        {
            get
            {
                MainThread.Check("get_isPlaying");
                return _playing && !_paused;
            }
        }

        public int timeSamples
        {
            get => (int)_position;
            set => _position = value;
        }

        public bool loop { get; set; }

        public bool playOnAwake { get; set; } = true;

        public bool mute { get; set; }

        public float volume { get; set; } = 1f;

        public float pitch { get; set; } = 1f;

        public float panStereo { get; set; }

        public float spatialBlend { get; set; }

        public float reverbZoneMix { get; set; } = 1f;

        public float dopplerLevel { get; set; } = 1f;

        public float spread { get; set; }

        public int priority { get; set; } = 128;

        public float minDistance { get; set; } = 1f;

        public float maxDistance { get; set; } = 500f;

        public AudioRolloffMode rolloffMode { get; set; }

        public AudioMixerGroup outputAudioMixerGroup { get; set; }

        /// <summary>Tests only: how often something was played over it.</summary>
        public int OneShots { get; private set; }

        public void Play()
        {
            MainThread.Check("Play");
            CheckAlive();
            if (!isActiveAndEnabled)
            {
                Debug.LogWarning("Can not play a disabled audio source");
                return;
            }
            lock (AudioDevice.Lock)
            {
                _playing = _clip != null;
                _paused = false;
                _position = 0.0;
            }
        }

        public void Pause() => SetPaused(true);

        public void UnPause() => SetPaused(false);

        public void Stop()
        {
            MainThread.Check("Stop");
            CheckAlive();
            Halt();
        }

        public void PlayOneShot(AudioClip clip, float volumeScale = 1f)
        {
            MainThread.Check("PlayOneShot");
            clip.CheckAlive();
            OneShots++;
        }

        public void SetCustomCurve(AudioSourceCurveType type, AnimationCurve curve)
        {
        }

        public AnimationCurve GetCustomCurve(AudioSourceCurveType type) => new AnimationCurve();

        internal void Halt()
        {
            lock (AudioDevice.Lock)
            {
                _playing = _paused = false;
                _position = 0.0;
            }
        }

        /// <summary>The audio thread's: write the next block, or return false when nothing plays.</summary>
        internal bool Fill(float[] block, int outputChannels, int outputRate)
        {
            lock (AudioDevice.Lock)
            {
                if (!_playing || _paused || _clip == null)
                    return false;
                double step = (double)_clip.frequency / outputRate * pitch;
                for (int frame = 0; frame < block.Length / outputChannels; frame++)
                {
                    for (int channel = 0; channel < outputChannels; channel++)
                        block[frame * outputChannels + channel] = _playing ? Sample(channel) * volume : 0f;
                    if (_playing)
                        Advance(step);
                }
                return true;
            }
        }

        private protected override void Ended() => Halt();

        private float Sample(int channel) =>
            _clip.Data[(int)_position * _clip.channels + Math.Min(channel, _clip.channels - 1)];

        private void Advance(double step)
        {
            _position += step;
            if (_position < _clip.samples)
                return;
            _position = loop ? _position % _clip.samples : 0.0;
            _playing = loop;
        }

        private void SetPaused(bool paused)
        {
            MainThread.Check("Pause");
            CheckAlive();
            lock (AudioDevice.Lock)
                _paused = _playing && paused;
        }
    }
}

namespace UnityEngine.Audio
{
    public sealed class AudioMixerGroup : Object
    {
    }
}
