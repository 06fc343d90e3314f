using System;
using System.Text;
using System.Threading.Tasks;
using UnityEngine.Networking;

namespace Swash
{
    /// <summary>
    /// The body of a web request's answer, taken in as Unity delivers it and given out message by message. On the
    /// main thread, but for <see cref="Signal"/>.
    /// </summary>
    internal sealed class WebAnswer : DownloadHandlerScript
    {
        private const int MaxPendingBytes = 64 * 1024 * 1024; // more than the longest sound is
        private const int MaxTextBytes = 500; // of an error page, for the message

        private readonly UnityWebRequest _web;
        private readonly GrpcFrameDecoder _decoder = new GrpcFrameDecoder();
        private volatile TaskCompletionSource<bool> _changed = NewChange();
        private string _text;

        /// <summary>Begins before anything has come.</summary>
        /// <param name="web">Whose answer it is: its head is known when the body comes.</param>
        public WebAnswer(UnityWebRequest web) => _web = web;

        /// <summary>Whether the request is over, well or not.</summary>
        public bool Completed { get; private set; }

        /// <summary>Why the body was not accepted; null when it was.</summary>
        public SwashException Failure { get; private set; }

        /// <summary>The beginning of a body that is plain text and no gRPC; else null.</summary>
        public string Text => _text;

        /// <summary>Gives the next whole message; it is valid until the next call of this.</summary>
        public bool TryTake(out ArraySegment<byte> message)
        {
            message = default;
            if (Failure != null)
                return false;
            try
            {
                return _decoder.TryTake(out message);
            }
            catch (SwashException e)
            {
                Failure = e;
                Completed = true; // what still comes is of no use
                return false;
            }
        }

        /// <summary>Returns a trailer by its name in lower case, null when it has not come.</summary>
        public string Trailer(string name) =>
            _decoder.Trailers != null && _decoder.Trailers.TryGetValue(name, out string value) ? value : null;

        /// <summary>Says that the body has ended.</summary>
        /// <exception cref="SwashException">Unavailable: in the middle of a message.</exception>
        public void End() => _decoder.End();

        /// <summary>Returns what completes with the next change.</summary>
        public Task Changed()
        {
            if (_changed.Task.IsCompleted)
                _changed = NewChange();
            return _changed.Task;
        }

        /// <summary>Wakes whoever waits for a change; from any thread.</summary>
        public void Signal() => _changed.TrySetResult(true);

        /// <summary>Says that the request is over.</summary>
        public void Complete()
        {
            Completed = true;
            Signal();
        }

        /// <inheritdoc/>
        protected override bool ReceiveData(byte[] data, int dataLength)
        {
            if (_web.responseCode != 200 || !GrpcAnswer.IsGrpc(_web.GetResponseHeader("Content-Type")))
            {
                KeepText(data, dataLength);
            }
            else if (_decoder.PendingBytes + dataLength > MaxPendingBytes)
            {
                Failure = new SwashException(
                    SwashStatus.ResourceExhausted,
                    "more than " + MaxPendingBytes + " bytes of the answer wait to be handled");
                return false; // ends the request
            }
            else
            {
                _decoder.Feed(data, 0, dataLength);
            }
            Signal();
            return true;
        }

        // Whoever waits goes on with the next frame of the main thread, not inside of Unity's callback: it may well
        // dispose the request.
        private static TaskCompletionSource<bool> NewChange() =>
            new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);

        private void KeepText(byte[] data, int count)
        {
            string type = _web.GetResponseHeader("Content-Type") ?? "";
            if (_text == null && type.StartsWith("text/plain", StringComparison.OrdinalIgnoreCase))
                _text = Encoding.UTF8.GetString(data, 0, Math.Min(count, MaxTextBytes));
        }
    }
}
