using System;
using System.Collections.Generic;
using System.Text;

namespace Swash.Wire
{
    /// <summary>
    /// Writes protobuf into a buffer that grows. The same message gives the same bytes, always: entries of maps
    /// are sorted by key, lengths are as short as can be. One writer, one thread.
    /// https://protobuf.dev/programming-guides/encoding/
    /// </summary>
    public sealed class ProtoWriter
    {
        private byte[] _buffer;
        private int _length;

        public ProtoWriter(int capacity = 256)
        {
            _buffer = new byte[Math.Max(16, capacity)];
        }

        /// <summary>Returns a message's bytes.</summary>
        public static byte[] Serialize(IMessage message)
        {
            var writer = new ProtoWriter();
            message.WriteTo(writer);
            return writer.ToArray();
        }

        /// <summary>Returns a copy of what has been written.</summary>
        public byte[] ToArray()
        {
            var copy = new byte[_length];
            Buffer.BlockCopy(_buffer, 0, copy, 0, _length);
            return copy;
        }

        public void WriteTag(int field, WireType type)
        {
            WriteUInt64((ulong)field << 3 | (ulong)type);
        }

        public void WriteUInt64(ulong value)
        {
            Reserve(10);
            while (value >= 0x80)
            {
                _buffer[_length++] = (byte)(value | 0x80);
                value >>= 7;
            }
            _buffer[_length++] = (byte)value;
        }

        public void WriteUInt32(uint value)
        {
            WriteUInt64(value);
        }

        public void WriteInt64(long value)
        {
            WriteUInt64((ulong)value);
        }

        /// <summary>A negative one takes ten bytes: it travels as 64 bits.</summary>
        public void WriteInt32(int value)
        {
            WriteUInt64((ulong)(long)value);
        }

        public void WriteEnum(int value)
        {
            WriteInt32(value);
        }

        public void WriteSInt32(int value)
        {
            WriteUInt64((uint)(value << 1 ^ value >> 31));
        }

        public void WriteSInt64(long value)
        {
            WriteUInt64((ulong)(value << 1 ^ value >> 63));
        }

        public void WriteBool(bool value)
        {
            WriteUInt64(value ? 1u : 0u);
        }

        public void WriteFixed32(uint value)
        {
            Reserve(4);
            for (int i = 0; i < 4; i++) _buffer[_length++] = (byte)(value >> 8 * i);
        }

        public void WriteFixed64(ulong value)
        {
            Reserve(8);
            for (int i = 0; i < 8; i++) _buffer[_length++] = (byte)(value >> 8 * i);
        }

        public void WriteSFixed32(int value)
        {
            WriteFixed32((uint)value);
        }

        public void WriteSFixed64(long value)
        {
            WriteFixed64((ulong)value);
        }

        public void WriteFloat(float value)
        {
            WriteFixed32((uint)BitConverter.SingleToInt32Bits(value));
        }

        public void WriteDouble(double value)
        {
            WriteFixed64((ulong)BitConverter.DoubleToInt64Bits(value));
        }

        public void WriteBytes(byte[] value)
        {
            if (value == null) throw new ArgumentNullException(nameof(value), "an element is null");
            WriteUInt32((uint)value.Length);
            Reserve(value.Length);
            Buffer.BlockCopy(value, 0, _buffer, _length, value.Length);
            _length += value.Length;
        }

        /// <summary>Throws <see cref="ProtoException"/> for a string with half a surrogate pair.</summary>
        public void WriteString(string value)
        {
            if (value == null) throw new ArgumentNullException(nameof(value), "an element is null");
            try
            {
                int size = Utf8.Strict.GetByteCount(value);
                WriteUInt32((uint)size);
                Reserve(size);
                _length += Utf8.Strict.GetBytes(value, 0, value.Length, _buffer, _length);
            }
            catch (EncoderFallbackException error)
            {
                throw new ProtoException($"half a surrogate pair at {error.Index} of a string", error);
            }
        }

        public void WriteMessage(IMessage value)
        {
            if (value == null) throw new ArgumentNullException(nameof(value), "an element is null");
            int start = BeginPart();
            value.WriteTo(this);
            EndPart(start);
        }

        /// <summary>Begins what has its length before it: a message, packed numbers, an entry of a map.</summary>
        public int BeginPart()
        {
            Reserve(1);
            return ++_length;
        }

        /// <summary>Writes the length before what <see cref="BeginPart"/> began; one byte is kept for it, a longer
        /// length moves the part.</summary>
        public void EndPart(int start)
        {
            int size = _length - start;
            int more = 0;
            for (int rest = size >> 7; rest > 0; rest >>= 7) more++;
            Reserve(more);
            if (more > 0) Buffer.BlockCopy(_buffer, start, _buffer, start + more, size);
            _length = start - 1;
            WriteUInt32((uint)size);
            _length += size;
        }

        /// <summary>Returns a map's entries in the order of their keys.</summary>
        public static List<KeyValuePair<TKey, TValue>> Sorted<TKey, TValue>(
            Dictionary<TKey, TValue> map, Comparison<TKey> compare)
        {
            var entries = new List<KeyValuePair<TKey, TValue>>(map);
            entries.Sort((left, right) => compare(left.Key, right.Key));
            return entries;
        }

        /// <summary>Orders text as its UTF-8 bytes are ordered.</summary>
        public static int CompareText(string left, string right)
        {
            return Utf8.Compare(left, right);
        }

        private void Reserve(int more)
        {
            int needed = checked(_length + more); // arrays end at 2^31 bytes, as messages do
            if (needed <= _buffer.Length) return;
            long doubled = Math.Min(2L * _buffer.Length, int.MaxValue / 2);
            Array.Resize(ref _buffer, (int)Math.Max(needed, doubled));
        }
    }
}
