using System;
using System.Collections.Generic;
using Swash.V1;
using UnityEngine;
using UnityEngine.Events;

namespace Swash
{
    /// <summary>
    /// A sound that goes on and is steered while it does: the sea, the wind, an engine. The server makes it live; a
    /// change is heard after about <c>Ahead Ms</c>. When the connection breaks, it comes again with the same seed and
    /// parameters.
    /// </summary>
    /// <remarks>
    /// It plays through the AudioSource beside it, whose volume, distance, pan and mixer group count as for any clip.
    /// Not on WebGL, which has no audio callbacks: take a <see cref="SwashSound"/> with a loop there.
    /// </remarks>
    [AddComponentMenu("Audio/Swash/Swash Ambience")]
    [RequireComponent(typeof(AudioSource))]
    public sealed class SwashAmbience : MonoBehaviour
    {
        private const float StepS = 0.03f; // of a parameter that moves without a ramp: no click

        [SerializeField, Tooltip("Where the server is; empty: the scene's connection, or the default address.")]
        private SwashConnection _connection;

        [SerializeField, Tooltip("What to sound like. Live parameters may be moved while it plays.")]
        private SoundSpec _sound = new SoundSpec();

        [SerializeField, Tooltip("Plays when the component is enabled.")]
        private bool _playOnEnable = true;

        [SerializeField, Tooltip("Silent until it is triggered; for sounds that end by themselves.")]
        private bool _armed;

        [SerializeField, Tooltip("One channel instead of two: for a sound that has its place in the scene.")]
        private bool _mono;

        [SerializeField, Range(20, 2000), Tooltip(
            "Milliseconds that the server makes ahead, 20 to 2000: what a change takes to be heard, and what the "
            + "network may stall.")]
        private int _aheadMs = 200;

        [SerializeField, Range(10, 1000), Tooltip(
            "Milliseconds that must be there before it is heard, 10 to 1000, and no more than Ahead Ms.")]
        private int _primeMs = 60;

        [SerializeField, Range(0f, 60f), Tooltip("Seconds that it takes to come, 0 to 60; not of an armed one.")]
        private float _fadeInS = 0.5f;

        [SerializeField, Range(0, 100), Tooltip(
            "How often it connects again before it gives up, 0 to 100; the pauses grow to 8 s.")]
        private int _reconnects = 10;

        [SerializeField, Tooltip("Its voice has started, the first time or again.")]
        private UnityEvent _started = new UnityEvent();

        [SerializeField, Tooltip("It has faded, or ended by itself.")]
        private UnityEvent _stopped = new UnityEvent();

        [SerializeField, Tooltip("It cannot be played; says why.")]
        private UnityEvent<string> _failed = new UnityEvent<string>();

        [SerializeField, Tooltip("A change was refused, and it goes on as it was; says why.")]
        private UnityEvent<string> _refused = new UnityEvent<string>();

        private readonly SentParameters _sent = new SentParameters();
        private AudioSource _source;
        private volatile LiveSpeaker _speaker; // the audio thread reads it
        private LiveVoice _voice;
        private int _earlierUnderruns;
        private bool _paused;
        private bool _pausedByApplication;

        /// <summary>Raised when its voice has started, the first time or again.</summary>
        public UnityEvent Started => _started;

        /// <summary>Raised when it has faded, or ended by itself.</summary>
        public UnityEvent Stopped => _stopped;

        /// <summary>Raised with the reason when it cannot be played.</summary>
        public UnityEvent<string> Failed => _failed;

        /// <summary>Raised with the reason when a change was refused; it goes on as it was.</summary>
        public UnityEvent<string> Refused => _refused;

        /// <summary>Which connection to use; null: the default one. Counts from the next Play on.</summary>
        public SwashConnection Connection
        {
            get => _connection;
            set => _connection = value;
        }

        /// <summary>
        /// What to sound like. Parameters that are changed here are sent with the next frame; the rest counts from the
        /// next Play on.
        /// </summary>
        public SoundSpec Sound => _sound;

        /// <summary>Whether it plays when it is enabled.</summary>
        public bool PlayOnEnable
        {
            get => _playOnEnable;
            set => _playOnEnable = value;
        }

        /// <summary>Whether it is silent until it is triggered. Counts from the next Play on.</summary>
        public bool Armed
        {
            get => _armed;
            set => _armed = value;
        }

        /// <summary>Whether it has one channel, for a place in the scene. Counts from the next Play on.</summary>
        public bool Mono
        {
            get => _mono;
            set => _mono = value;
        }

        /// <summary>
        /// Milliseconds that the server makes ahead, 20 to 2000: what a change takes to be heard, and what the network
        /// may stall. Counts from the next Play on.
        /// </summary>
        public int AheadMs
        {
            get => _aheadMs;
            set => _aheadMs = value;
        }

        /// <summary>Milliseconds that must be there before it is heard, 10 to 1000. Counts from the next Play on.</summary>
        public int PrimeMs
        {
            get => _primeMs;
            set => _primeMs = value;
        }

