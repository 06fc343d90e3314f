using System;
using Swash.V1;

namespace Swash
{
    /// <summary>Follows the audio of a live session and proves it whole; keeps none.</summary>
    internal sealed class SessionReader : IDisposable
    {
        private readonly RunningSha256 _sha256 = new RunningSha256();
        private SessionOpened _opened;
        private ulong _frames;

        /// <summary>The last event; null before it came.</summary>
        internal SessionClosed Closed { get; private set; }

        public void Dispose() => _sha256.Dispose();

        /// <summary>Takes in the next event.</summary>
        /// <exception cref="SwashException">DataLoss: something is missing or changed.</exception>
        internal void TakeIn(PerformResponse response)
        {
            switch (response.EventCase)
            {
                case PerformResponse.EventOneofCase.Opened:
                    _opened = response.Opened;
                    break;
                case PerformResponse.EventOneofCase.Audio:
                    Count(response.Audio);
                    break;
                case PerformResponse.EventOneofCase.Closed:
                    Close(response.Closed);
                    break;
            }
        }

        private static SwashException Lost(string what) => new SwashException(SwashStatus.DataLoss, what);

        private void Count(Audio audio)
        {
            int frameBytes = _opened == null ? 0 : Pcm.SampleBytes(_opened.Encoding) * (int)_opened.Channels;
            if (frameBytes == 0 || audio.FirstFrame != _frames || audio.Data.Length % frameBytes != 0)
                throw Lost("audio is missing after frame " + _frames);
            _sha256.Add(audio.Data);
            _frames += (ulong)(audio.Data.Length / frameBytes);
        }

        private void Close(SessionClosed closed)
        {
            if (closed.Frames != _frames)
                throw Lost(_frames + " of " + closed.Frames + " frames arrived");
            if (!_sha256.Is(closed.Sha256))
                throw Lost("the SHA-256 of the samples that arrived is not the server's");
            Closed = closed;
        }
    }
}
