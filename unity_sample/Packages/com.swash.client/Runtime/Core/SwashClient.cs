using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;
using Swash.Wire;

namespace Swash
{
    /// <summary>
    /// Asks a swash server for sounds; any number of calls at once, from any thread. Every method that waits throws
    /// <see cref="SwashException"/> when the call does not succeed; it also says so when a token cancelled it
    /// (<see cref="SwashStatus.Cancelled"/>).
    /// </summary>
    public sealed class SwashClient : IDisposable
    {
        /// <summary>Where `swash serve` listens by itself.</summary>
        public const string DefaultServer = "http://127.0.0.1:8080";

        private readonly ITransport _transport;

        /// <summary>Prepares for calls over gRPC-Web; connects with the first.</summary>
        /// <param name="server">The server's HTTP port.</param>
        /// <param name="token">Who calls; null: nobody in particular.</param>
        /// <exception cref="SwashException">InvalidArgument: others could read the token on its way.</exception>
        public SwashClient(string server = DefaultServer, AccessToken token = null)
            : this(new HttpTransport(new Uri(server)) { Token = token })
        {
        }

        /// <summary>Prepares for calls over a transport, which is disposed with this.</summary>
        public SwashClient(ITransport transport)
        {
            _transport = transport ?? throw new ArgumentNullException(nameof(transport));
        }

        /// <summary>How long a call may take, live sessions and Preload apart; null: for ever. 60 s.</summary>
        public TimeSpan? Timeout { get; set; } = TimeSpan.FromSeconds(60);

        /// <summary>How long a Preload may take; null: for ever. An hour, for a level's worth of sounds.</summary>
        public TimeSpan? PreloadTimeout { get; set; } = TimeSpan.FromHours(1);

        /// <summary>
        /// How often a sound is asked for again that broke off, or that the server has no room for yet, before
        /// something new of it comes; 2.
        /// </summary>
        public int Retries { get; set; } = 2;

        /// <summary>
        /// How the client waits before it tries again. Replace it where there are no timers, as in WebGL.
        /// </summary>
        public Func<TimeSpan, CancellationToken, Task> Delay { get; set; } = Task.Delay;

        /// <summary>Ends every call and session.</summary>
        public void Dispose() => _transport.Dispose();

        /// <summary>
        /// Asks for a sound and hears it while it is made: for each take any number of Progress, one Header, Audio,
        /// one Trailer. PCM is proved whole by its SHA-256 when the take ends; when the connection breaks on the way, it
        /// goes on at the next frame, and nobody hears it.
        /// </summary>
        /// <param name="request">What to make.</param>
        /// <param name="onEvent">
        /// Takes each event, on a thread of the transport's, and is awaited before the next is read.
        /// </param>
        /// <param name="cancel">Stops the making.</param>
        /// <exception cref="SwashException">DataLoss too: what arrived is not what was made.</exception>
        public async Task RenderAsync(
            RenderRequest request, Func<RenderResponse, ValueTask> onEvent, CancellationToken cancel = default)
        {
            using (var reader = new TakeReader(request.FirstFrame ?? 0))
            {
                await HearAsync(
                    request,
                    response =>
                    {
                        reader.TakeIn(response);
                        return onEvent(response);
                    },
                    cancel).InPlace();
                reader.End();
            }
        }

        /// <summary>
        /// Asks for one sound and returns it whole. PCM whose connection breaks is asked for again from where it broke.
        /// </summary>
        /// <exception cref="ArgumentException">The request asks for several takes.</exception>
        /// <exception cref="SwashException">DataLoss too: what arrived is not what was made.</exception>
        public async Task<Take> RenderAsync(RenderRequest request, CancellationToken cancel = default)
        {
            if ((request.Takes ?? 1) != 1)
                throw new ArgumentException("RenderTakesAsync returns several takes", nameof(request));
            Task<IReadOnlyList<Take>> takes = RecordAsync(request, cancel);
            await takes.InPlace();
            return takes.Result[0];
        }

        /// <summary>Asks for takes of a sound and returns them whole, in the order of their seeds.</summary>
        /// <exception cref="SwashException">DataLoss too: what arrived is not what was made.</exception>
        public Task<IReadOnlyList<Take>> RenderTakesAsync(RenderRequest request, CancellationToken cancel = default) =>
            RecordAsync(request, cancel);

        /// <summary>
        /// Asks for one sound and returns it whole, as RenderAsync, but in one message: for steps, clicks and what else
        /// is short. One of more than 3 MiB is streamed instead.
        /// </summary>
        /// <exception cref="SwashException">DataLoss too: what arrived is not what was made.</exception>
        public async Task<Take> FetchAsync(RenderRequest request, CancellationToken cancel = default)
        {
            var patience = new Patience(Retries, Timeout);
            var fetch = new FetchRequest { Render = request };
            while (true)
            {
                TimeSpan wait;
                try
                {
                    Task<FetchResponse> call = CallAsync(
                        SoundServiceMethods.Fetch, fetch, FetchResponse.Parse, patience.Left, cancel);
                    await call.InPlace();
                    return TakeRecorder.TakeOf(call.Result);
                }
                catch (SwashException e) when (e.Status == SwashStatus.OutOfRange)
                {
                    break;
                }
                catch (SwashException e) when (patience.IsWorth(e, out wait))
                {
                }
                await PauseAsync(wait, cancel).InPlace();
            }
            Task<Take> streamed = RenderAsync(request, cancel);
            await streamed.InPlace();
            return streamed.Result;
        }