        /// <summary>Seconds that it takes to come, 0 to 60. Counts from the next Play on.</summary>
        public float FadeInS
        {
            get => _fadeInS;
            set => _fadeInS = value;
        }

        /// <summary>What it is doing.</summary>
        public AmbienceState State =>
            _paused ? AmbienceState.Paused : _voice == null ? AmbienceState.Silent : _voice.State;

        /// <summary>Whether it was played and has not ended.</summary>
        public bool IsPlaying => State != AmbienceState.Silent;

        /// <summary>The seed of what sounds; chosen by each Play when the seed is random.</summary>
        public uint HeardSeed { get; private set; }

        /// <summary>What sounds, the loudest first, with every parameter; null before the server has said it.</summary>
        public IReadOnlyList<Layer> Layers => _voice?.Layers;

        /// <summary>How often it ran out and was silent until more came, since Play.</summary>
        public int Underruns => _earlierUnderruns + (_speaker?.Buffer.Underruns ?? 0);

        /// <summary>How often it has connected again since Play or Resume.</summary>
        public int Reconnections => _voice?.Reconnections ?? 0;

        /// <summary>Milliseconds of sound that wait to be heard.</summary>
        public int BufferedMs =>
            _speaker == null ? 0 : (int)(1000L * _speaker.Buffer.BufferedFrames / _speaker.SessionRate);

        /// <summary>Why it failed last; empty when it did not.</summary>
        public string Error { get; private set; } = "";

        /// <summary>Starts it; does nothing while it plays.</summary>
        public void Play()
        {
            if (IsPlaying || !isActiveAndEnabled)
                return;
            Error = "";
            _earlierUnderruns = 0;
            HeardSeed = _sound.RandomSeed ? (uint)Guid.NewGuid().GetHashCode() : (uint)_sound.Seed;
            if (Background.IsWebGL)
                Fail("WebGL plays no live sounds: take a SwashSound with Loop");
            else
                Begin();
        }

        /// <summary>Fades and ends; <see cref="Stopped"/> tells when it is silent.</summary>
        /// <param name="fadeS">Seconds, 0 to 60.</param>
        public void Stop(float fadeS = 0.5f)
        {
            if (_paused)
                OnEnded(null);
            else
                _voice?.Stop(TimeSpan.FromSeconds(Mathf.Clamp(fadeS, 0f, 60f)));
        }

        /// <summary>Frees its voice at once, until <see cref="Resume"/>. One that is fading ends.</summary>
        public void Pause()
        {
            bool ends = State == AmbienceState.Stopping;
            if (!IsPlaying || _paused)
                return;
            End();
            _paused = !ends;
            if (ends)
                _stopped.Invoke();
        }

        /// <summary>Plays again after <see cref="Pause"/>, from the start of the same performance.</summary>
        public void Resume()
        {
            if (!_paused)
                return;
            _paused = false;
            Begin();
        }

        /// <summary>Moves a live parameter; also one that <see cref="Sound"/> does not list yet.</summary>
        /// <param name="parameter">Its name.</param>
        /// <param name="value">Within its range, in its unit.</param>
        /// <param name="rampS">Seconds that it takes to get there, 0 to 600.</param>
        public void Set(string parameter, double value, float rampS = StepS)
        {
            _sound.Set(parameter, value);
            Send(_sound.Find(parameter), rampS);
        }

        /// <summary>Sets a choice, which an armed voice has from its next trigger on.</summary>
        public void Set(string parameter, string choice)
        {
            _sound.Set(parameter, choice);
            Send(_sound.Find(parameter), 0f);
        }

        /// <summary>Becomes what a prompt says, at equal power.</summary>
        /// <param name="prompt">English words.</param>
        /// <param name="fadeS">Seconds, 0.01 to 60.</param>
        public void CrossfadeToPrompt(string prompt, float fadeS = 1f)
        {
            _sound.SetPrompt(prompt);
            Crossfade(fadeS);
        }

        /// <summary>Becomes an effect or one of its presets, at equal power.</summary>
        /// <param name="effect">"rain", "rain/tin_roof".</param>
        /// <param name="fadeS">Seconds, 0.01 to 60.</param>
        public void CrossfadeToEffect(string effect, float fadeS = 1f)
        {
            _sound.SetEffect(effect);
            Crossfade(fadeS);
        }

        /// <summary>Sounds an armed voice once more.</summary>
        /// <param name="parameters">For this once; null: as they are set.</param>
        /// <param name="seed">Null: follows from the voice's seed and how often it was triggered.</param>
        public void Trigger(IDictionary<string, ParameterValue> parameters = null, uint? seed = null) =>
            _voice?.Tell(session => session.Trigger(LiveStream.Voice, parameters, seed));

        private void Awake() => _source = GetComponent<AudioSource>();

