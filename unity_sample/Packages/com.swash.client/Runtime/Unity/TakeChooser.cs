using System;

namespace Swash
{
    /// <summary>Chooses takes by chance, never the same one twice in a row where there are two.</summary>
    internal sealed class TakeChooser
    {
        private const float SemitonesInOctave = 12f;

        private readonly SmallRandom _random;
        private int _last = -1;

        /// <summary>Begins; the same seed makes the same choices.</summary>
        public TakeChooser(uint seed) => _random = new SmallRandom(seed);

        /// <summary>Returns the next choice.</summary>
        /// <param name="takes">How many there are, 1 or more.</param>
        /// <param name="pitchJitterSemitones">How far up or down at most.</param>
        /// <param name="gainJitterDb">How much softer at most; louder than it was made nothing gets.</param>
        public BankShot Next(int takes, float pitchJitterSemitones, float gainJitterDb)
        {
            float semitones = (2f * _random.Next() - 1f) * pitchJitterSemitones;
            float db = -_random.Next() * gainJitterDb;
            return new BankShot(
                NextTake(takes),
                (float)Math.Pow(2.0, semitones / SemitonesInOctave),
                (float)Math.Pow(10.0, db / 20.0));
        }

        private int NextTake(int takes)
        {
            bool avoidsOne = _last >= 0 && _last < takes && takes > 1;
            int take = _random.Below(avoidsOne ? takes - 1 : takes);
            if (avoidsOne && take >= _last)
                take++;
            _last = take;
            return take;
        }
    }
}
