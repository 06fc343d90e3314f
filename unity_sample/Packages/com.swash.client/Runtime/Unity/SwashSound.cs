using System;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;
using UnityEngine;
using UnityEngine.Events;

namespace Swash
{
    /// <summary>
    /// A sound that ends, or a loop, played by the AudioSource beside it. It is heard while it still comes from the
    /// server; afterwards it is in memory and on disk, and playing it again asks nobody.
    /// </summary>
    [AddComponentMenu("Audio/Swash/Swash Sound")]
    [RequireComponent(typeof(AudioSource))]
    public sealed class SwashSound : MonoBehaviour
    {
        private const int SafeLead = 20; // a 20th of a second: more than a frame of the game takes

        [SerializeField, Tooltip("Where the server is; empty: the scene's connection, or the default address.")]
        private SwashConnection _connection;

        [SerializeField, Tooltip("What to sound like.")]
        private SoundSpec _sound = new SoundSpec();

        [SerializeField, Tooltip("As long as the sound is by itself: a one-shot's own length, 8 s of what goes on.")]
        private bool _naturalLength = true;

        [SerializeField, Range(0.05f, 120f), Tooltip("Seconds of sound, 0.05 to 120, unless its length is natural.")]
        private float _durationS = 4f;

        [SerializeField, Tooltip("Repeats without a seam, for sounds that go on. 1 to 60 s.")]
        private bool _loop;

        [SerializeField, Tooltip("Plays when the component is enabled.")]
        private bool _playOnEnable;

        [SerializeField, Range(100, 2000), Tooltip("Milliseconds of sound that must be there before it is heard, 100 to 2000.")]
        private int _prebufferMs = 100;

        [SerializeField, Tooltip("The whole sound is there.")]
        private UnityEvent _ready = new UnityEvent();

        [SerializeField, Tooltip("The sound was heard to its end.")]
        private UnityEvent _finished = new UnityEvent();

        [SerializeField, Tooltip("The sound cannot be had; says why.")]
        private UnityEvent<string> _failed = new UnityEvent<string>();

        private AudioSource _source;
        private SwashConnection _used; // whose client and clips are in use
        private CancellationTokenSource _loading;
        private ClipDownload _download;
        private LoadedClip _loaded;
        private string _asked; // the request of what is loaded or loading
        private string _key; // its name in memory and on disk; null of what is never the same again
        private bool _wanted; // to be played as soon as it can be
        private bool _started; // the source plays it, or waits for more of it
        private bool _starved;

        /// <summary>Raised when the whole sound is there.</summary>
        public UnityEvent Ready => _ready;

        /// <summary>Raised when the sound was heard to its end.</summary>
        public UnityEvent Finished => _finished;

        /// <summary>Raised with the reason when the sound cannot be had.</summary>
        public UnityEvent<string> Failed => _failed;

        /// <summary>Which connection to use; null: the default one. Counts from the next loading on.</summary>
        public SwashConnection Connection
        {
            get => _connection;
            set => _connection = value;
        }

        /// <summary>What to sound like. Changes count from the next Play or Prepare on.</summary>
        public SoundSpec Sound => _sound;

        /// <summary>Seconds of sound; null: its natural length. Counts from the next Play or Prepare on.</summary>
        public float? DurationS
        {
            get => _naturalLength ? (float?)null : _durationS;
            set
            {
                _naturalLength = !value.HasValue;
                _durationS = value ?? _durationS;
            }
        }

        /// <summary>Whether it repeats without a seam. Counts from the next Play or Prepare on.</summary>
        public bool Loop
        {
            get => _loop;
            set => _loop = value;
        }

        /// <summary>Whether it plays when it is enabled.</summary>
        public bool PlayOnEnable
        {
            get => _playOnEnable;
            set => _playOnEnable = value;
        }

        /// <summary>Whether it is on its way.</summary>
        public bool IsLoading => _loading != null;

