using System;
using System.Threading;
using System.Threading.Tasks;
using UnityEngine;
using UnityEngine.Events;

namespace Swash
{
    /// <summary>
    /// Takes of one sound that never sound twice the same: steps, hits, shots. They are brought here once; playing
    /// chooses one by chance, not the one of just before, and varies its pitch and level a little. It asks nobody.
    /// </summary>
    /// <remarks>
    /// Takes sound through AudioSources of their own, which are made like the one beside it: set that one's volume,
    /// distance, mixer group. Which take comes next follows from the jitter seed.
    /// </remarks>
    [AddComponentMenu("Audio/Swash/Swash Bank")]
    [RequireComponent(typeof(AudioSource))]
    public sealed class SwashBank : MonoBehaviour
    {
        private const int MaxTakes = 32;
        private const double AskAgainS = 5.0; // after a failure, however often it is played meanwhile

        [SerializeField, Tooltip("Where the server is; empty: the scene's connection, or the default address.")]
        private SwashConnection _connection;

        [SerializeField, Tooltip("What to sound like. The takes have this seed and the ones behind it, and share the object.")]
        private SoundSpec _sound = new SoundSpec();

        [SerializeField, Range(1, MaxTakes), Tooltip("How many takes, 1 to 32.")]
        private int _count = 6;

        [SerializeField, Range(0f, 12f), Tooltip("How far the pitch strays, semitones up or down, 0 to 12.")]
        private float _pitchJitterSemitones = 0.5f;

        [SerializeField, Range(0f, 24f), Tooltip("How much softer a take may be than it was made, dB, 0 to 24.")]
        private float _gainJitterDb = 2f;

        [SerializeField, Tooltip("Which choices, 0 to 4294967295: the same seed makes the same ones.")]
        private long _jitterSeed;

        [SerializeField, Range(1, 32), Tooltip("How many takes may sound at once, 1 to 32; then the oldest ends.")]
        private int _voices = 4;

        [SerializeField, Tooltip("Brings the takes when the component is enabled; else with the first Load or Play.")]
        private bool _loadOnEnable = true;

        [SerializeField, Tooltip("All takes are there.")]
        private UnityEvent _ready = new UnityEvent();

        [SerializeField, Tooltip("The takes cannot be had; says why.")]
        private UnityEvent<string> _failed = new UnityEvent<string>();

        private SourcePool _pool;
        private TakeChooser _chooser;
        private SwashConnection _used; // whose clips are in use
        private LoadedClip[] _takes;
        private CancellationTokenSource _loading;
        private double _askAgainAtS;

        /// <summary>Raised when all takes are there.</summary>
        public UnityEvent Ready => _ready;

        /// <summary>Raised with the reason when the takes cannot be had.</summary>
        public UnityEvent<string> Failed => _failed;

        /// <summary>Which connection to use; null: the default one. Counts from the next loading on.</summary>
        public SwashConnection Connection
        {
            get => _connection;
            set => _connection = value;
        }

        /// <summary>What to sound like. Changes count from the next <see cref="Reload"/> on.</summary>
        public SoundSpec Sound => _sound;

        /// <summary>How many takes, 1 to 32. Counts from the next <see cref="Reload"/> on.</summary>
        public int Count
        {
            get => _count;
            set => _count = Mathf.Clamp(value, 1, MaxTakes);
        }

        /// <summary>How far the pitch strays, semitones up or down, 0 to 12.</summary>
        public float PitchJitterSemitones
        {
            get => _pitchJitterSemitones;
            set => _pitchJitterSemitones = Mathf.Clamp(value, 0f, 12f);
        }

        /// <summary>How much softer a take may be than it was made, dB, 0 to 24.</summary>
        public float GainJitterDb
        {
            get => _gainJitterDb;
            set => _gainJitterDb = Mathf.Clamp(value, 0f, 24f);
        }

        /// <summary>Which choices; setting it begins them anew.</summary>
        public long JitterSeed
        {
            get => _jitterSeed;
            set
            {
                _jitterSeed = value;
                _chooser = null;
            }
        }

        /// <summary>Whether all takes are there.</summary>
        public bool IsReady => _takes != null;

        /// <summary>Whether they are on their way.</summary>
        public bool IsLoading => _loading != null;

        /// <summary>What was played last.</summary>
        public BankShot LastShot { get; private set; }

