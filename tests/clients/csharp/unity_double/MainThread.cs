using System;
using System.Collections.Concurrent;
using System.Threading;
using UnityEngine;

namespace UnityDouble
{
    /// <summary>Unity's main thread: what belongs to it throws elsewhere, and what is posted to it waits for a frame.</summary>
    public sealed class MainThread : SynchronizationContext
    {
        private static int s_id = Environment.CurrentManagedThreadId;

        private readonly ConcurrentQueue<(SendOrPostCallback Callback, object State)> _posted =
            new ConcurrentQueue<(SendOrPostCallback, object)>();

        private readonly SemaphoreSlim _something = new SemaphoreSlim(0);

        /// <summary>Makes the calling thread the main one, with a queue of its own.</summary>
        public static MainThread Bind()
        {
            s_id = Environment.CurrentManagedThreadId;
            var main = new MainThread();
            SetSynchronizationContext(main);
            return main;
        }

        /// <summary>Throws as Unity does when this is another thread.</summary>
        public static void Check(string what)
        {
            if (Environment.CurrentManagedThreadId != s_id)
                throw new UnityException(what + " can only be called from the main thread.");
        }

        /// <inheritdoc/>
        public override void Post(SendOrPostCallback callback, object state)
        {
            _posted.Enqueue((callback, state));
            _something.Release();
        }

        /// <inheritdoc/>
        public override void Send(SendOrPostCallback callback, object state)
        {
            if (Environment.CurrentManagedThreadId != s_id)
                throw new NotSupportedException("another thread would wait for the main one");
            callback(state);
        }

        /// <inheritdoc/>
        public override SynchronizationContext CreateCopy() => this;

        /// <summary>Waits until something is posted, but no longer than a frame takes.</summary>
        public void WaitForWork(TimeSpan longest)
        {
            if (_something.Wait(longest))
                _something.Release();
        }

        /// <summary>Does what was posted before this call; what that posts waits for the next frame.</summary>
        public void DoPosted()
        {
            for (int left = _posted.Count; left > 0 && _posted.TryDequeue(out (SendOrPostCallback Callback, object State) work); left--)
            {
                _something.Wait();
                try
                {
                    work.Callback(work.State);
                }
                catch (Exception e) // as Unity: it is logged, and the game goes on
                {
                    Debug.LogException(e);
                }
            }
        }
    }
}
