using System;

namespace Swash
{
    /// <summary>
    /// Reads a live buffer at the rate of the output. Where both rates are equal, as nearly always, the samples pass as
    /// they are; else they are interpolated linearly, which dulls the highest octave. For the audio thread: it never
    /// allocates.
    /// </summary>
    internal sealed class RateConverter
    {
        private const uint MinRate = 8000;
        private const uint MaxRate = 96000;
        private const uint OtherwiseRate = 48000;

        private readonly LiveBuffer _source;
        private readonly int _channels;
        private readonly double _step;
        private readonly float[] _read; // two frames of before, and what is read for this block
        private readonly float[] _came;
        private double _position; // 0 to 1, from the first of those two to the second

        /// <summary>Begins in silence.</summary>
        /// <param name="source">What to read, frames of `sourceRate` a second.</param>
        /// <param name="sourceRate">Frames a second of the source.</param>
        /// <param name="outputRate">Frames a second that are asked for.</param>
        /// <param name="maxFrames">The most frames that one call asks for.</param>
        public RateConverter(LiveBuffer source, int sourceRate, int outputRate, int maxFrames)
        {
            _source = source;
            _channels = source.Channels;
            _step = (double)sourceRate / outputRate;
            int cameFrames = (int)Math.Ceiling(maxFrames * _step) + 1;
            _came = new float[cameFrames * _channels];
            _read = new float[(cameFrames + 2) * _channels];
        }

        /// <summary>
        /// Returns the rate to ask a session for: the output's own if a session may have it, else 48000.
        /// </summary>
        public static uint SessionRate(int outputRate) =>
            outputRate >= MinRate && outputRate <= MaxRate && outputRate % 100 == 0 ? (uint)outputRate : OtherwiseRate;

        /// <summary>Fills so many interleaved frames of a block.</summary>
        public void Read(float[] block, int frames)
        {
            if (_step == 1.0)
            {
                _source.Read(block, frames);
                return;
            }
            double end = _position + frames * _step;
            int needed = (int)end;
            ReadBehindTheTwo(needed);
            for (int frame = 0; frame < frames; frame++)
                Interpolate(block, frame, _position + frame * _step);
            Array.Copy(_read, needed * _channels, _read, 0, 2 * _channels);
            _position = end - needed;
        }

        private void ReadBehindTheTwo(int frames)
        {
            _source.Read(_came, frames);
            Array.Copy(_came, 0, _read, 2 * _channels, frames * _channels);
        }

        private void Interpolate(float[] block, int frame, double position)
        {
            int before = (int)position;
            float towards = (float)(position - before);
            for (int channel = 0; channel < _channels; channel++)
            {
                float from = _read[before * _channels + channel];
                float to = _read[(before + 1) * _channels + channel];
                block[frame * _channels + channel] = from + towards * (to - from);
            }
        }
    }
}
