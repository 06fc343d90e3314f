using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;

namespace Swash.Editor
{
    /// <summary>What the bench is doing.</summary>
    public enum BenchState
    {
        /// <summary>Nothing.</summary>
        Idle,

        /// <summary>Waiting for a sound.</summary>
        Asking,

        /// <summary>Writing a file.</summary>
        Baking,
    }

    /// <summary>Try a sound: say what it is, hear it, step through its seeds, keep the one that is right.</summary>
    /// <remarks>
    /// Behind the swash window, and knows no editor. Everything is called on one thread, and answers come back to it
    /// through its synchronization context. What is begun ends what was going on before.
    /// </remarks>
    public sealed class SwashBench : IDisposable
    {
        private static readonly string[] None = new string[0];

        private readonly Func<string, SwashClient> _connect;
        private readonly System.Random _dice;
        private string _server;
        private SwashClient _client;
        private CancellationTokenSource _call;
        private RenderRequest _heard;
        private bool _disposed;

        /// <summary>Makes a bench that asks the server at an address.</summary>
        /// <param name="server">Where it is: "http://127.0.0.1:8080".</param>
        /// <param name="connect">Make a client of an address.</param>
        /// <param name="dice">Where new seeds come from.</param>
        public SwashBench(string server, Func<string, SwashClient> connect, System.Random dice)
        {
            _server = server;
            _connect = connect;
            _dice = dice;
        }

        /// <summary>Something that is shown has changed.</summary>
        public event Action Changed;

        /// <summary>A sound is there, to be heard at once.</summary>
        public event Action<Take> Heard;

        /// <summary>Words, or an effect's id or preset when <see cref="IsEffect"/>.</summary>
        public string Sound { get; set; } = "slow waves on a pebble beach";

        /// <summary>Whether <see cref="Sound"/> is an effect ("rain/tin_roof") and no prompt.</summary>
        public bool IsEffect { get; set; }

        /// <summary>Which performance.</summary>
        public uint Seed { get; set; }

        /// <summary>Whether <see cref="HearAsync"/> keeps the seed; otherwise it rolls a new one.</summary>
        public bool SeedLocked { get; set; } = true;

        /// <summary>Seconds, above 0 and at most 120; null for the sound's natural length.</summary>
        public double? DurationS { get; set; }

        /// <summary>Whether the sound's end joins its start.</summary>
        public bool Loop { get; set; }

        /// <summary>Where the server is. Another address ends the call that is going on.</summary>
        public string Server
        {
            get => _server;
            set
            {
                if (value == _server) return;
                Cancel();
                _client?.Dispose();
                _client = null;
                _server = value;
                ServerState = "";
                Changed?.Invoke();
            }
        }

        /// <summary>What the server said of itself; empty before it was asked.</summary>
        public string ServerState { get; private set; } = "";

        /// <summary>What is going on.</summary>
        public BenchState State { get; private set; }

        /// <summary>Why the last thing failed; empty when it did not.</summary>
        public string Problem { get; private set; } = "";

        /// <summary>What to ask for instead of words that mean nothing.</summary>
        public IReadOnlyList<string> Suggestions { get; private set; } = None;

        /// <summary>The last sound that was heard; null before the first.</summary>
        public Take Take { get; private set; }

        /// <summary>The words, or the effect, of <see cref="Take"/>; empty before the first.</summary>
        public string TakeSound => _heard == null ? "" : _heard.Prompt + _heard.Effect; // one of them is empty

        /// <summary>What the server understood from the words; null before, and of an effect.</summary>
        public ResolvePromptResponse Understood { get; private set; }

        /// <summary>The file that was written last; empty before the first.</summary>
        public string Baked { get; private set; } = "";

        /// <summary>Returns the request for what is set, in 16-bit samples.</summary>
        public RenderRequest Request()
        {
            var request = new RenderRequest { Seed = Seed, DurationS = DurationS, Loop = Loop, Encoding = Encoding.PcmS16Le };
            if (IsEffect) request.Effect = Sound.Trim();
            else request.Prompt = Sound.Trim();
            return request;
        }

        /// <summary>Asks for the sound; it comes to <see cref="Heard"/>, or a <see cref="Problem"/> does.</summary>
        public Task HearAsync()
        {
            if (!SeedLocked) Seed = Roll();
            return HearSeedAsync();
        }

