using System;
using System.Diagnostics;

namespace Swash
{
    /// <summary>How often before something new comes, and how long, one answer may be waited for.</summary>
    internal sealed class Patience
    {
        private const double FirstWaitS = 0.25;
        private const double Growth = 2.5;
        private const double Spread = 0.25; // of what the server says: not all whom it told the same come at once

        private readonly Stopwatch _since = Stopwatch.StartNew();
        private readonly Random _chance = new Random(Guid.NewGuid().GetHashCode());
        private readonly int _retries;
        private readonly TimeSpan? _timeout;
        private int _failures;

        /// <summary>Begins now.</summary>
        internal Patience(int retries, TimeSpan? timeout)
        {
            _retries = retries;
            _timeout = timeout;
        }

        /// <summary>What is left for the next call; null: for ever.</summary>
        internal TimeSpan? Left => _timeout - _since.Elapsed;

        /// <summary>Says that something new has come.</summary>
        internal void Refresh() => _failures = 0;

        /// <summary>Says whether it is worth asking again, and when.</summary>
        internal bool IsWorth(SwashException error, out TimeSpan wait)
        {
            TimeSpan? told = error.RetryAfter;
            wait = TimeSpan.FromSeconds(
                told.HasValue
                    ? told.Value.TotalSeconds * (1.0 + Spread * _chance.NextDouble())
                    : FirstWaitS * Math.Pow(Growth, _failures) * (0.5 + 0.5 * _chance.NextDouble()));
            bool later = error.Status == SwashStatus.Unavailable
                || (error.Status == SwashStatus.ResourceExhausted && told.HasValue);
            if (!later || _failures >= _retries || wait >= (Left ?? TimeSpan.MaxValue))
                return false;
            _failures++;
            return true;
        }
    }
}
