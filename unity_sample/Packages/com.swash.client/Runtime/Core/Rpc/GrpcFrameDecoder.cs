using System;
using System.Collections.Generic;
using System.Text;

namespace Swash
{
    /// <summary>
    /// Finds the messages in the body of a gRPC or gRPC-Web answer: feed it bytes as they come, take messages out
    /// until there are none, and call <see cref="End"/> when the body ends. It never waits. Not for several threads.
    /// </summary>
    /// <remarks>
    /// A frame is one byte of flags, four of length (big-endian) and the message; in gRPC-Web the last frame, marked
    /// by its highest bit, holds the trailers as lines of text (gRPC's PROTOCOL-HTTP2.md and PROTOCOL-WEB.md).
    /// </remarks>
    public sealed class GrpcFrameDecoder
    {
        /// <summary>What gRPC allows a message to take: 4 MiB.</summary>
        public const int DefaultMaxMessageBytes = 4 * 1024 * 1024;

        private const int HeadBytes = 5;
        private const byte TrailersFlag = 0x80;

        private readonly int _maxMessageBytes;
        private byte[] _buffer = new byte[16 * 1024];
        private int _start;
        private int _end;
        private bool _lent;
        private Dictionary<string, string> _trailers;

        /// <summary>Begins with an empty body.</summary>
        /// <param name="maxMessageBytes">The largest message that is accepted.</param>
        public GrpcFrameDecoder(int maxMessageBytes = DefaultMaxMessageBytes)
        {
            if (maxMessageBytes < 1)
                throw new ArgumentOutOfRangeException(nameof(maxMessageBytes), maxMessageBytes, "at least 1");
            _maxMessageBytes = maxMessageBytes;
        }

        /// <summary>The trailers of a gRPC-Web answer by their names in lower case; null until they come.</summary>
        public IReadOnlyDictionary<string, string> Trailers => _trailers;

        /// <summary>
        /// How many bytes wait to be taken out: for transports that are fed faster than their messages are handled,
        /// and have to bound it.
        /// </summary>
        public int PendingBytes => _end - _start;

        /// <summary>Takes in the next bytes of the body. A message that was taken out before stays as it is.</summary>
        public void Feed(byte[] buffer, int offset, int count)
        {
            if (buffer == null)
                throw new ArgumentNullException(nameof(buffer));
            if (offset < 0 || count < 0 || count > buffer.Length - offset)
                throw new ArgumentOutOfRangeException(nameof(count), count, "outside the buffer");
            MakeRoom(count);
            Buffer.BlockCopy(buffer, offset, _buffer, _end, count);
            _end += count;
        }

        /// <summary>Gives the next whole message; it is valid until the next call of this. False: feed more.</summary>
        /// <exception cref="SwashException">ResourceExhausted: the message is too large. Internal: no gRPC.</exception>
        public bool TryTake(out ArraySegment<byte> message)
        {
            message = default;
            _lent = false;
            if (PendingBytes > 0 && _trailers != null)
                throw new SwashException(SwashStatus.Internal, "bytes came after the end of the answer");
            if (PendingBytes < HeadBytes)
                return false;
            byte flags = _buffer[_start];
            int length = CheckedLength(flags);
            if (PendingBytes - HeadBytes < length)
                return false;
            int at = _start + HeadBytes;
            _start = at + length;
            if (flags == TrailersFlag)
            {
                _trailers = ParseTrailers(Encoding.UTF8.GetString(_buffer, at, length));
                return TryTake(out message); // which sees whether the body goes on
            }
            message = new ArraySegment<byte>(_buffer, at, length);
            _lent = true;
            return true;
        }

        /// <summary>Says that the body has ended.</summary>
        /// <exception cref="SwashException">Unavailable: in the middle of a message.</exception>
        public void End()
        {
            if (PendingBytes > 0)
                throw new SwashException(SwashStatus.Unavailable, "the connection broke in the middle of a message");
        }

        private static Dictionary<string, string> ParseTrailers(string text)
        {
            var trailers = new Dictionary<string, string>();
            foreach (string line in text.Split('\n'))
            {
                int colon = line.IndexOf(':');
                if (colon > 0)
                    trailers[line.Substring(0, colon).Trim().ToLowerInvariant()] = line.Substring(colon + 1).Trim();
            }
            return trailers;
        }

        private int CheckedLength(byte flags)
        {
            if (flags == 1)
                throw new SwashException(SwashStatus.Internal, "a compressed message came, and none was asked for");
            if (flags != 0 && flags != TrailersFlag)
                throw new SwashException(SwashStatus.Internal, "the answer is no gRPC: a frame has the flags " + flags);
            uint length = (uint)_buffer[_start + 1] << 24
                | (uint)_buffer[_start + 2] << 16
                | (uint)_buffer[_start + 3] << 8
                | _buffer[_start + 4];
            if (length > _maxMessageBytes)
            {
                throw new SwashException(
                    SwashStatus.ResourceExhausted,
                    "a message of " + length + " bytes came, and at most " + _maxMessageBytes + " are accepted");
            }
            return (int)length;
        }

        private void MakeRoom(int count)
        {
            if (count <= _buffer.Length - _end)
                return;
            int pending = PendingBytes;
            int needed = checked(pending + count);
            byte[] target = _buffer;
            if (needed > _buffer.Length)
                target = new byte[Math.Max(needed, checked(2 * _buffer.Length))];
            else if (_lent) // a message that is being handled must not move under its reader: it keeps the old buffer
                target = new byte[_buffer.Length];
            Buffer.BlockCopy(_buffer, _start, target, 0, pending);
            _buffer = target;
            _start = 0;
            _end = pending;
        }
    }
}