        private void OnEnable()
        {
            AudioSettings.OnAudioConfigurationChanged += OnAudioConfigurationChanged;
            if (_playOnEnable)
                Play();
        }

        private void Update()
        {
            if (_voice == null)
                return;
            _voice.Follow(Time.realtimeSinceStartupAsDouble);
            if (_voice != null && _voice.Listens)
                SendChanges();
        }

        private void OnApplicationPause(bool paused)
        {
            if (paused && !_paused)
            {
                Pause();
                _pausedByApplication = _paused;
            }
            else if (!paused && _pausedByApplication)
            {
                _pausedByApplication = false;
                Resume();
            }
        }

        private void OnDisable()
        {
            AudioSettings.OnAudioConfigurationChanged -= OnAudioConfigurationChanged;
            _paused = _pausedByApplication = false;
            End();
        }

        /// <summary>The audio thread's: nothing here locks, allocates or throws.</summary>
        private void OnAudioFilterRead(float[] data, int channels)
        {
            LiveSpeaker speaker = _speaker;
            if (speaker == null)
                Array.Clear(data, 0, data.Length); // the ones of the clip are not to be heard
            else
                speaker.Multiply(data, channels);
        }

        /// <summary>Another device plays, perhaps at another rate, and every source has been stopped.</summary>
        private void OnAudioConfigurationChanged(bool deviceWasChanged)
        {
            if (_voice == null)
                return;
            bool ends = State == AmbienceState.Stopping;
            End();
            if (ends)
                _stopped.Invoke();
            else
                Begin();
        }

        private void Begin()
        {
            _speaker = new LiveSpeaker(_source, _mono ? 1 : 2, Math.Min(_primeMs, _aheadMs), _aheadMs);
            _voice = new LiveVoice(_speaker.Buffer, Connect, _reconnects);
            _voice.Started += _started.Invoke;
            _voice.Refused += OnRefused;
            _voice.Ended += OnEnded;
            _voice.Follow(Time.realtimeSinceStartupAsDouble); // asks now, not with the next frame
        }

        private LiveStream Connect()
        {
            StartVoice start = _sound.ToStartVoice(HeardSeed);
            start.Armed = _armed;
            if (!_armed)
                start.FadeInMs = (uint)Mathf.RoundToInt(1000f * _fadeInS);
            var options = new OpenSession
            {
                SampleRate = (uint)_speaker.SessionRate,
                Channels = (uint)_speaker.Buffer.Channels,
                Encoding = Encoding.PcmS16Le,
                AheadMs = (uint)_aheadMs,
            };
            _sent.Begin(_sound.Parameters);
            SwashConnection connection = _connection != null ? _connection : SwashConnection.Default;
            return new LiveStream(connection.Client, _speaker.Buffer, options, start);
        }

        private void End()
        {
            _voice?.Dispose();
            _voice = null;
            LiveSpeaker speaker = _speaker;
            _speaker = null;
            _earlierUnderruns += speaker?.Buffer.Underruns ?? 0;
            speaker?.Dispose();
        }

        private void OnEnded(string failure)
        {
            End();
            _paused = false;
            if (failure == null)
                _stopped.Invoke();
            else
                Fail(failure);
        }

        private void Fail(string why)
        {
            Error = why;
            Debug.LogWarning("SwashAmbience " + name + ": " + why, this);
            _failed.Invoke(why);
        }

        private void OnRefused(string why)
        {
            Debug.LogWarning("SwashAmbience " + name + ": " + why, this);
            _refused.Invoke(why);
        }

        private void Crossfade(float fadeS)
        {
            if (_voice == null || !_voice.Listens)
                return; // it begins as that
            try
            {
                CrossfadeVoice fade = _sound.ToCrossfadeVoice(LiveStream.Voice, HeardSeed);
                fade.FadeMs = (uint)Mathf.RoundToInt(1000f * Mathf.Clamp(fadeS, 0.01f, 60f));
                _sent.Begin(_sound.Parameters);
                _voice.Tell(session => session.Crossfade(fade));
            }
            catch (SwashException e) // neither words nor an effect
            {
                OnRefused(Problem.Text(e));
            }
        }

        /// <summary>Send what the inspector or a script has changed since the last frame.</summary>
        private void SendChanges()
        {
            foreach (SoundParameter parameter in _sound.Parameters)
            {
                if (_sent.IsNew(parameter))
                    Send(parameter, StepS);
            }
        }

        private void Send(SoundParameter parameter, float rampS)
        {
            if (_voice == null || !_voice.Listens)
                return; // it begins with that
            _sent.Add(parameter);
            if (parameter.IsChoice)
            {
                _voice.Tell(session => session.SetParameter(LiveStream.Voice, parameter.Name, parameter.Choice));
                return;
            }
            var ramp = TimeSpan.FromSeconds(Mathf.Clamp(rampS, 0f, 600f));
            _voice.Tell(session => session.SetParameter(LiveStream.Voice, parameter.Name, parameter.Number, ramp));
        }
    }
}
