using Swash.V1;

namespace Swash
{
    /// <summary>One whole sound as it came, proved by its SHA-256 when it is PCM.</summary>
    public sealed class Take
    {
        /// <summary>Puts a take together.</summary>
        public Take(Header header, byte[] data, Trailer trailer)
        {
            Header = header;
            Data = data;
            Trailer = trailer;
        }

        /// <summary>What it is: its rate, channels, seed, and everything to ask for it again.</summary>
        public Header Header { get; }

        /// <summary>Interleaved PCM, or the bytes of a file, as <see cref="V1.Header.Encoding"/> says.</summary>
        public byte[] Data { get; }

        /// <summary>What was measured: frames, loudness, peak.</summary>
        public Trailer Trailer { get; }

        /// <summary>Returns the samples, interleaved, in [-1, 1].</summary>
        /// <exception cref="System.InvalidOperationException">The take is a file, not PCM.</exception>
        public float[] ToSamples() => Pcm.Decode(Data, Header.Encoding);
    }
}
