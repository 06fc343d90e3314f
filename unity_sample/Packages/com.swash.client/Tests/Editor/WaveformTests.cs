using System;
using System.Linq;
using NUnit.Framework;

namespace Swash.Editor.Tests
{
    public sealed class WaveformTests
    {
        [Test]
        public void TheLoudestSampleOfAnyChannelIsSeenInItsColumn()
        {
            var samples = new float[2 * 1000];
            samples[2 * 250 + 1] = 0.75f; // on the right, a quarter of the way
            samples[2 * 999] = -0.5f;
            float[] peaks = Waveform.Peaks(samples, 2, 10);
            Assert.AreEqual(0.75f, peaks[2 * 2 + 1]);
            Assert.AreEqual(-0.5f, peaks[2 * 9]);
            Assert.AreEqual(1.25f, peaks.Sum(Math.Abs));
        }

        [Test]
        public void AShortSoundFillsEveryColumn()
        {
            float[] peaks = Waveform.Peaks(new[] { 0.25f, -0.25f }, 1, 100);
            Assert.AreEqual(50, peaks.Count(peak => peak == 0.25f));
            Assert.AreEqual(50, peaks.Count(peak => peak == -0.25f));
        }

        [Test]
        public void SilenceIsFlatAndNoColumnsAreRefused()
        {
            Assert.True(Waveform.Peaks(new float[0], 1, 3).SequenceEqual(new float[6]));
            Assert.Throws<ArgumentOutOfRangeException>(() => Waveform.Peaks(new float[4], 1, 0));
            Assert.Throws<ArgumentOutOfRangeException>(() => Waveform.Peaks(new float[4], 0, 1));
        }
    }
}
