using System;
using Swash.Wire;

namespace Swash
{
    /// <summary>From the bytes of an answer to its message.</summary>
    internal static class Messages
    {
        /// <summary>Parses a message, which then holds nothing of the bytes.</summary>
        /// <exception cref="SwashException">Internal: the bytes are none.</exception>
        internal static T Parse<T>(ArraySegment<byte> bytes, Func<byte[], int, int, T> parse)
        {
            try
            {
                return parse(bytes.Array, bytes.Offset, bytes.Count);
            }
            catch (ProtoException e)
            {
                throw new SwashException(
                    SwashStatus.Internal, "the answer is no " + typeof(T).Name + ": " + e.Message, e);
            }
        }
    }
}
