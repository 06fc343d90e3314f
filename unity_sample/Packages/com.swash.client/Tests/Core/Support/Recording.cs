using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Swash.V1;

namespace Swash.Tests
{
    /// <summary>Keeps what comes from a live session, for any thread to look at.</summary>
    internal sealed class Recording
    {
        private readonly List<PerformResponse> _events = new List<PerformResponse>();

        internal ValueTask Take(PerformResponse response)
        {
            lock (_events)
                _events.Add(response);
            return default;
        }

        /// <summary>Returns what some events hold, in their order; nulls are left out.</summary>
        internal List<T> All<T>(Func<PerformResponse, T> what) where T : class
        {
            var found = new List<T>();
            lock (_events)
            {
                foreach (PerformResponse response in _events)
                {
                    if (what(response) != null)
                        found.Add(what(response));
                }
            }
            return found;
        }
    }
}
