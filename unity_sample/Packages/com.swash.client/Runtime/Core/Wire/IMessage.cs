namespace Swash.Wire
{
    /// <summary>
    /// A protobuf message. The classes in <c>Generated</c> implement it; call their <c>Parse</c> and
    /// <c>ToByteArray</c>.
    /// </summary>
    public interface IMessage
    {
        /// <summary>Appends the message's fields, in the order of their numbers.</summary>
        void WriteTo(ProtoWriter writer);

        /// <summary>
        /// Reads fields up to the reader's end over what is set already: a single value replaces, a message is
        /// merged, elements and entries are added. Throws <see cref="ProtoException"/> when the bytes are none, and
        /// leaves the message half read.
        /// </summary>
        void MergeFrom(ProtoReader reader);
    }
}
