using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using UnityEngine.Networking;

namespace Swash
{
    /// <summary>
    /// gRPC-Web over UnityWebRequest, which WebGL has as well: no threads, no timers. Everything happens on Unity's
    /// main thread, calls begin there and handlers run there; only cancelling may come from another.
    /// </summary>
    /// <remarks>
    /// A web request cannot be held back: what a slow handler has not taken yet waits, up to 64 MiB. A plain http
    /// address needs "Allow downloads over HTTP" in the player settings, and on WebGL a server that allows the page's
    /// origin.
    /// </remarks>
    public sealed class UnityWebRequestTransport : ITransport
    {
        private const string TimedOut = "Request timeout"; // UnityWebRequest.error says so in English everywhere
        private const int LongestTimeoutS = 30 * 24 * 3600;

        private readonly Uri _server;
        private readonly CancellationTokenSource _disposed = new CancellationTokenSource();
        private AccessToken _token;

        /// <summary>Prepares for calls.</summary>
        /// <param name="server">"http://127.0.0.1:8080", the server's HTTP port.</param>
        public UnityWebRequestTransport(Uri server)
        {
            _server = server ?? throw new ArgumentNullException(nameof(server));
            if (!server.IsAbsoluteUri || (server.Scheme != Uri.UriSchemeHttp && server.Scheme != Uri.UriSchemeHttps))
                throw new ArgumentException("an address like http://127.0.0.1:8080, got " + server, nameof(server));
        }

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

        /// <summary>
        /// Makes what believes the server's certificate, one for each call; null: the platform's own. Not on WebGL,
        /// where the browser decides.
        /// </summary>
        public Func<CertificateHandler> Certificates { get; set; }

        /// <inheritdoc/>
        /// <exception cref="InvalidOperationException">It was called on a thread that is not Unity's main one.</exception>
        public async Task CallAsync(
            string method,
            byte[] request,
            TimeSpan? timeout,
            Func<ArraySegment<byte>, ValueTask> onMessage,
            CancellationToken cancel)
        {
            SynchronizationContext main = SynchronizationContext.Current;
            if (main == null)
                throw new InvalidOperationException("UnityWebRequest works on Unity's main thread only");
            if (timeout <= TimeSpan.Zero)
                throw new SwashException(SwashStatus.DeadlineExceeded, "no time was left for the call");
            using (var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel, _disposed.Token))
            using (UnityWebRequest web = NewRequest(method, request, timeout))
            {
                var answer = new WebAnswer(web);
                web.downloadHandler = answer;
                using (ending.Token.Register(() => Abort(web, answer, main)))
                {
                    Send(web, answer);
                    await HandleAsync(answer, onMessage, ending.Token, cancel);
                    ThrowUnlessOk(web, answer, timeout);
                }
            }
        }

        /// <summary>Ends every call; each throws Cancelled.</summary>
        public void Dispose() => _disposed.Cancel();

        private static async Task HandleAsync(
            WebAnswer answer, Func<ArraySegment<byte>, ValueTask> onMessage, CancellationToken ending, CancellationToken cancel)
        {
            while (true)
            {
                Task changed = answer.Changed(); // first, so that no change is missed
                ThrowIfEnded(ending, cancel);
                while (answer.TryTake(out ArraySegment<byte> message))
                {
                    await onMessage(message);
                    ThrowIfEnded(ending, cancel);
                }
                if (answer.Completed)
                    return;
                await changed;
            }
        }

        /// <summary>End the request now where that may be done; else when the main thread goes on.</summary>
        private static void Abort(UnityWebRequest web, WebAnswer answer, SynchronizationContext main)
        {
            if (SynchronizationContext.Current == main)
                web.Abort();
            answer.Signal();
        }

        private static void ThrowIfEnded(CancellationToken ending, CancellationToken cancel)
        {
            if (cancel.IsCancellationRequested)
                throw new SwashException(SwashStatus.Cancelled, "the call was cancelled");
            if (ending.IsCancellationRequested)
                throw new SwashException(SwashStatus.Cancelled, "the transport was disposed");
        }

        private static void Send(UnityWebRequest web, WebAnswer answer)
        {
            try
            {
                web.SendWebRequest().completed += _ => answer.Complete();
            }
            catch (InvalidOperationException e) // plain http is not allowed
            {
                throw new SwashException(
                    SwashStatus.FailedPrecondition,
                    e.Message + ": allow downloads over HTTP in the player settings, or give the server https", e);
            }
        }

        private UnityWebRequest NewRequest(string method, byte[] request, TimeSpan? timeout)
        {
            var web = new UnityWebRequest(new Uri(_server, method).ToString(), UnityWebRequest.kHttpVerbPOST)
            {
                uploadHandler = new UploadHandlerRaw(GrpcRequest.Body(request)),
            };
            web.SetRequestHeader("Content-Type", GrpcRequest.ContentType(HttpWire.GrpcWeb));
            if (Certificates != null)
                web.certificateHandler = Certificates();
            foreach (KeyValuePair<string, string> header in GrpcRequest.Headers(HttpWire.GrpcWeb, timeout, _token))
                web.SetRequestHeader(header.Key, header.Value);
            if (timeout.HasValue) // a second later than the server, which says more
                web.timeout = (int)Math.Min(Math.Ceiling(timeout.Value.TotalSeconds) + 1, LongestTimeoutS);
            return web;
        }

        private void ThrowUnlessOk(UnityWebRequest web, WebAnswer answer, TimeSpan? timeout)
        {
            if (web.result == UnityWebRequest.Result.ConnectionError && web.error == TimedOut)
            {
                throw new SwashException(
                    SwashStatus.DeadlineExceeded, "no whole answer came within " + timeout?.TotalSeconds + " s");
            }
            if (answer.Failure != null)
                throw answer.Failure;
            if (web.result == UnityWebRequest.Result.ConnectionError || web.responseCode == 0)
            {
                throw new SwashException(
                    SwashStatus.Unavailable,
                    "no server answers at " + _server + ", or it went away; start one with `swash serve` (" + web.error + ")");
            }
            GrpcAnswer.ThrowUnlessGrpc(
                (int)web.responseCode, web.GetResponseHeader("Content-Type"), web.GetResponseHeader, _server.ToString(),
                answer.Text);
            answer.End();
            GrpcAnswer.ThrowUnlessOk(name => answer.Trailer(name) ?? web.GetResponseHeader(name));
        }
    }
}
