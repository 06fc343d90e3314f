using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;

namespace Swash
{
    /// <summary>
    /// Hands things from a call's thread to Unity's main thread, which takes them out in Update. A full one makes the
    /// call wait, and so holds the server back. It needs no threads: on WebGL both sides are the main thread.
    /// </summary>
    internal sealed class Inbox<T>
    {
        private readonly ConcurrentQueue<T> _items = new ConcurrentQueue<T>();
        private readonly SemaphoreSlim _room;

        /// <summary>Begins empty, with room for so many.</summary>
        public Inbox(int bound) => _room = new SemaphoreSlim(bound, bound);

        /// <summary>Puts one in as soon as there is room.</summary>
        public async ValueTask PutAsync(T item, CancellationToken cancel)
        {
            await _room.WaitAsync(cancel);
            _items.Enqueue(item);
        }

        /// <summary>Takes the oldest out, if there is one.</summary>
        public bool TryTake(out T item)
        {
            if (!_items.TryDequeue(out item))
                return false;
            _room.Release();
            return true;
        }
    }
}
