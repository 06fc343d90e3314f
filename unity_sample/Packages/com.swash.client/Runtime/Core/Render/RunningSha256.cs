using System;
using System.Security.Cryptography;

namespace Swash
{
    /// <summary>SHA-256 over bytes that come one after another.</summary>
    internal sealed class RunningSha256 : IDisposable
    {
        private readonly SHA256 _hash = SHA256.Create();

        public void Dispose() => _hash.Dispose();

        internal void Add(byte[] data) => _hash.TransformBlock(data, 0, data.Length, null, 0);

        /// <summary>Whether all that was added has this digest. The last call.</summary>
        internal bool Is(byte[] digest)
        {
            _hash.TransformFinalBlock(Array.Empty<byte>(), 0, 0);
            return new ReadOnlySpan<byte>(_hash.Hash).SequenceEqual(digest);
        }
    }
}
