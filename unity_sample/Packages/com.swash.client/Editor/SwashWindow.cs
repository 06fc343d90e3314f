using System;
using System.Globalization;
using System.Threading.Tasks;
using UnityEditor;
using UnityEngine;

namespace Swash.Editor
{
    /// <summary>The window in which sounds are tried and baked: Window > Swash.</summary>
    public sealed class SwashWindow : EditorWindow
    {
        private const int WaveformHeight = 64;
        private static readonly string[] Kinds = { "By words", "By effect" };
        private static readonly Color Ground = new Color(0.13f, 0.13f, 0.14f);
        private static readonly Color Ink = new Color(0.35f, 0.75f, 0.95f);

        // What is set survives when the editor loads code anew.
        [SerializeField] private string _sound = "slow waves on a pebble beach";
        [SerializeField] private bool _isEffect;
        [SerializeField] private long _seed;
        [SerializeField] private bool _seedLocked = true;
        [SerializeField] private bool _hasDuration;
        [SerializeField] private float _durationS = 4f;
        [SerializeField] private bool _loop;
        [SerializeField] private BakeFormat _format;
        [SerializeField] private Vector2 _scrolled;

        private SwashBench _bench;
        private AudioPreview _preview;
        private Action _then;
        private float[] _samples;
        private float[] _peaks;

        /// <summary>Opens the window, or bring it to the front.</summary>
        [MenuItem("Window/Swash")]
        public static void Open() => GetWindow<SwashWindow>("Swash").minSize = new Vector2(340f, 320f);

        /// <summary>Opens the window with a sound that stands somewhere already.</summary>
        /// <param name="sound">Words, or an effect's id or preset.</param>
        /// <param name="isEffect">Which of the two.</param>
        /// <param name="seed">0 to 4294967295.</param>
        public static void Open(string sound, bool isEffect, long seed)
        {
            Open();
            SwashWindow window = GetWindow<SwashWindow>("Swash");
            window._sound = sound;
            window._isEffect = isEffect;
            window._seed = seed;
            window.Repaint();
        }

        private void OnEnable()
        {
            _preview = new AudioPreview();
            _bench = new SwashBench(SwashSettings.Server, server => new SwashClient(server, AccessToken.FromEnvironment()), new System.Random());
            _bench.Changed += Repaint;
            _bench.Heard += OnHeard;
            AssemblyReloadEvents.beforeAssemblyReload += End;
            EditorApplication.playModeStateChanged += OnPlayMode;
            _ = _bench.CheckServerAsync();
        }

        private void OnDisable() => End();

        private void OnPlayMode(PlayModeStateChange change)
        {
            _bench?.Cancel();
            _preview?.Stop();
        }

        private void End()
        {
            AssemblyReloadEvents.beforeAssemblyReload -= End;
            EditorApplication.playModeStateChanged -= OnPlayMode;
            _bench?.Dispose();
            _preview?.Dispose();
            _bench = null;
            _preview = null;
        }

        private void OnHeard(Take take)
        {
            _samples = take.ToSamples();
            _peaks = null;
            _preview.Play(take, take.Header.Loop != null);
        }

        private void OnGUI()
        {
            if (_bench == null) return;
            using (var view = new EditorGUILayout.ScrollViewScope(_scrolled))
            {
                _scrolled = view.scrollPosition;
                DrawServer();
                EditorGUILayout.Space();
                DrawSound();
                DrawSeed();
                DrawHear();
                DrawWaveform();
                DrawProblem();
                DrawUnderstood();
                EditorGUILayout.Space();
                DrawBake();
            }
            // Clicks act when everything is drawn, for what they change would not fit the layout of this event.
            var then = _then;
            _then = null;
            then?.Invoke();
        }

        private void DrawServer()
        {
            using (new EditorGUILayout.HorizontalScope())
            {
                var server = EditorGUILayout.DelayedTextField(
                    new GUIContent("Server", "Where swash serves over HTTP: http://127.0.0.1:8080"), _bench.Server);
                if (server != _bench.Server) _then = () => Move(server);
                if (GUILayout.Button("Check", GUILayout.Width(60f))) _then = () => Go(_bench.CheckServerAsync());
            }
            if (_bench.ServerState.Length > 0) EditorGUILayout.LabelField(" ", _bench.ServerState);
        }

