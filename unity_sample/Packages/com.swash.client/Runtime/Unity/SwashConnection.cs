using System;
using System.Collections.Generic;
using System.IO;
using UnityEngine;

namespace Swash
{
    /// <summary>
    /// Where the server is, and what all components of a game share: one client, the clips in memory, the sounds on
    /// disk. A scene needs none; then there is one to the default address. All of it is for the main thread.
    /// </summary>
    /// <remarks>
    /// Calls end when this is disabled or destroyed, when the game quits, and when play mode ends or scripts are
    /// reloaded (the package's editor part calls <see cref="Shutdown"/>): nothing holds the editor up.
    /// </remarks>
    [AddComponentMenu("Audio/Swash/Swash Connection")]
    [DefaultExecutionOrder(-1000)] // before those who look for it
    [DisallowMultipleComponent]
    public sealed class SwashConnection : MonoBehaviour
    {
        /// <summary>Where `swash serve` listens unless it is told otherwise.</summary>
        public const string DefaultServer = "http://127.0.0.1:8080";

        private const long BytesOfMb = 1024 * 1024;

        private static readonly List<SwashConnection> Enabled = new List<SwashConnection>();

        [SerializeField, Tooltip("The server's address: its HTTP port, or with the transport Grpc Http2 its gRPC port.")]
        private string _server = DefaultServer;

        [SerializeField, Tooltip("How calls travel. Auto: UnityWebRequest on WebGL, HttpClient everywhere else.")]
        private SwashTransport _transport = SwashTransport.Auto;

        [SerializeField, Tooltip("The environment variable that holds a token, where the server asks who calls. Scripts set the token itself.")]
        private string _tokenVariable = AccessToken.DefaultVariable;

        [SerializeField, Tooltip("Send the token over plain http to other machines too: whoever listens on the way can use it.")]
        private bool _insecureToken;

        [SerializeField, Range(1f, 3600f), Tooltip("Seconds that a call may take, 1 to 3600; live sounds have no limit.")]
        private float _timeoutS = 60f;

        [SerializeField, Range(0, 4096), Tooltip("Megabytes of clips that stay in memory while nobody uses them, 0 to 4096.")]
        private int _memoryMb = 64;

        [SerializeField, Range(0, 65536), Tooltip("Megabytes of sounds that stay on disk, 0 to 65536; 0: none are kept.")]
        private int _diskMb = 256;

        private readonly FrameDelays _delays = new FrameDelays(() => Time.realtimeSinceStartupAsDouble);
        private SwashClient _client;
        private ClipCache _clips;
        private DiskCache _disk;
        private string _token = "";
        private PrivateAuthority _authority;

        /// <summary>
        /// The connection of those who name none: the first enabled one, else one that is made now and outlives scenes.
        /// </summary>
        public static SwashConnection Default
        {
            get
            {
                if (Enabled.Count > 0)
                    return Enabled[0];
                var holder = new GameObject("Swash");
                if (Application.isPlaying)
                    DontDestroyOnLoad(holder);
                else
                    holder.hideFlags = HideFlags.HideAndDontSave;
                return holder.AddComponent<SwashConnection>();
            }
        }

        /// <summary>The server's address. Changing it ends every call to the old one.</summary>
        public string Server
        {
            get => _server;
            set
            {
                if (_server == value)
                    return;
                Close();
                _server = value;
            }
        }

        /// <summary>How calls travel. Changing it ends every call.</summary>
        public SwashTransport Transport
        {
            get => _transport;
            set
            {
                if (_transport == value)
                    return;
                Close();
                _transport = value;
            }
        }

        /// <summary>
        /// Tells the server who calls: it is part of no scene. Empty: what the environment variable holds, if it is
        /// there. Changing it ends every call.
        /// </summary>
        public string Token
        {
            set
            {
                if (_token == (value ?? ""))
                    return;
                Close();
                _token = value ?? "";
            }
        }

        /// <summary>Whether the token may travel unencrypted to other machines. Changing it ends every call.</summary>
        public bool InsecureToken
        {
            get => _insecureToken;
            set
            {
                if (_insecureToken == value)
                    return;
                Close();
                _insecureToken = value;
            }
        }

