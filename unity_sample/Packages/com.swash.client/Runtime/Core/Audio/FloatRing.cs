using System;
using System.Threading;

namespace Swash
{
    /// <summary>
    /// Samples on their way from one thread, which writes, to one other, which reads: the network's and the audio's.
    /// It neither locks nor allocates, and holds nobody up: what has no room is not written, what is not there is not
    /// read.
    /// </summary>
    public sealed class FloatRing
    {
        private readonly float[] _samples;
        private readonly int _mask;
        private long _written; // samples ever; only the writer changes it
        private long _read; // samples ever; only the reader changes it

        /// <summary>Makes an empty ring.</summary>
        /// <param name="minimumCapacity">Samples that it holds at least, 1 to 2^30; it is a power of two.</param>
        public FloatRing(int minimumCapacity)
        {
            if (minimumCapacity < 1 || minimumCapacity > 1 << 30)
                throw new ArgumentOutOfRangeException(nameof(minimumCapacity), minimumCapacity, "1 to 2^30");
            int capacity = 1;
            while (capacity < minimumCapacity)
                capacity <<= 1;
            _samples = new float[capacity];
            _mask = capacity - 1;
        }

        /// <summary>Samples that it holds at most.</summary>
        public int Capacity => _samples.Length;

        /// <summary>Samples that can be read: for the reader at least so many.</summary>
        public int Count
        {
            get
            {
                long read = Volatile.Read(ref _read); // first, so that the answer is never negative
                return (int)Math.Min(Volatile.Read(ref _written) - read, Capacity);
            }
        }

        /// <summary>Samples that can be written: for the writer at least so many.</summary>
        public int Free => Capacity - Count;

        /// <summary>Writes as many samples as there is room for, and returns how many. Only for the writer.</summary>
        public int Write(float[] source, int offset, int count)
        {
            long written = _written;
            int room = Capacity - (int)(written - Volatile.Read(ref _read));
            int samples = Math.Min(count, room);
            int at = (int)(written & _mask);
            int untilEnd = Math.Min(samples, Capacity - at);
            Array.Copy(source, offset, _samples, at, untilEnd);
            Array.Copy(source, offset + untilEnd, _samples, 0, samples - untilEnd);
            Volatile.Write(ref _written, written + samples); // after the samples themselves
            return samples;
        }

        /// <summary>Reads as many samples as are there, and returns how many. Only for the reader.</summary>
        public int Read(float[] target, int offset, int count)
        {
            long read = _read;
            int samples = Math.Min(count, (int)(Volatile.Read(ref _written) - read));
            int at = (int)(read & _mask);
            int untilEnd = Math.Min(samples, Capacity - at);
            Array.Copy(_samples, at, target, offset, untilEnd);
            Array.Copy(_samples, 0, target, offset + untilEnd, samples - untilEnd);
            Volatile.Write(ref _read, read + samples); // after they are copied: their place is free now
            return samples;
        }

        /// <summary>Forgets what has been written. Only for the reader.</summary>
        public void Clear() => Volatile.Write(ref _read, Volatile.Read(ref _written));
    }
}