        private void Move(string server)
        {
            SwashSettings.Server = server;
            _bench.Server = server;
            Go(_bench.CheckServerAsync());
        }

        private void DrawSound()
        {
            bool isEffect = GUILayout.Toolbar(_isEffect ? 1 : 0, Kinds) == 1;
            if (isEffect != _isEffect) _then = () => _isEffect = isEffect;
            if (_isEffect)
            {
                _sound = EditorGUILayout.TextField(
                    new GUIContent("Effect", "An effect or one of its presets: rain, rain/tin_roof"), _sound);
            }
            else
            {
                EditorGUILayout.LabelField("What it sounds like, 1 to 1000 letters");
                _sound = EditorGUILayout.TextArea(_sound, GUILayout.MinHeight(36f));
            }
            using (new EditorGUILayout.HorizontalScope())
            {
                _hasDuration = EditorGUILayout.ToggleLeft(
                    new GUIContent("Length, s", "Above 0 and at most 120; off: the sound's natural length"), _hasDuration);
                using (new EditorGUI.DisabledScope(!_hasDuration))
                {
                    _durationS = Mathf.Clamp(EditorGUILayout.FloatField(_durationS), 0.01f, 120f);
                }
            }
            _loop = EditorGUILayout.Toggle(
                new GUIContent("Loop", "The end joins the start, to the sample. Endless sounds only, 1 to 60 s"), _loop);
        }

        private void DrawSeed()
        {
            using (new EditorGUILayout.HorizontalScope())
            {
                var asked = EditorGUILayout.LongField(
                    new GUIContent("Seed", "Which performance, 0 to 4294967295: the same words and seed are the same sound"),
                    _seed);
                _seed = Math.Max(0L, Math.Min(uint.MaxValue, asked));
                if (GUILayout.Button("<", GUILayout.Width(24f))) _then = () => Ask(_bench.PreviousAsync);
                if (GUILayout.Button(">", GUILayout.Width(24f))) _then = () => Ask(_bench.NextAsync);
                if (GUILayout.Button("Roll", GUILayout.Width(40f))) _then = () => Ask(_bench.RollAsync);
                _seedLocked = GUILayout.Toggle(
                    _seedLocked, new GUIContent("Lock", "Off: every Hear rolls a new seed"), GUILayout.Width(50f));
            }
        }

        private void DrawHear()
        {
            using (new EditorGUILayout.HorizontalScope())
            {
                if (GUILayout.Button("Hear")) _then = () => Ask(_bench.HearAsync);
                var busy = _bench.State != BenchState.Idle;
                using (new EditorGUI.DisabledScope(!busy && !_preview.IsPlaying))
                {
                    if (GUILayout.Button("Stop", GUILayout.Width(60f))) _then = Stop;
                }
            }
            if (_bench.State == BenchState.Asking) EditorGUILayout.LabelField("Making it ...");
        }

        private void Ask(Func<Task> what)
        {
            _bench.Sound = _sound;
            _bench.IsEffect = _isEffect;
            _bench.Seed = (uint)_seed;
            _bench.SeedLocked = _seedLocked;
            _bench.DurationS = _hasDuration ? (double?)_durationS : null;
            _bench.Loop = _loop;
            var going = what();
            _seed = _bench.Seed; // it may have moved
            GUI.FocusControl(null); // a field that is being typed in would keep showing the old one
            Go(going);
        }

        private void Stop()
        {
            _bench.Cancel();
            _preview.Stop();
            Repaint();
        }

        private void DrawWaveform()
        {
            if (_bench.Take == null) return;
            var area = GUILayoutUtility.GetRect(10f, 4000f, WaveformHeight, WaveformHeight);
            if (Event.current.type == EventType.Repaint) Draw(area);
            var header = _bench.Take.Header;
            var trailer = _bench.Take.Trailer;
            var length = trailer.Frames / (double)header.SampleRate;
            var told = FormattableString.Invariant(
                $"{length:0.00} s, {header.SampleRate} Hz, {header.Channels} ch, {trailer.LoudnessLufs:0.0} LUFS, seed {header.Seed}");
            EditorGUILayout.LabelField(told);
        }