        /// <summary>Hears the next seed; after the last comes 0.</summary>
        public Task NextAsync()
        {
            Seed = unchecked(Seed + 1);
            return HearSeedAsync();
        }

        /// <summary>Hears the seed before.</summary>
        public Task PreviousAsync()
        {
            Seed = unchecked(Seed - 1);
            return HearSeedAsync();
        }

        /// <summary>Hears a seed by chance.</summary>
        public Task RollAsync()
        {
            Seed = Roll();
            return HearSeedAsync();
        }

        /// <summary>Writes what was heard last into a file and, beside it, where it comes from.</summary>
        public Task BakeAsync(string path, BakeFormat format)
        {
            if (Take == null) return Fail("hear a sound before you bake it");
            var heard = Take.Header;
            var request = _heard;
            return Do(BenchState.Baking, async (client, cancel) =>
            {
                await Bake.WriteAsync(client, request, heard, path, format, cancel);
                Baked = path;
            });
        }

        /// <summary>Asks the server who it is.</summary>
        public async Task CheckServerAsync()
        {
            if (_disposed) return;
            var server = _server;
            var said = "";
            try
            {
                said = Describe(await Client().GetServerInfoAsync(CancellationToken.None));
            }
            catch (Exception e) // whatever it is, it is why the server cannot be asked
            {
                said = e.Message;
            }
            if (_disposed || server != _server) return;
            ServerState = said;
            Changed?.Invoke();
        }

        /// <summary>Ends what is going on; nothing comes of it any more.</summary>
        public void Cancel()
        {
            _call?.Cancel();
            _call = null;
            State = BenchState.Idle;
        }

        /// <summary>Ends everything and closes the connection.</summary>
        public void Dispose()
        {
            if (_disposed) return;
            _disposed = true;
            Cancel();
            _client?.Dispose();
            _client = null;
        }

        private Task HearSeedAsync()
        {
            if (Sound.Trim().Length == 0) return Fail(IsEffect ? "name an effect" : "say what it should sound like");
            var request = Request();
            var isPrompt = !IsEffect;
            return Do(BenchState.Asking, async (client, cancel) =>
            {
                // What was understood is told even when nothing can be made of it.
                var understood = isPrompt ? await client.ResolvePromptAsync(request.Prompt, cancel) : null;
                cancel.ThrowIfCancellationRequested();
                Understood = understood;
                var take = await client.RenderAsync(request, cancel);
                cancel.ThrowIfCancellationRequested();
                Take = take;
                _heard = request;
                Heard?.Invoke(take);
            });
        }

        private async Task Do(BenchState state, Func<SwashClient, CancellationToken, Task> work)
        {
            if (_disposed) throw new ObjectDisposedException(nameof(SwashBench));
            Cancel();
            using (var call = new CancellationTokenSource())
            {
                _call = call;
                State = state;
                Problem = "";
                Suggestions = None;
                Changed?.Invoke();
                var problem = "";
                IReadOnlyList<string> suggestions = None;
                try
                {
                    await work(Client(), call.Token);
                }
                catch (SwashException e)
                {
                    problem = e.Message;
                    suggestions = e.Suggestions ?? None;
                }
                catch (Exception e) // here the call ends; the window shows why
                {
                    problem = e.Message;
                }
                if (_call != call) return; // it was cancelled, or another took its place
                _call = null;
                State = BenchState.Idle;
                Problem = problem;
                Suggestions = suggestions;
            }
            Changed?.Invoke();
        }

        private Task Fail(string problem)
        {
            Problem = problem;
            Suggestions = None;
            Changed?.Invoke();
            return Task.CompletedTask;
        }

        private SwashClient Client() => _client ?? (_client = _connect(_server));

        private uint Roll() => unchecked(((uint)_dice.Next(1 << 16) << 16) | (uint)_dice.Next(1 << 16));

        private static string Describe(GetServerInfoResponse info)
        {
            var engines = new List<string>();
            foreach (var engine in info.Engines)
            {
                var state = engine.State == EngineState.Ready ? "" : engine.State == EngineState.Absent ? " (absent)" : " (warming up)";
                engines.Add(engine.Name + state);
            }
            return $"swash {info.Version}: {string.Join(", ", engines)}";
        }
    }
}
