using System;
using System.Threading;
using System.Threading.Tasks;

namespace Swash
{
    /// <summary>How calls reach a server: one request each, any number of answers.</summary>
    public interface ITransport : IDisposable
    {
        /// <summary>
        /// Makes one call. The handler gets each message of the answer, in order, and is awaited before more is
        /// read: a slow handler holds the server back. It is called on the transport's own thread, whichever that
        /// is; what it throws ends the call and comes back as it is. The segment is valid only until the handler's
        /// task is complete.
        /// </summary>
        /// <param name="method">"/swash.v1.SoundService/Render".</param>
        /// <param name="request">The serialised request.</param>
        /// <param name="timeout">How long the whole call may take; null: for ever.</param>
        /// <param name="onMessage">Takes each message of the answer.</param>
        /// <param name="cancel">Ends the call, on the server too.</param>
        /// <exception cref="SwashException">The status is not OK; Cancelled and DeadlineExceeded too.</exception>
        Task CallAsync(
            string method,
            byte[] request,
            TimeSpan? timeout,
            Func<ArraySegment<byte>, ValueTask> onMessage,
            CancellationToken cancel);
    }
}