        private void Draw(Rect area)
        {
            var columns = Math.Max(1, (int)area.width);
            if (_peaks == null || _peaks.Length != columns * 2)
            {
                _peaks = Waveform.Peaks(_samples, (int)_bench.Take.Header.Channels, columns);
            }
            EditorGUI.DrawRect(area, Ground);
            var middle = area.y + area.height / 2f;
            for (var column = 0; column < columns; column++)
            {
                var top = middle - _peaks[column * 2 + 1] * area.height / 2f;
                var bottom = middle - _peaks[column * 2] * area.height / 2f;
                EditorGUI.DrawRect(new Rect(area.x + column, top, 1f, Mathf.Max(1f, bottom - top)), Ink);
            }
        }

        private void DrawProblem()
        {
            if (_bench.Problem.Length > 0) EditorGUILayout.HelpBox(_bench.Problem, MessageType.Error);
            foreach (var suggestion in _bench.Suggestions)
            {
                if (GUILayout.Button(suggestion)) _then = () => Try(suggestion);
            }
        }

        private void Try(string suggestion)
        {
            _sound = suggestion;
            Ask(_bench.HearAsync);
        }

        private void DrawUnderstood()
        {
            var understood = _bench.Understood;
            if (understood == null) return;
            foreach (var layer in understood.Layers)
            {
                var name = layer.Preset.Length > 0 ? layer.Effect + "/" + layer.Preset : layer.Effect;
                EditorGUILayout.LabelField(name, layer.LevelDb.ToString("0.#", CultureInfo.InvariantCulture) + " dB");
            }
            if (understood.UnknownWords.Count > 0)
            {
                EditorGUILayout.LabelField("Not understood", string.Join(", ", understood.UnknownWords));
            }
            if (understood.LowConfidence)
            {
                EditorGUILayout.HelpBox("The server is not sure that this is what the words mean.", MessageType.Info);
            }
        }

        private void DrawBake()
        {
            var folder = EditorGUILayout.TextField(
                new GUIContent("Bake into", "A folder of the project; it is made if it is not there"), SwashSettings.BakeFolder);
            if (folder != SwashSettings.BakeFolder) SwashSettings.BakeFolder = folder;
            _format = (BakeFormat)EditorGUILayout.EnumPopup("As", _format);
            using (new EditorGUI.DisabledScope(_bench.Take == null || _bench.State == BenchState.Baking))
            {
                if (GUILayout.Button("Bake")) _then = () => Go(BakeAsync());
            }
            if (_bench.Baked.Length > 0) EditorGUILayout.LabelField("Baked", _bench.Baked);
        }

        private async Task BakeAsync()
        {
            var folder = SwashSettings.BakeFolder.Replace('\\', '/').TrimEnd('/');
            if (folder != "Assets" && !folder.StartsWith("Assets/", StringComparison.Ordinal) || folder.Contains(".."))
            {
                EditorUtility.DisplayDialog("Swash", $"Bake into: a folder of Assets, got {folder}", "OK");
                return;
            }
            var bench = _bench;
            var path = folder + "/" + Bake.FileName(bench.TakeSound, bench.Take.Header.Seed, _format);
            await bench.BakeAsync(path, _format);
            if (_bench != bench || bench.Problem.Length > 0 || bench.Baked != path) return;
            AssetDatabase.ImportAsset(path);
            AssetDatabase.ImportAsset(Bake.ProvenanceOf(path));
            EditorGUIUtility.PingObject(AssetDatabase.LoadMainAssetAtPath(path));
        }

        private static async void Go(Task task)
        {
            try
            {
                await task;
            }
            catch (Exception e) // an event of the editor ends here; nobody awaits it
            {
                Debug.LogException(e);
            }
        }
    }
}
