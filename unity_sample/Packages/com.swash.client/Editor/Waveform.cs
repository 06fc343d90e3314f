using System;

namespace Swash.Editor
{
    /// <summary>How loud a sound is along its length, for drawing.</summary>
    public static class Waveform
    {
        /// <summary>Returns the lowest and the highest sample of each column, over all channels.</summary>
        /// <param name="samples">Interleaved, -1 to 1.</param>
        /// <param name="channels">At least 1.</param>
        /// <param name="columns">How many columns, at least 1.</param>
        /// <returns>Lowest and highest in turn, two values a column; 0 and 0 where there is no frame.</returns>
        /// <exception cref="ArgumentOutOfRangeException">Channels or columns are below 1.</exception>
        public static float[] Peaks(float[] samples, int channels, int columns)
        {
            if (channels < 1) throw new ArgumentOutOfRangeException(nameof(channels), channels, "at least 1");
            if (columns < 1) throw new ArgumentOutOfRangeException(nameof(columns), columns, "at least 1");
            var peaks = new float[columns * 2];
            long frames = samples.Length / channels;
            for (var column = 0; column < columns; column++)
            {
                // A column holds at least the frame that it begins in, so that a short sound leaves no gaps.
                var first = frames * column / columns;
                var end = Math.Min(frames, Math.Max(first + 1, frames * (column + 1) / columns));
                var low = 0f;
                var high = 0f;
                for (var i = first * channels; i < end * channels; i++)
                {
                    low = Math.Min(low, samples[i]);
                    high = Math.Max(high, samples[i]);
                }
                peaks[column * 2] = low;
                peaks[column * 2 + 1] = high;
            }
            return peaks;
        }
    }
}
