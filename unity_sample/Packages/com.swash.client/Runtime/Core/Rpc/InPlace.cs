using System;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace Swash
{
    /// <summary>Awaiting that goes on where the task completes.</summary>
    internal static class InPlaceExtensions
    {
        /// <summary>
        /// Awaits a task and goes on at once on the thread that completed it, whatever context the await began in.
        /// A plain await in Unity would go on with the next frame of the main thread, and ConfigureAwait(false) on
        /// the thread pool, which WebGL does not have.
        /// </summary>
        internal static InPlace InPlace(this Task task) => new InPlace(task);
    }

    /// <summary>What <see cref="InPlaceExtensions.InPlace(Task)"/> gives the compiler.</summary>
    internal readonly struct InPlace : ICriticalNotifyCompletion
    {
        private readonly Task _task;

        internal InPlace(Task task)
        {
            _task = task;
        }

        public bool IsCompleted => _task.IsCompleted;

        public InPlace GetAwaiter() => this;

        public void GetResult() => _task.GetAwaiter().GetResult();

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => _task.ContinueWith(
            (_, next) => ((Action)next)(),
            continuation,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }
}