        /// <summary>Why the last loading failed; empty when it did not.</summary>
        public string Error { get; private set; } = "";

        /// <summary>Returns the clip of a take; null before they are there. It belongs to the bank.</summary>
        public AudioClip ClipOf(int take) => _takes?[take].Clip;

        /// <summary>Brings the takes here, unless they are; <see cref="Ready"/> tells when they are.</summary>
        public void Load()
        {
            if (!IsReady && !IsLoading && isActiveAndEnabled)
                _ = LoadAsync(_loading = new CancellationTokenSource());
        }

        /// <summary>Brings takes of what <see cref="Sound"/> says now; what sounds ends.</summary>
        public void Reload()
        {
            Release();
            Load();
        }

        /// <summary>Plays a take where this is.</summary>
        /// <param name="gain">0 to 1, beside the jitter.</param>
        /// <returns>Its AudioSource; null when the takes are not there yet, which are then brought.</returns>
        public AudioSource Play(float gain = 1f) => PlayAt(transform.position, gain);

        /// <summary>Plays a take at a place.</summary>
        /// <param name="position">In the world.</param>
        /// <param name="gain">0 to 1, beside the jitter.</param>
        /// <returns>Its AudioSource; null when the takes are not there yet, which are then brought.</returns>
        public AudioSource PlayAt(Vector3 position, float gain = 1f)
        {
            if (!Choose())
                return null;
            AudioClip clip = ClipOf(LastShot.Take);
            return _pool.Play(clip, position, LastShot.Pitch, LastShot.Gain * Mathf.Clamp01(gain), _voices);
        }

        /// <summary>Plays a take through a source of yours, over what it plays; sets that source's pitch.</summary>
        /// <param name="source">Which.</param>
        /// <param name="gain">0 to 1, beside the jitter.</param>
        /// <returns>False when the takes are not there yet, which are then brought.</returns>
        public bool Play(AudioSource source, float gain = 1f)
        {
            if (!Choose())
                return false;
            source.pitch = LastShot.Pitch;
            source.PlayOneShot(ClipOf(LastShot.Take), LastShot.Gain * Mathf.Clamp01(gain));
            return true;
        }

        private void Awake() => _pool = new SourcePool(GetComponent<AudioSource>());

        private void OnEnable()
        {
            if (_loadOnEnable)
                Load();
        }

        private void OnDisable()
        {
            _loading?.Cancel();
            _loading = null;
            _pool.Stop();
        }

        private void OnDestroy() => Release();

        private bool Choose()
        {
            if (Time.realtimeSinceStartupAsDouble >= _askAgainAtS)
                Load();
            if (!IsReady || !isActiveAndEnabled)
                return false;
            if (_chooser == null)
                _chooser = new TakeChooser(unchecked((uint)_jitterSeed));
            LastShot = _chooser.Next(_takes.Length, _pitchJitterSemitones, _gainJitterDb);
            return true;
        }

        private async Task LoadAsync(CancellationTokenSource loading)
        {
            try
            {
                Error = "";
                SwashConnection connection = _connection != null ? _connection : SwashConnection.Default;
                string clipName = _sound.Prompt.Length > 0 ? _sound.Prompt : _sound.Effect;
                LoadedClip[] takes = await BankLoader.LoadAsync(
                    connection, clipName, _sound.ToRenderRequest(), _count, loading.Token);
                _used = connection;
                _takes = takes;
                _loading = null;
                _ready.Tell(this);
            }
            catch (Exception e) // a task ends here: whatever it is goes to the component's event
            {
                Fail(e, loading);
            }
        }

        private void Fail(Exception failure, CancellationTokenSource loading)
        {
            if (_loading == loading)
                _loading = null;
            if (loading.IsCancellationRequested || Problem.IsOurs(failure))
                return;
            Error = Problem.Text(failure);
            _askAgainAtS = Time.realtimeSinceStartupAsDouble + AskAgainS;
            Debug.LogWarning("SwashBank " + name + ": " + Error, this);
            _failed.Tell(Error, this);
        }

        private void Release()
        {
            _loading?.Cancel();
            _loading = null;
            _pool?.Stop();
            foreach (LoadedClip take in _takes ?? Array.Empty<LoadedClip>())
                _used.Clips.Return(take);
            _takes = null;
        }
    }
}
