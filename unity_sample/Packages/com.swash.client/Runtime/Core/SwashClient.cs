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

        private const int MaxResumes = 3;
        private static readonly TimeSpan ResumeAfter = TimeSpan.FromMilliseconds(100);

        private readonly ITransport _transport;

        /// <summary>Prepares for calls over gRPC-Web; connects with the first.</summary>
        /// <param name="server">The server's HTTP port.</param>
        public SwashClient(string server = DefaultServer)
            : this(new HttpTransport(new Uri(server)))
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
        /// How the client waits before it tries again. Replace it where there are no timers, as in WebGL.
        /// </summary>
        public Func<TimeSpan, CancellationToken, Task> Delay { get; set; } = Task.Delay;

        /// <summary>Ends every call and session.</summary>
        public void Dispose() => _transport.Dispose();

        /// <summary>
        /// Asks for a sound and hears it while it is made: for each take any number of Progress, one Header, Audio,
        /// one Trailer. PCM is proved whole by its SHA-256 when the take ends.
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
                await StreamAsync(
                    SoundServiceMethods.Render, request, RenderResponse.Parse,
                    response =>
                    {
                        reader.TakeIn(response);
                        return onEvent(response);
                    },
                    Timeout, cancel).InPlace();
                reader.End();
            }
        }

        /// <summary>
        /// Asks for one sound and returns it whole. When the connection breaks on the way, PCM of a request with a
        /// seed is asked for again from where it broke, three times at most.
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
                for (int resumes = 0; ; resumes++)
                {
                    try
                    {
                        await StreamAsync(
                            SoundServiceMethods.Render, request, RenderResponse.Parse,
                            response =>
                            {
                                recorder.TakeIn(response);
                                return default;
                            },
                            Timeout, cancel).InPlace();
                        return recorder.Whole();
                    }
                    catch (SwashException e) when (
                        e.Status == SwashStatus.Unavailable && recorder.CanResume && resumes < MaxResumes)
                    {
                        request = recorder.Rest();
                    }
                    await PauseAsync(ResumeAfter, cancel).InPlace();
                }
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

        private async Task<T> CallAsync<T>(
            string method, IMessage request, Func<byte[], int, int, T> parse, CancellationToken cancel)
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
                Timeout, cancel).InPlace();
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
