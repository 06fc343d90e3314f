using System.Threading;

namespace Swash.Tests
{
    /// <summary>A thread that never comes to what is left for it: Unity's main thread while it is held up.</summary>
    internal sealed class DeadContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback callback, object state)
        {
        }
    }
}