        /// <summary>Of servers whose certificate the system does not believe; null: none. Changing it ends every call.</summary>
        public PrivateAuthority Authority
        {
            get => _authority;
            set
            {
                Close();
                _authority = value;
            }
        }

        /// <summary>The client of all who use this connection; made when it is first asked for, and after a Close.</summary>
        /// <exception cref="SwashException">InvalidArgument: the address is none, or this transport is not here.</exception>
        public SwashClient Client
        {
            get
            {
                if (_client == null)
                {
                    ITransport transport = NewTransport();
                    _client = new SwashClient(transport) { Timeout = TimeSpan.FromSeconds(_timeoutS) };
                    if (transport is UnityWebRequestTransport) // no threads, and so no timers
                        _client.Delay = _delays.Wait;
                }
                return _client;
            }
        }

        /// <summary>The clips that components share.</summary>
        internal ClipCache Clips => _clips ?? (_clips = new ClipCache(_memoryMb * BytesOfMb));

        /// <summary>Sounds of earlier runs; null when none are kept.</summary>
        internal DiskCache Disk
        {
            get
            {
                if (_disk == null && _diskMb > 0)
                    _disk = new DiskCache(Path.Combine(Application.persistentDataPath, "swash"), _diskMb * BytesOfMb);
                return _disk;
            }
        }

        /// <summary>Ends every call of every connection, at once.</summary>
        public static void Shutdown()
        {
            foreach (SwashConnection connection in Enabled.ToArray()) // whose end somebody may answer by another
                connection.Close();
        }

        /// <summary>Ends every call of this connection, at once. The next call connects again.</summary>
        public void Close()
        {
            SwashClient client = _client;
            _client = null;
            client?.Dispose();
        }

        /// <summary>
        /// Begins every play mode with nothing of the one before, for statics survive when the domain is not reloaded.
        /// </summary>
        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        private static void BeginPlaying()
        {
            Shutdown();
            Enabled.Clear();
            Application.quitting -= Shutdown;
            Application.quitting += Shutdown;
        }

        private void OnEnable() => Enabled.Add(this);

        private void Update() => _delays.Complete();

        private void OnDisable()
        {
            Enabled.Remove(this);
            Close();
        }

        private void OnDestroy() => _clips?.Clear();

        private ITransport NewTransport()
        {
            if (!Uri.TryCreate(_server, UriKind.Absolute, out Uri server))
                throw Wrong("server: an address like " + DefaultServer + ", got \"" + _server + "\"");
            try
            {
                return NewTransport(server);
            }
            catch (ArgumentException e)
            {
                throw Wrong("server: " + e.Message);
            }
            catch (PlatformNotSupportedException e)
            {
                throw Wrong("transport: " + e.Message);
            }
        }

        private ITransport NewTransport(Uri server)
        {
            bool inBrowser = _transport == SwashTransport.Auto && Background.IsWebGL;
            AccessToken token = _token.Length > 0
                ? new AccessToken(_token, _insecureToken)
                : AccessToken.FromEnvironment(_tokenVariable, _insecureToken);
            if (inBrowser || _transport == SwashTransport.UnityWebRequest)
                return new UnityWebRequestTransport(server) { Token = token };
            if (_transport != SwashTransport.GrpcHttp2)
                return new HttpTransport(server, HttpWire.GrpcWeb, _authority?.HandlerFor(server)) { Token = token };
#if SWASH_YAHH
            var handler = new Cysharp.Net.Http.YetAnotherHttpHandler { Http2Only = true }; // in the clear, known beforehand
            return new HttpTransport(server, HttpWire.GrpcHttp2, handler) { Token = token };
#elif UNITY_6000_7_OR_NEWER
            var handler = new UnityEngine.Networking.UnityHttpMessageHandler
            {
                HttpForcedVersion = UnityEngine.Networking.HttpForcedVersion.HTTP2,
            };
            return new HttpTransport(server, HttpWire.GrpcHttp2, handler) { Token = token };
#else
            return new HttpTransport(server, HttpWire.GrpcHttp2, _authority?.HandlerFor(server)) { Token = token };
#endif
        }

        private static SwashException Wrong(string message) => new SwashException(SwashStatus.InvalidArgument, message);
    }
}
