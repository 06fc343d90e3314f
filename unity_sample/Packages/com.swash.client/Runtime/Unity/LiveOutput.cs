using System;

namespace Swash
{
    /// <summary>
    /// Puts a live buffer's sound into the blocks that Unity's audio thread hands over, whatever their channels.
    /// </summary>
    /// <remarks>
    /// Each sample is multiplied by what stands in the block. The AudioSource plays a clip of ones, so that what stands
    /// there is Unity's own gain for each channel: volume, distance, direction. Nothing here locks, allocates or throws.
    /// </remarks>
    internal sealed class LiveOutput
    {
        private const int PieceFrames = 1024;
        private const int Centre = 2; // of 5, 5.1 and 7.1, in Unity's order: left, right, centre, low (not of 5), pairs
        private const int LowFrequency = 3;

        private readonly LiveBuffer _buffer;
        private readonly RateConverter _converter;
        private readonly float[] _piece;

        /// <summary>Begins in silence.</summary>
        public LiveOutput(LiveBuffer buffer, int sessionRate, int outputRate)
        {
            _buffer = buffer;
            _converter = new RateConverter(buffer, sessionRate, outputRate, PieceFrames);
            _piece = new float[PieceFrames * buffer.Channels];
        }

        /// <summary>Where the sound comes from.</summary>
        public LiveBuffer Buffer => _buffer;

        /// <summary>Multiplies a block by the next of the sound.</summary>
        /// <param name="block">Interleaved; on entering Unity's gains.</param>
        /// <param name="channels">Of the block, 1 to 8.</param>
        public void Multiply(float[] block, int channels)
        {
            int frames = block.Length / channels;
            for (int first = 0; first < frames; first += PieceFrames)
            {
                int count = Math.Min(PieceFrames, frames - first);
                _converter.Read(_piece, count);
                for (int frame = 0; frame < count; frame++)
                    MultiplyFrame(block, (first + frame) * channels, channels, frame);
            }
        }

        private void MultiplyFrame(float[] block, int at, int channels, int frame)
        {
            if (_buffer.Channels == 1)
            {
                for (int channel = 0; channel < channels; channel++)
                    block[at + channel] *= _piece[frame];
                return;
            }
            float left = _piece[2 * frame];
            float right = _piece[2 * frame + 1];
            for (int channel = 0; channel < channels; channel++)
            {
                int side = Side(channel, channels);
                block[at + channel] *= side < 0 ? left : side > 0 ? right : 0.5f * (left + right);
            }
        }

        /// <summary>Return which side a channel is on: -1 left, 1 right, 0 both.</summary>
        private static int Side(int channel, int channels)
        {
            if (channels == 1)
                return 0;
            bool inPairs = channels < 5 || channel < Centre;
            if (!inPairs && (channel == Centre || (channel == LowFrequency && channels > 5)))
                return 0;
            bool left = channels == 5 && channel > Centre ? channel % 2 != 0 : channel % 2 == 0;
            return left ? -1 : 1;
        }
    }
}
