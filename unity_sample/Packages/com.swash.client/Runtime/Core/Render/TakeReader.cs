using System;
using Swash.V1;

namespace Swash
{
    /// <summary>Follows the events of a Render call and proves each take whole; keeps no audio.</summary>
    internal sealed class TakeReader : IDisposable
    {
        private readonly ulong _firstFrame;
        private RunningSha256 _sha256;

        /// <summary>Begins before the first event.</summary>
        /// <param name="firstFrame">Frames of each take that were not asked for: then nothing proves the rest.</param>
        internal TakeReader(ulong firstFrame)
        {
            _firstFrame = firstFrame;
        }

        /// <summary>Of the take that is arriving or arrived last; null before the first.</summary>
        internal Header Header { get; private set; }

        /// <summary>Of the take that arrived last; null while one is arriving.</summary>
        internal Trailer Trailer { get; private set; }

        /// <summary>The frame that comes next, of PCM.</summary>
        internal ulong NextFrame { get; private set; }

        public void Dispose() => _sha256?.Dispose();

        /// <summary>Takes in the next event.</summary>
        /// <exception cref="SwashException">DataLoss: something is missing or changed.</exception>
        internal void TakeIn(RenderResponse response)
        {
            switch (response.EventCase)
            {
                case RenderResponse.EventOneofCase.Header:
                    Begin(response.Header);
                    break;
                case RenderResponse.EventOneofCase.Audio:
                    Count(response.Audio);
                    break;
                case RenderResponse.EventOneofCase.Trailer:
                    Finish(response.Trailer);
                    break;
            }
        }

        /// <summary>Says that the stream has ended.</summary>
        /// <exception cref="SwashException">DataLoss: in the middle of a take.</exception>
        internal void End()
        {
            if (Trailer == null)
                throw Lost("the stream ended before the sound did");
        }

        private static SwashException Lost(string what) => new SwashException(SwashStatus.DataLoss, what);

        private void Begin(Header header)
        {
            if (Header != null)
                End(); // of the take before
            Header = header;
            Trailer = null;
            NextFrame = _firstFrame;
            _sha256?.Dispose();
            _sha256 = new RunningSha256();
        }

        private void Count(Audio audio)
        {
            int frameBytes = Pcm.SampleBytes(Arriving().Encoding) * (int)Header.Channels;
            if (frameBytes == 0)
                return; // the bytes of a file have no frame numbers
            if (audio.FirstFrame != NextFrame || audio.Data.Length % frameBytes != 0)
                throw Lost("audio is missing after frame " + NextFrame);
            _sha256.Add(audio.Data);
            NextFrame += (ulong)(audio.Data.Length / frameBytes);
        }

        private void Finish(Trailer trailer)
        {
            if (Pcm.SampleBytes(Arriving().Encoding) > 0)
            {
                if (trailer.Frames != NextFrame)
                    throw Lost(NextFrame + " of " + trailer.Frames + " frames arrived");
                if (_firstFrame == 0 && !_sha256.Is(trailer.Sha256))
                    throw Lost("the SHA-256 of the samples that arrived is not the server's");
            }
            Trailer = trailer;
        }

        private Header Arriving()
        {
            if (Header == null || Trailer != null)
                throw Lost("an event came between a trailer and the next header");
            return Header;
        }
    }
}
