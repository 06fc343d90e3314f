using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;

namespace Swash.Editor
{
    /// <summary>What a server's effects can do and what it understands from words: asked once and remembered.</summary>
    /// <remarks>For one thread, like <see cref="SwashBench"/>, and it knows no editor either.</remarks>
    public sealed class EffectCatalogue : IDisposable
    {
        private const int MostPrompts = 64; // as many as somebody edits in one sitting
        private static readonly Effect[] NoEffects = new Effect[0];

        private readonly Func<string, SwashClient> _connect;
        private readonly Dictionary<string, Effect> _effects = new Dictionary<string, Effect>();
        private readonly Dictionary<string, Layer> _understood = new Dictionary<string, Layer>();
        private readonly HashSet<string> _asking = new HashSet<string>();
        private string _server;
        private CancellationTokenSource _calls = new CancellationTokenSource();
        private SwashClient _client;
        private bool _isAsked;
        private bool _isDisposed;

        /// <summary>Makes an empty one, which asks nothing yet.</summary>
        /// <param name="server">Where to ask: "http://127.0.0.1:8080".</param>
        /// <param name="connect">Make a client of an address.</param>
        public EffectCatalogue(string server, Func<string, SwashClient> connect)
        {
            _server = server;
            _connect = connect;
        }

        /// <summary>An answer has come.</summary>
        public event Action Changed;

        /// <summary>Every effect, in the server's order; empty before it has answered.</summary>
        public IReadOnlyList<Effect> Effects { get; private set; } = NoEffects;

        /// <summary>Why the server did not answer; empty when it did, and before.</summary>
        public string Problem { get; private set; } = "";

        /// <summary>Where to ask. Another address ends the calls that are going on, and everything is forgotten.</summary>
        public string Server
        {
            get => _server;
            set
            {
                if (value == _server || _isDisposed) return;
                Close();
                _calls = new CancellationTokenSource();
                _server = value;
                _effects.Clear();
                Effects = NoEffects;
                AskAgain();
            }
        }

        /// <summary>Asks for the effects, unless that has been done.</summary>
        public async Task AskAsync()
        {
            if (_isAsked || _isDisposed) return;
            _isAsked = true;
            CancellationToken cancel = _calls.Token;
            try
            {
                List<Effect> effects = (await Client().ListEffectsAsync(cancel)).Effects;
                if (cancel.IsCancellationRequested) return;
                foreach (Effect effect in effects) _effects[effect.Id] = effect;
                Effects = effects;
                Problem = "";
            }
            catch (Exception e) // here the call ends; the inspector shows why
            {
                if (cancel.IsCancellationRequested) return;
                Problem = e.Message;
            }
            Changed?.Invoke();
        }

        /// <summary>Forgets what went wrong and what was understood, so that the next look asks again.</summary>
        public void AskAgain()
        {
            _isAsked = _effects.Count > 0;
            _understood.Clear();
            Problem = "";
        }

        /// <summary>Finds an effect by its id or one of its presets; null when there is none, or no answer yet.</summary>
        /// <param name="name">"rain" or "rain/tin_roof".</param>
        /// <param name="preset">The preset; null of the effect itself.</param>
        public Effect Find(string name, out Preset preset)
        {
            preset = null;
            int slash = name.IndexOf('/');
            if (!_effects.TryGetValue(slash < 0 ? name : name.Substring(0, slash), out Effect effect)) return null;
            if (slash < 0) return effect;
            preset = effect.Presets.Find(candidate => candidate.Name == name.Substring(slash + 1));
            return preset == null ? null : effect;
        }

        /// <summary>
        /// Returns the loudest layer of what the server understands from words; null before it has answered, which it
        /// is asked to, and of words that mean nothing.
        /// </summary>
        public Layer Understand(string prompt)
        {
            if (_understood.TryGetValue(prompt, out Layer layer)) return layer;
            if (!_isDisposed && prompt.Trim().Length > 0 && _asking.Add(prompt)) _ = UnderstandAsync(prompt);
            return null;
        }

        /// <summary>Ends what is asked, and closes the connection.</summary>
        public void Dispose()
        {
            if (_isDisposed) return;
            _isDisposed = true;
            Close();
        }

        private async Task UnderstandAsync(string prompt)
        {
            CancellationToken cancel = _calls.Token;
            Layer layer = null;
            string problem = "";
            try
            {
                ResolvePromptResponse answer = await Client().ResolvePromptAsync(prompt, cancel);
                if (answer.Layers.Count > 0) layer = answer.Layers[0];
            }
            catch (Exception e) // here the call ends; the inspector shows why
            {
                problem = e.Message;
            }
            if (cancel.IsCancellationRequested) return;
            _asking.Remove(prompt);
            if (_understood.Count >= MostPrompts) _understood.Clear();
            _understood[prompt] = layer;
            Problem = problem;
            Changed?.Invoke();
        }

        private void Close()
        {
            _calls.Cancel();
            _asking.Clear();
            _client?.Dispose();
            _client = null;
        }

        private SwashClient Client() => _client ?? (_client = _connect(_server));
    }
}
