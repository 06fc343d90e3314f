using System;
using UnityEngine;
using Object = UnityEngine.Object;

namespace Swash
{
    /// <summary>
    /// Makes an AudioSource sound like a live buffer: the source plays a clip of ones, so that Unity's audio thread
    /// gets its own gains for each channel, and these are multiplied by the sound. On the main thread, but for
    /// <see cref="Multiply"/>.
    /// </summary>
    internal sealed class LiveSpeaker : IDisposable
    {
        private readonly AudioSource _source;
        private readonly AudioClip _ones;
        private readonly LiveOutput _output;

        /// <summary>Plays, silent at first.</summary>
        /// <param name="source">Which becomes it; its clip is replaced.</param>
        /// <param name="channels">Of the sound, 1 or 2.</param>
        /// <param name="primeMs">How much must be there before it is heard.</param>
        /// <param name="aheadMs">How much the server makes ahead.</param>
        public LiveSpeaker(AudioSource source, int channels, int primeMs, int aheadMs)
        {
            int outputRate = AudioSettings.outputSampleRate;
            SessionRate = (int)RateConverter.SessionRate(outputRate);
            if (SessionRate != outputRate)
            {
                Debug.LogWarning(
                    "swash: no live session has the output's " + outputRate + " Hz, which is no multiple of 100 within "
                    + "8000 to 96000; the sound is converted from " + SessionRate + " Hz");
            }
            Buffer = new LiveBuffer(channels, SessionRate, primeMs, aheadMs);
            _output = new LiveOutput(Buffer, SessionRate, outputRate);
            _source = source;
            _ones = Ones(outputRate);
            _source.clip = _ones;
            _source.loop = true;
            _source.Play();
        }

        /// <summary>Frames a second that the session must have.</summary>
        public int SessionRate { get; }

        /// <summary>Where the session's sound goes.</summary>
        public LiveBuffer Buffer { get; }

        /// <summary>Turns a block of gains into a block of sound; the audio thread's.</summary>
        public void Multiply(float[] block, int channels) => _output.Multiply(block, channels);

        /// <summary>Is silent, and leaves the source without a clip.</summary>
        public void Dispose()
        {
            if (_source != null) // which is destroyed first when its object is
            {
                _source.Stop();
                _source.clip = null;
            }
            Object.Destroy(_ones);
        }

        private static AudioClip Ones(int rate)
        {
            var samples = new float[rate]; // a second; any length does
            for (int i = 0; i < samples.Length; i++)
                samples[i] = 1f;
            AudioClip ones = AudioClip.Create("swash ones", samples.Length, 1, rate, false);
            ones.SetData(samples, 0);
            return ones;
        }
    }
}
