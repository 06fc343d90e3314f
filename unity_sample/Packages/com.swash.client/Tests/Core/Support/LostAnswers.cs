using System;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;

namespace Swash.Tests
{
    /// <summary>A network that delivers every command, and loses the first answers to them.</summary>
    internal sealed class LostAnswers : ITransport
    {
        private readonly ITransport _transport;
        private int _losses;

        internal LostAnswers(ITransport transport, int losses)
        {
            _transport = transport;
            _losses = losses;
        }

        /// <summary>Control calls that reached the server.</summary>
        internal int Calls { get; private set; }

        public async Task CallAsync(
            string method,
            byte[] request,
            TimeSpan? timeout,
            Func<ArraySegment<byte>, ValueTask> onMessage,
            CancellationToken cancel)
        {
            await _transport.CallAsync(method, request, timeout, onMessage, cancel);
            if (method != SoundServiceMethods.Control)
                return;
            Calls++;
            if (_losses-- > 0)
                throw new SwashException(SwashStatus.Unavailable, "the answer is lost");
        }

        public void Dispose() => _transport.Dispose();
    }
}
