using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Swash
{
    /// <summary>
    /// Calls over <see cref="HttpClient"/>, any number at once and from any thread. Handlers run on the thread pool,
    /// so that decoding costs the main thread of a game nothing. Not for WebGL, which has no threads.
    /// </summary>
    public sealed class HttpTransport : ITransport
    {
        private const int ReadBytes = 32 * 1024;
        private const int MaxTextBytes = 500; // of an error page, for the message
        private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(int.MaxValue);

        private readonly Uri _server;
        private readonly HttpWire _wire;
        private readonly HttpClient _http;
        private readonly CancellationTokenSource _disposed = new CancellationTokenSource();
        private volatile AccessToken _token;

        /// <summary>Prepares for calls; connects with the first.</summary>
        /// <param name="server">"http://127.0.0.1:8080", the HTTP port, or for GrpcHttp2 the gRPC port.</param>
        /// <param name="wire">How calls travel.</param>
        /// <param name="handler">
        /// What sends requests, and is disposed with this: null for the runtime's own, which speaks HTTP/2 in the
        /// clear from .NET 5 on. <see cref="PrivateAuthority"/> makes one that believes certificates of your own.
        /// </param>
        /// <exception cref="PlatformNotSupportedException">GrpcHttp2 where the runtime has no trailers.</exception>
        public HttpTransport(Uri server, HttpWire wire = HttpWire.GrpcWeb, HttpMessageHandler handler = null)
        {
            _server = server ?? throw new ArgumentNullException(nameof(server));
            if (!server.IsAbsoluteUri || (server.Scheme != Uri.UriSchemeHttp && server.Scheme != Uri.UriSchemeHttps))
                throw new ArgumentException("an address like http://127.0.0.1:8080, got " + server, nameof(server));
            if (wire == HttpWire.GrpcHttp2 && !HasHttp2(handler))
            {
                throw new PlatformNotSupportedException(
                    "native gRPC needs .NET 5 or later, or a handler that speaks HTTP/2; use HttpWire.GrpcWeb here");
            }
            _wire = wire;
            _http = new HttpClient(handler ?? NewHandler(server), true) { Timeout = Timeout.InfiniteTimeSpan };
        }

        /// <summary>The largest message that is accepted, bytes; 4 MiB.</summary>
        public int MaxMessageBytes { get; set; } = GrpcFrameDecoder.DefaultMaxMessageBytes;

        /// <summary>Who calls, where the server asks; null: nobody in particular. Counts from the next call on.</summary>
        /// <exception cref="SwashException">InvalidArgument: others could read it on its way to this server.</exception>
        public AccessToken Token
        {
            get => _token;
            set
            {
                value?.CheckFor(_server);
                _token = value;
            }
        }

        /// <inheritdoc/>
        public async Task CallAsync(
            string method,
            byte[] request,
            TimeSpan? timeout,
            Func<ArraySegment<byte>, ValueTask> onMessage,
            CancellationToken cancel)
        {
            if (timeout <= TimeSpan.Zero)
                throw new SwashException(SwashStatus.DeadlineExceeded, "no time was left for the call");
            using (var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel, _disposed.Token))
            {
                var ended = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
                using (ending.Token.Register(() => ended.TrySetResult(true)))
                {
                    if (timeout.HasValue)
                        ending.CancelAfter(timeout.Value < LongestTimer ? timeout.Value : LongestTimer);
                    var handler = new Handler(onMessage);
                    try
                    {
                        await ExchangeAsync(method, request, timeout, handler, ended.Task, ending.Token)
                            .ConfigureAwait(false);
                    }
                    catch (Exception e) when (!handler.Running)
                    {
                        if (ending.IsCancellationRequested)
                            throw Ended(cancel, timeout, e);
                        if (e is SwashException)
                            throw;
                        throw Broken(e);
                    }
                }
            }
        }

        /// <summary>Ends every call; each throws Cancelled.</summary>
        public void Dispose()
        {
            _disposed.Cancel();
            _http.Dispose();
        }

        private static bool HasHttp2(HttpMessageHandler handler)
        {
#if NET5_0_OR_GREATER
            return true;
#elif NETSTANDARD2_1 || NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
            return handler != null;
#else
            return false;
#endif
        }

        /// <summary>Returns what sends requests, and asks whether a server's certificate is believed; null: the system.</summary>
        internal static HttpMessageHandler NewHandler(
            Uri server, Func<X509Certificate, X509Chain, SslPolicyErrors, bool> believes = null)
        {
#if NET5_0_OR_GREATER
            var handler = new SocketsHttpHandler
            {
                UseProxy = !server.IsLoopback,
                UseCookies = false,
                AllowAutoRedirect = false,
                EnableMultipleHttp2Connections = true,
                MaxResponseDrainSize = 0, // a call that is left ends at once, so that the server stops making
                // Servers close what is idle, uvicorn after 5 s: whoever asks in that very moment would get nothing.
                PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
            };
            if (believes != null)
            {
                handler.SslOptions.RemoteCertificateValidationCallback =
                    (_, certificate, chain, errors) => believes(certificate, chain, errors);
            }
            return handler;
#else
            var handler = new HttpClientHandler
            {
                UseProxy = !server.IsLoopback,
                UseCookies = false,
                AllowAutoRedirect = false,
                MaxConnectionsPerServer = 256, // each live session holds one as long as it lives
            };
            if (believes != null)
            {
                handler.ServerCertificateCustomValidationCallback =
                    (_, certificate, chain, errors) => believes(certificate, chain, errors);
            }
            return handler;
#endif
        }

        private async Task ExchangeAsync(
            string method, byte[] request, TimeSpan? timeout, Handler handler, Task ended, CancellationToken ending)
        {
            using (HttpRequestMessage message = NewMessage(method, request, timeout))
            using (HttpResponseMessage response = await UnlessEnded(
                _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ending), ended)
                .ConfigureAwait(false))
            using (Stream body = await UnlessEnded(response.Content.ReadAsStreamAsync(), ended).ConfigureAwait(false))
            {
                await CheckHeadAsync(response, body, ended, ending).ConfigureAwait(false);
                var decoder = new GrpcFrameDecoder(MaxMessageBytes);
                var buffer = new byte[ReadBytes];
                int read;
                while ((read = await UnlessEnded(
                    body.ReadAsync(buffer, 0, buffer.Length, ending), ended).ConfigureAwait(false)) > 0)
                {
                    decoder.Feed(buffer, 0, read);
                    while (decoder.TryTake(out ArraySegment<byte> part))
                    {
                        ending.ThrowIfCancellationRequested();
                        await handler.HandleAsync(part).ConfigureAwait(false);
                    }
                }
                ending.ThrowIfCancellationRequested();
                decoder.End();
                GrpcAnswer.ThrowUnlessOk(name => Trailer(name, decoder, response));
            }
        }

        private HttpRequestMessage NewMessage(string method, byte[] request, TimeSpan? timeout)
        {
            var message = new HttpRequestMessage(HttpMethod.Post, new Uri(_server, method))
            {
                Content = new ByteArrayContent(GrpcRequest.Body(request)),
            };
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(GrpcRequest.ContentType(_wire));
            message.Headers.ExpectContinue = false;
            foreach (KeyValuePair<string, string> header in GrpcRequest.Headers(_wire, timeout, _token))
                message.Headers.TryAddWithoutValidation(header.Key, header.Value);
            if (_wire == HttpWire.GrpcHttp2)
            {
                message.Version = new Version(2, 0);
#if NET5_0_OR_GREATER
                message.VersionPolicy = HttpVersionPolicy.RequestVersionExact; // HTTP/2 in the clear, known beforehand
#endif
            }
            return message;
        }

        private async Task CheckHeadAsync(
            HttpResponseMessage response, Stream body, Task ended, CancellationToken ending)
        {
            string type = response.Content.Headers.ContentType?.ToString();
            string text = null;
            if (!GrpcAnswer.IsGrpc(type) && type != null && type.StartsWith("text/plain", StringComparison.Ordinal))
            {
                var buffer = new byte[MaxTextBytes];
                int read = await UnlessEnded(
                    body.ReadAsync(buffer, 0, buffer.Length, ending), ended).ConfigureAwait(false);
                text = Encoding.UTF8.GetString(buffer, 0, read);
            }
            GrpcAnswer.ThrowUnlessGrpc(
                (int)response.StatusCode, type, name => First(response.Headers, name), _server.ToString(), text);
        }

        private static string Trailer(string name, GrpcFrameDecoder decoder, HttpResponseMessage response)
        {
            if (decoder.Trailers != null)
                return decoder.Trailers.TryGetValue(name, out string value) ? value : null;
            string trailer = null;
#if NET5_0_OR_GREATER || NETSTANDARD2_1 || NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
            trailer = First(response.TrailingHeaders, name);
#endif
            return trailer ?? First(response.Headers, name);
        }

        private static string First(HttpHeaders headers, string name)
        {
            if (headers.TryGetValues(name, out IEnumerable<string> values))
            {
                foreach (string value in values)
                    return value;
            }
            return null;
        }

        /// <summary>
        /// Awaits a task, but no longer than the call lasts: the streams of some runtimes do not notice when a token
        /// is cancelled. The task is then left to itself.
        /// </summary>
        private static async Task<T> UnlessEnded<T>(Task<T> task, Task ended)
        {
            if (task.IsCompleted || await Task.WhenAny(task, ended).ConfigureAwait(false) == task)
                return await task.ConfigureAwait(false);
            _ = task.ContinueWith(
                late =>
                {
                    if (late.Exception == null && !late.IsCanceled)
                        (late.Result as IDisposable)?.Dispose();
                },
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            throw new OperationCanceledException();
        }

        private SwashException Ended(CancellationToken cancel, TimeSpan? timeout, Exception why)
        {
            if (cancel.IsCancellationRequested)
                return new SwashException(SwashStatus.Cancelled, "the call was cancelled", why);
            if (_disposed.IsCancellationRequested)
                return new SwashException(SwashStatus.Cancelled, "the transport was disposed", why);
            return new SwashException(
                SwashStatus.DeadlineExceeded, "no whole answer came within " + timeout?.TotalSeconds + " s", why);
        }

        private SwashException Broken(Exception why)
        {
            bool connection = why is HttpRequestException || why is IOException || why is WebException
                || why is SocketException || why is ObjectDisposedException || why is OperationCanceledException;
            if (!connection)
                return new SwashException(SwashStatus.Internal, why.Message, why);
            string text = (why.InnerException ?? why).Message;
            string port = _wire == HttpWire.GrpcWeb ? "its HTTP port" : "its gRPC port";
            return new SwashException(
                SwashStatus.Unavailable,
                "no server answers at " + _server + " (" + port + "), or it went away; start one with `swash serve` ("
                + text + ")",
                why);
        }

        /// <summary>The caller's handler; what it throws is told from what the connection throws.</summary>
        private sealed class Handler
        {
            private readonly Func<ArraySegment<byte>, ValueTask> _onMessage;

            internal Handler(Func<ArraySegment<byte>, ValueTask> onMessage)
            {
                _onMessage = onMessage ?? throw new ArgumentNullException(nameof(onMessage));
            }

            /// <summary>True while it runs, and after it has thrown.</summary>
            internal bool Running { get; private set; }

            internal async ValueTask HandleAsync(ArraySegment<byte> message)
            {
                Running = true;
                await _onMessage(message).ConfigureAwait(false);
                Running = false;
            }
        }
    }
}