        /// <summary>Whether the whole sound is there: playing it costs nothing.</summary>
        public bool IsReady => _loaded != null;

        /// <summary>Whether it is heard, or waits for more of it to come.</summary>
        public bool IsPlaying => _started;

        /// <summary>The clip, also while it still grows; null before there is one. It belongs to this component.</summary>
        public AudioClip Clip => _loaded?.Clip ?? _download?.Clip;

        /// <summary>Frames of the clip that are there.</summary>
        public int ReceivedFrames => _loaded != null ? _loaded.Clip.samples : _download?.ReceivedFrames ?? 0;

        /// <summary>What the server made: effects, parameters, seed; null before it said so.</summary>
        public Header Header => _loaded?.Header ?? _download?.Header;

        /// <summary>How often it had to wait in the middle, for more to come.</summary>
        public int Stalls { get; private set; }

        /// <summary>Why the last loading failed; empty when it did not.</summary>
        public string Error { get; private set; } = "";

        /// <summary>
        /// Plays it from its start: at once when it is there, else as soon as enough has come. What is asked for anew
        /// is decided by what <see cref="Sound"/> says now.
        /// </summary>
        public void Play()
        {
            if (!isActiveAndEnabled)
                return;
            _wanted = true;
            _started = false;
            Load();
            StartWhenEnough();
        }

        /// <summary>Brings the sound here, so that Play costs nothing; <see cref="Ready"/> tells when it is there.</summary>
        public void Prepare()
        {
            if (isActiveAndEnabled)
                Load();
        }

        /// <summary>Plays a sound that is there once more, over itself perhaps. Asks nobody.</summary>
        /// <param name="gain">0 to 1.</param>
        /// <returns>False when it is not there yet: prepare it.</returns>
        public bool PlayOneShot(float gain = 1f)
        {
            if (!IsReady || !isActiveAndEnabled)
                return false;
            _source.PlayOneShot(_loaded.Clip, gain);
            return true;
        }

        /// <summary>Is silent at once. What is on its way still comes, for the next Play.</summary>
        public void Stop()
        {
            _wanted = _started = _starved = false;
            if (_source != null)
                _source.Stop();
        }

        private void Awake() => _source = GetComponent<AudioSource>();

        private void OnEnable()
        {
            AudioSettings.OnAudioConfigurationChanged += OnAudioConfigurationChanged;
            if (_playOnEnable)
                Play();
        }

        private void Update()
        {
            PumpDownload();
            StartWhenEnough();
            WaitWhereItEnds();
            NoticeTheEnd();
        }

        private void OnDisable()
        {
            AudioSettings.OnAudioConfigurationChanged -= OnAudioConfigurationChanged;
            Stop();
            if (_loading != null)
                Release();
        }

        private void OnDestroy() => Release();

        /// <summary>Another device plays, and every source has been stopped: a loop goes on there.</summary>
        private void OnAudioConfigurationChanged(bool deviceWasChanged)
        {
            if (_started && _loop)
                _source.Play();
        }

        private void Load()
        {
            try
            {
                RenderRequest request = Request();
                string asked = Convert.ToBase64String(request.ToByteArray());
                if (asked == _asked && (_loading != null || _loaded != null))
                    return;
                Release();
                Error = "";
                _asked = asked;
                _used = _connection != null ? _connection : SwashConnection.Default;
                _key = DiskCache.KeyOf(request);
                LoadedClip shared = _used.Clips.Borrow(_key);
                if (shared != null)
                    Arrive(shared);
                else
                    _ = LoadAsync(request, _key, _loading = new CancellationTokenSource());
            }
            catch (SwashException e)
            {
                Fail(e);
            }
        }

        private RenderRequest Request()
        {
            RenderRequest request = _sound.ToRenderRequest();
            request.Loop = _loop;
            if (!_naturalLength)
                request.DurationS = _durationS;
            return request;
        }

