using System;
using System.Text;

namespace Swash.Wire
{
    /// <summary>
    /// Reads protobuf and refuses what is none, with <see cref="ProtoException"/>: its verdicts are those of
    /// Google's own parser. Unknown fields are skipped and forgotten. Nothing is trusted: a length is checked
    /// before memory is taken for it, and messages lie at most 100 deep. One reader, one thread.
    /// https://protobuf.dev/programming-guides/encoding/
    /// </summary>
    public sealed class ProtoReader
    {
        /// <summary>How deep messages and groups may lie in each other, as in Google's parsers.</summary>
        public const int MaxDepth = 100;

        private readonly byte[] _data;
        private int _position;
        private int _end;
        private int _depth;

        public ProtoReader(byte[] data, int offset, int count)
        {
            if (data == null) throw new ArgumentNullException(nameof(data));
            if (offset < 0 || count < 0 || count > data.Length - offset)
            {
                string range = $"{count} bytes from {offset} of {data.Length}";
                throw new ArgumentOutOfRangeException(nameof(count), range);
            }
            _data = data;
            _position = offset;
            _end = offset + count;
        }

        /// <summary>Whether everything of this message, or of this part, has been read.</summary>
        public bool AtEnd => _position == _end;

        /// <summary>Returns the next tag, field number times 8 plus wire type, or 0 at the end.</summary>
        public uint ReadTag()
        {
            if (AtEnd) return 0;
            uint tag = ReadShortVarint("tag");
            if (tag >> 3 == 0) throw new ProtoException("field number 0");
            return tag;
        }

        public ulong ReadUInt64()
        {
            ulong value = 0;
            for (int shift = 0; shift < 70; shift += 7)
            {
                byte next = _data[Take(1)];
                value |= (ulong)(next & 0x7f) << shift;
                if (next < 0x80) return value;
            }
            throw new ProtoException("a varint of more than ten bytes");
        }

        public uint ReadUInt32()
        {
            return (uint)ReadUInt64();
        }

        public long ReadInt64()
        {
            return (long)ReadUInt64();
        }

        public int ReadInt32()
        {
            return (int)ReadUInt64();
        }

        public int ReadEnum()
        {
            return ReadInt32();
        }

        public int ReadSInt32()
        {
            uint value = ReadUInt32();
            return (int)(value >> 1) ^ -(int)(value & 1);
        }

        public long ReadSInt64()
        {
            ulong value = ReadUInt64();
            return (long)(value >> 1) ^ -(long)(value & 1);
        }

        public bool ReadBool()
        {
            return ReadUInt64() != 0;
        }

        public uint ReadFixed32()
        {
            int at = Take(4);
            return (uint)(_data[at] | _data[at + 1] << 8 | _data[at + 2] << 16 | _data[at + 3] << 24);
        }

        public ulong ReadFixed64()
        {
            ulong low = ReadFixed32();
            return low | (ulong)ReadFixed32() << 32;
        }

        public int ReadSFixed32()
        {
            return (int)ReadFixed32();
        }

        public long ReadSFixed64()
        {
            return (long)ReadFixed64();
        }

        public float ReadFloat()
        {
            return BitConverter.Int32BitsToSingle((int)ReadFixed32());
        }

        public double ReadDouble()
        {
            return BitConverter.Int64BitsToDouble((long)ReadFixed64());
        }

        public byte[] ReadBytes()
        {
            int size = ReadLength();
            if (size == 0) return Array.Empty<byte>();
            var bytes = new byte[size];
            Buffer.BlockCopy(_data, Take(size), bytes, 0, size);
            return bytes;
        }

        public string ReadString()
        {
            int size = ReadLength();
            try
            {
                return Utf8.Strict.GetString(_data, Take(size), size);
            }
            catch (DecoderFallbackException error)
            {
                throw new ProtoException("a string is not UTF-8", error);
            }
        }

        /// <summary>Reads a message over the given one and returns it.</summary>
        public T ReadMessage<T>(T message) where T : IMessage
        {
            int outer = BeginMessage();
            message.MergeFrom(this);
            EndMessage(outer);
            return message;
        }

        /// <summary>Enters a message or an entry of a map; hand what it returns to EndMessage.</summary>
        public int BeginMessage()
        {
            int outer = BeginPart();
            Descend();
            return outer;
        }

        public void EndMessage(int outer)
        {
            _depth--;
            EndPart(outer);
        }

        /// <summary>Enters packed numbers; read until AtEnd, hand what it returns to EndPart.</summary>
        public int BeginPart()
        {
            int size = ReadLength();
            int outer = _end;
            _end = _position + size;
            return outer;
        }

        public void EndPart(int outer)
        {
            _end = outer;
        }

        /// <summary>Skips the value of a field that the message does not know.</summary>
        public void Skip(uint tag)
        {
            switch ((WireType)(tag & 7))
            {
                case WireType.Varint:
                    ReadUInt64();
                    break;
                case WireType.Fixed64:
                    Take(8);
                    break;
                case WireType.LengthDelimited:
                    Take(ReadLength());
                    break;
                case WireType.StartGroup:
                    SkipGroup(tag >> 3);
                    break;
                case WireType.Fixed32:
                    Take(4);
                    break;
                case WireType.EndGroup:
                    throw new ProtoException("the end of a group that has not begun");
                default:
                    throw new ProtoException($"wire type {tag & 7}");
            }
        }

        private void SkipGroup(uint field)
        {
            Descend();
            uint end = field << 3 | (uint)WireType.EndGroup;
            for (uint tag = ReadShortVarint("tag"); tag != end; tag = ReadShortVarint("tag")) Skip(tag);
            _depth--;
        }

        private void Descend()
        {
            if (++_depth > MaxDepth) throw new ProtoException($"messages more than {MaxDepth} deep");
        }

        private int ReadLength()
        {
            uint size = ReadShortVarint("length");
            if (size > _end - _position) throw new ProtoException("a length beyond the end");
            return (int)size;
        }

        /// <summary>Reads a varint of at most five bytes and 32 bits, as tags and lengths are.</summary>
        private uint ReadShortVarint(string what)
        {
            ulong value = 0;
            for (int shift = 0; shift < 35; shift += 7)
            {
                byte next = _data[Take(1)];
                value |= (ulong)(next & 0x7f) << shift;
                if (next >= 0x80) continue;
                if (value > uint.MaxValue) break;
                return (uint)value;
            }
            throw new ProtoException($"a {what} of more than 32 bits");
        }

        /// <summary>Passes over some bytes and returns where they begin.</summary>
        private int Take(int count)
        {
            if (count > _end - _position) throw new ProtoException("the bytes end too early");
            _position += count;
            return _position - count;
        }
    }
}
