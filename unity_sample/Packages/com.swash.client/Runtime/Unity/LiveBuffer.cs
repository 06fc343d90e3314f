using System;
using System.Threading;

namespace Swash
{
    /// <summary>
    /// Stands between a live session and the audio thread. The session's thread writes what comes, the audio thread
    /// reads whole blocks. Nothing sounds before enough is there; when it runs out, the sound fades, is silent until
    /// enough is there again, and fades in: a gap is heard, a click never is.
    /// </summary>
    /// <remarks>
    /// Frames are interleaved. Nothing here waits, locks, allocates or throws, but the constructor.
    /// The same happens when the reader has stood still (the game was paused) and nothing more fits: what is stored is
    /// too old to be played by then and is let go of. So does the drift between the server's clock and the device's,
    /// some 0.1 s in an hour, end in a short dip, and latency never grows.
    /// </remarks>
    internal sealed class LiveBuffer
    {
        private const float FadeS = 0.005f; // shorter ones are heard as a click, longer ones as a dent

        private readonly FloatRing _ring;
        private readonly int _channels;
        private readonly int _primeSamples;
        private readonly int _fadeFrames;
        private readonly float[] _lastFrame;
        private bool _playing; // of the reader
        private bool _hasPlayed;
        private int _ended;
        private int _drained;
        private int _restarting;
        private int _underruns;
        private int _overflows;
        private long _readFrames;

        /// <summary>Begins empty.</summary>
        /// <param name="channels">1 or 2.</param>
        /// <param name="sampleRate">Frames a second.</param>
        /// <param name="primeMs">How much must be there before anything is heard.</param>
        /// <param name="aheadMs">How much the server makes ahead: so much may come at once.</param>
        public LiveBuffer(int channels, int sampleRate, int primeMs, int aheadMs)
        {
            _channels = channels;
            _primeSamples = Math.Max(1, (int)((long)sampleRate * primeMs / 1000)) * channels;
            _fadeFrames = Math.Max(1, (int)(sampleRate * FadeS));
            _lastFrame = new float[channels];
            int holdsMs = 2 * (primeMs + aheadMs) + 200; // a hundredth of a second of jitter, ten times over
            _ring = new FloatRing((int)((long)sampleRate * holdsMs / 1000) * channels);
        }

        /// <summary>1 or 2.</summary>
        public int Channels => _channels;

        /// <summary>Frames that wait to be heard.</summary>
        public int BufferedFrames => _ring.Count / _channels;

        /// <summary>Frames that were heard.</summary>
        public long ReadFrames => Interlocked.Read(ref _readFrames);

        /// <summary>How often it ran out.</summary>
        public int Underruns => Volatile.Read(ref _underruns);

        /// <summary>How often more came than it holds.</summary>
        public int Overflows => Volatile.Read(ref _overflows);

        /// <summary>Whether enough is there to be heard.</summary>
        public bool Primed => _ring.Count >= _primeSamples;

        /// <summary>Whether everything was heard, after <see cref="End"/>.</summary>
        public bool Drained => Volatile.Read(ref _drained) != 0;

        /// <summary>Takes in whole frames; from one thread. What does not fit is let go of, with all that waits.</summary>
        public void Write(float[] samples, int count)
        {
            if (Volatile.Read(ref _restarting) != 0)
                return; // until the reader has noticed
            if (_ring.Free < count)
            {
                Interlocked.Increment(ref _overflows);
                Volatile.Write(ref _restarting, 1);
                return;
            }
            _ring.Write(samples, 0, count);
        }

        /// <summary>
        /// Says that what comes next does not go on from what came before: that fades, then it begins anew. Not while
        /// somebody writes.
        /// </summary>
        public void Restart() => Volatile.Write(ref _restarting, 1);

        /// <summary>Says that no more comes: what waits is heard, and then it is drained.</summary>
        public void End() => Volatile.Write(ref _ended, 1);

        /// <summary>Fills a block with what comes next, or with silence; from the audio thread.</summary>
        /// <param name="block">Interleaved.</param>
        /// <param name="frames">How many frames of it to fill.</param>
        public void Read(float[] block, int frames)
        {
            if (frames == 0)
                return;
            bool ended = Volatile.Read(ref _ended) != 0; // before the ring is looked at: then nothing is missed
            bool restarts = Volatile.Read(ref _restarting) != 0;
            bool begins = !_playing && !restarts && (Primed || (ended && _ring.Count > 0));
            _playing |= begins;
            int got = _playing ? _ring.Read(block, 0, frames * _channels) / _channels : 0;
            Array.Clear(block, got * _channels, (frames - got) * _channels);
            if (begins && _hasPlayed) // the first one begins with the session, whose voices fade in themselves
                FadeIn(block, Math.Min(got, _fadeFrames));
            bool breaksOff = _playing && (restarts || (got < frames && !ended));
            if (breaksOff)
                FadeOut(block, got, frames);
            if (breaksOff && !restarts)
                Interlocked.Increment(ref _underruns);
            if (restarts)
                Forget();
            _playing &= got == frames && !breaksOff;
            _hasPlayed |= got > 0;
            Array.Copy(block, (frames - 1) * _channels, _lastFrame, 0, _channels);
            Interlocked.Add(ref _readFrames, got);
            if (ended && _ring.Count == 0)
                Volatile.Write(ref _drained, 1);
        }

        private void Forget()
        {
            _ring.Clear();
            Volatile.Write(ref _restarting, 0); // the writer goes on
        }

        private void FadeIn(float[] block, int over)
        {
            for (int frame = 0; frame < over; frame++)
            {
                float gain = (frame + 1f) / (over + 1f);
                for (int channel = 0; channel < _channels; channel++)
                    block[frame * _channels + channel] *= gain;
            }
        }

        /// <summary>Fade what there is of a block, and hold its last frame where that is too short.</summary>
        private void FadeOut(float[] block, int got, int frames)
        {
            int start = Math.Max(0, Math.Min(got, frames) - _fadeFrames);
            int over = Math.Min(_fadeFrames, frames - start);
            for (int channel = 0; channel < _channels; channel++)
            {
                float held = got > 0 ? block[(got - 1) * _channels + channel] : _lastFrame[channel];
                for (int frame = start; frame < frames; frame++)
                {
                    int at = frame * _channels + channel;
                    float gain = Math.Max(0f, 1f - (frame - start + 1f) / over);
                    block[at] = gain * (frame < got ? block[at] : held);
                }
            }
        }
    }
}