        /// <summary>Ask the disk, then the server. Runs on the main thread; Update does what follows.</summary>
        private async Task LoadAsync(RenderRequest request, string key, CancellationTokenSource loading)
        {
            try
            {
                Take take = await FromDisk(_used.Disk, key);
                if (loading.IsCancellationRequested)
                    return;
                if (take == null)
                    _download = new ClipDownload(Name(), _used.Client, request, Background.IsWebGL);
                else
                    Arrive(_used.Clips.Add(key, take.Header, LoadedClip.ClipOf(Name(), take.Header, take.ToSamples())));
            }
            catch (Exception e) // a task ends here: whatever it is goes to the component's event
            {
                if (!loading.IsCancellationRequested)
                    Fail(e);
            }
        }

        private static Task<Take> FromDisk(DiskCache disk, string key)
        {
            if (disk == null || key == null)
                return Task.FromResult<Take>(null);
            return Background.Run(() => disk.TryGet(key, out Take take) ? take : null);
        }

        private void PumpDownload()
        {
            if (_download == null)
                return;
            ClipDownload download = _download;
            try
            {
                download.Pump();
            }
            catch (SwashException e) // a clip cannot be made of it
            {
                Fail(e);
                return;
            }
            if (download.Failure != null)
            {
                Fail(download.Failure);
            }
            else if (download.IsWhole)
            {
                string key = _key;
                if (_used.Disk is DiskCache disk && key != null)
                    _ = Background.Run(() => disk.Put(key, download.ToTake()));
                _download = null;
                Arrive(_used.Clips.Add(key, download.Header, download.Clip));
            }
        }

        private void Arrive(LoadedClip loaded)
        {
            _loading = null;
            _loaded = loaded;
            _ready.Tell(this);
        }

        private void StartWhenEnough()
        {
            if (!_wanted || Clip == null || !IsEnoughFrom(0))
                return;
            _wanted = false;
            _started = true;
            _source.clip = Clip;
            _source.loop = _loop;
            _source.Play();
        }

        /// <summary>Pause where nothing has come yet, and go on when enough has.</summary>
        private void WaitWhereItEnds()
        {
            if (!_started || (IsReady && !_starved))
                return;
            if (_starved && IsEnoughFrom(_source.timeSamples))
            {
                _starved = false;
                _source.UnPause();
            }
            else if (!_starved && !IsReady && ReceivedFrames - _source.timeSamples < Clip.frequency / SafeLead)
            {
                _starved = true;
                Stalls++;
                _source.Pause();
            }
        }

        private bool IsEnoughFrom(int frame) => IsReady || ReceivedFrames - frame > Prebuffer();

        private int Prebuffer() => (int)((long)Clip.frequency * _prebufferMs / 1000);

        private void NoticeTheEnd()
        {
            if (!_started || _starved || !IsReady || _source.isPlaying)
                return;
            if (_source.timeSamples > 0 && _source.timeSamples < Clip.samples - 1)
                return; // somebody has paused it: one that has played to its end stands at an end
            _started = false;
            _finished.Invoke();
        }

        private void Fail(Exception failure)
        {
            Stop();
            Release();
            if (Problem.IsOurs(failure))
                return;
            Error = Problem.Text(failure);
            Debug.LogWarning("SwashSound " + name + ": " + Error, this);
            _failed.Tell(Error, this);
        }

        /// <summary>End what is under way and let go of what is there.</summary>
        private void Release()
        {
            _loading?.Cancel();
            _loading = null;
            _asked = null;
            if (_source != null && Clip != null && _source.clip == Clip)
            {
                _source.Stop();
                _source.clip = null;
                _started = false;
            }
            _download?.Dispose();
            _download = null;
            if (_loaded != null)
                _used.Clips.Return(_loaded);
            _loaded = null;
        }

        private string Name() => _sound.Prompt.Length > 0 ? _sound.Prompt : _sound.Effect;
    }
}
