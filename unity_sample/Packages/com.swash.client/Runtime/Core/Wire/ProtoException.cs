using System;

namespace Swash.Wire
{
    /// <summary>Bytes that are no such message, or a message that cannot be written.</summary>
    public sealed class ProtoException : Exception
    {
        public ProtoException(string message, Exception cause = null) : base(message, cause)
        {
        }
    }
}
