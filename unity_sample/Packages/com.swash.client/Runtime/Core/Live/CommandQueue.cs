using System.Collections.Generic;
using Swash.V1;

namespace Swash
{
    /// <summary>
    /// Commands of a live session on their way into Control calls: in order, numbered, one call at a time. Not for
    /// several threads: the session locks.
    /// </summary>
    internal sealed class CommandQueue
    {
        internal const int MaxWaiting = 10000;
        private const int MaxRequests = 1000; // of one call, says the contract
        private const int MaxBytes = 1024 * 1024; // of one call; a server reads 8 MiB at most

        private readonly Queue<KeyValuePair<PerformRequest, int>> _waiting =
            new Queue<KeyValuePair<PerformRequest, int>>();

        private string _session;
        private ulong _number;
        private bool _sending;
        private bool _endSent;

        /// <summary>No more commands come.</summary>
        internal bool Finished { get; private set; }

        /// <summary>Adds a command.</summary>
        /// <exception cref="SwashException">ResourceExhausted: too many wait already.</exception>
        internal void Add(PerformRequest request, int bytes)
        {
            if (_waiting.Count >= MaxWaiting)
            {
                throw new SwashException(
                    SwashStatus.ResourceExhausted, MaxWaiting + " commands wait already to reach the server");
            }
            _waiting.Enqueue(new KeyValuePair<PerformRequest, int>(request, bytes));
        }

        /// <summary>Says that no more commands come.</summary>
        internal void Finish() => Finished = true;

        /// <summary>Says under which name the server knows the session: from now on calls can be made.</summary>
        internal void Open(string session) => _session = session;

        /// <summary>Whether the caller must begin to make calls now, until there are none.</summary>
        internal bool Begin()
        {
            bool begin = !_sending && _session != null && IsSomething;
            _sending |= begin;
            return begin;
        }

        /// <summary>Gives the next call to make; null when there is none, and then it is for Begin to go on.</summary>
        internal ControlRequest Next()
        {
            if (!IsSomething)
            {
                _sending = false;
                return null;
            }
            var call = new ControlRequest { Session = _session, Number = _number++ };
            int bytes = 0;
            while (_waiting.Count > 0 && call.Requests.Count < MaxRequests
                && (bytes == 0 || bytes + _waiting.Peek().Value <= MaxBytes))
            {
                KeyValuePair<PerformRequest, int> next = _waiting.Dequeue();
                call.Requests.Add(next.Key);
                bytes += next.Value;
            }
            call.End = _endSent = Finished && _waiting.Count == 0;
            return call;
        }

        private bool IsSomething => _waiting.Count > 0 || (Finished && !_endSent);
    }
}
