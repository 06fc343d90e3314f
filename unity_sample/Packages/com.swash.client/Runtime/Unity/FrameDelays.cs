using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Swash
{
    /// <summary>
    /// Waits that end in Update, for WebGL has no timers: what a client waits by before it tries again. On the main
    /// thread, but for cancelling.
    /// </summary>
    internal sealed class FrameDelays
    {
        private readonly Func<double> _now;
        private readonly List<Delay> _delays = new List<Delay>();

        /// <summary>Begins with none.</summary>
        /// <param name="now">Seconds, as they pass.</param>
        public FrameDelays(Func<double> now) => _now = now;

        /// <summary>Waits that are not over.</summary>
        public int Count => _delays.Count;

        /// <summary>Returns what completes in the first Update after so long, or as cancelled at once.</summary>
        public Task Wait(TimeSpan time, CancellationToken cancel)
        {
            // Who waits goes on within Complete: a plain completion source runs what follows on the completing thread.
            var delay = new Delay { DueS = _now() + time.TotalSeconds };
            delay.Registration = cancel.Register(() => delay.Over.TrySetCanceled(cancel));
            _delays.Add(delay);
            return delay.Over.Task;
        }

        /// <summary>Ends those that are due; once a frame.</summary>
        public void Complete()
        {
            double now = _now();
            for (int i = _delays.Count - 1; i >= 0; i--)
            {
                Delay delay = _delays[i];
                if (delay.DueS > now && !delay.Over.Task.IsCompleted)
                    continue;
                _delays.RemoveAt(i); // first: what follows may wait again
                delay.Registration.Dispose();
                delay.Over.TrySetResult(true);
            }
        }

        private sealed class Delay
        {
            public readonly TaskCompletionSource<bool> Over = new TaskCompletionSource<bool>();
            public double DueS;
            public CancellationTokenRegistration Registration;
        }
    }
}