        /// <summary>Lists every effect with its parameters and presets.</summary>
        public Task<ListEffectsResponse> ListEffectsAsync(CancellationToken cancel = default) => CallAsync(
            SoundServiceMethods.ListEffects, new ListEffectsRequest(), ListEffectsResponse.Parse, cancel);

        /// <summary>Says what the server understands from a prompt, and makes no sound.</summary>
        public Task<ResolvePromptResponse> ResolvePromptAsync(string prompt, CancellationToken cancel = default) =>
            CallAsync(
                SoundServiceMethods.ResolvePrompt,
                new ResolvePromptRequest { Prompt = prompt },
                ResolvePromptResponse.Parse,
                cancel);

        /// <summary>Tells engines, versions, formats and limits.</summary>
        public Task<GetServerInfoResponse> GetServerInfoAsync(CancellationToken cancel = default) => CallAsync(
            SoundServiceMethods.GetServerInfo, new GetServerInfoRequest(), GetServerInfoResponse.Parse, cancel);

        /// <summary>Has the server make sounds and keep them under a tag until they are unloaded.</summary>
        /// <param name="request">The tag and the sounds.</param>
        /// <param name="onEvent">Is told of each take that is ready or has failed; as in RenderAsync.</param>
        /// <param name="cancel">Stops it; what is done is done.</param>
        public Task PreloadAsync(
            PreloadRequest request, Func<PreloadResponse, ValueTask> onEvent, CancellationToken cancel = default) =>
            StreamAsync(SoundServiceMethods.Preload, request, PreloadResponse.Parse, onEvent, PreloadTimeout, cancel);

        /// <summary>Lets the server forget what was preloaded under a tag.</summary>
        public Task<UnloadResponse> UnloadAsync(string tag, CancellationToken cancel = default) => CallAsync(
            SoundServiceMethods.Unload, new UnloadRequest { Tag = tag }, UnloadResponse.Parse, cancel);

        /// <summary>Opens a live session, which begins at once; commands may be given before it is open.</summary>
        /// <param name="options">How its output travels.</param>
        /// <param name="onEvent">
        /// Takes each event, on a thread of the transport's, and is awaited before the next is read; null: nobody.
        /// The first may come before this returns.
        /// </param>
        public LiveSession Perform(OpenSession options, Func<PerformResponse, ValueTask> onEvent) =>
            new LiveSession(_transport, options, onEvent, Timeout, Delay);

        private async Task<IReadOnlyList<Take>> RecordAsync(RenderRequest request, CancellationToken cancel)
        {
            using (var recorder = new TakeRecorder(request))
            {
                await HearAsync(
                    request,
                    response =>
                    {
                        recorder.TakeIn(response);
                        return default;
                    },
                    cancel).InPlace();
                return recorder.Whole();
            }
        }

        /// <summary>Hears a sound as if it came in one call, however many it takes.</summary>
        private async Task HearAsync(
            RenderRequest request, Func<RenderResponse, ValueTask> onEvent, CancellationToken cancel)
        {
            var asking = new Asking(request);
            var patience = new Patience(Retries, Timeout);
            bool handling = false; // what the caller's handler throws is its own affair
            async ValueTask Handle(RenderResponse response)
            {
                handling = true;
                await onEvent(response).AsTask().InPlace();
                handling = false;
            }

            while (true)
            {
                TimeSpan wait = TimeSpan.Zero;
                try
                {
                    await StreamAsync(
                        SoundServiceMethods.Render, asking.Next(), RenderResponse.Parse,
                        response =>
                        {
                            if (response.Audio?.Data.Length > 0)
                                patience.Refresh();
                            return asking.TakeIn(response) ? Handle(response) : default;
                        },
                        patience.Left, cancel).InPlace();
                    if (asking.End())
                        return;
                }
                catch (SwashException e) when (!handling && asking.CanResume && patience.IsWorth(e, out wait))
                {
                }
                if (wait > TimeSpan.Zero)
                    await PauseAsync(wait, cancel).InPlace();
            }
        }

        private async Task PauseAsync(TimeSpan pause, CancellationToken cancel)
        {
            try
            {
                await Delay(pause, cancel).InPlace();
            }
            catch (OperationCanceledException e)
            {
                throw new SwashException(SwashStatus.Cancelled, "the call was cancelled", e);
            }
        }

        private Task<T> CallAsync<T>(
            string method, IMessage request, Func<byte[], int, int, T> parse, CancellationToken cancel)
            where T : class => CallAsync(method, request, parse, Timeout, cancel);

        private async Task<T> CallAsync<T>(
            string method,
            IMessage request,
            Func<byte[], int, int, T> parse,
            TimeSpan? timeout,
            CancellationToken cancel)
            where T : class
        {
            T answer = null;
            await StreamAsync(
                method, request, parse,
                message =>
                {
                    answer = message;
                    return default;
                },
                timeout, cancel).InPlace();
            return answer ?? throw new SwashException(SwashStatus.Internal, method + " was answered by nothing");
        }

        private Task StreamAsync<T>(
            string method,
            IMessage request,
            Func<byte[], int, int, T> parse,
            Func<T, ValueTask> onMessage,
            TimeSpan? timeout,
            CancellationToken cancel) => _transport.CallAsync(
                method,
                ProtoWriter.Serialize(request),
                timeout,
                bytes => onMessage(Messages.Parse(bytes, parse)),
                cancel);
    }
}
