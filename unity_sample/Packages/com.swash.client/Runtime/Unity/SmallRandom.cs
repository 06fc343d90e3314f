namespace Swash
{
    /// <summary>
    /// A small generator of its own, so that choices do not disturb the game's, and the same seed makes the same ones
    /// everywhere: xorshift32 (Marsaglia, "Xorshift RNGs", 2003, triple 13, 17, 5).
    /// </summary>
    internal sealed class SmallRandom
    {
        private uint _state;

        /// <summary>Begins; seeds that lie side by side begin far apart.</summary>
        public SmallRandom(uint seed)
        {
            unchecked
            {
                uint mixed = seed + 0x9E3779B9u; // the finalizer of MurmurHash3 behind it
                mixed = (mixed ^ (mixed >> 16)) * 0x85EBCA6Bu;
                mixed = (mixed ^ (mixed >> 13)) * 0xC2B2AE35u;
                mixed ^= mixed >> 16;
                _state = mixed == 0 ? 1 : mixed; // 0 would stay 0
            }
        }

        /// <summary>Returns a number from 0 to less than 1.</summary>
        public float Next()
        {
            _state ^= _state << 13;
            _state ^= _state >> 17;
            _state ^= _state << 5;
            return (_state >> 8) * (1f / (1 << 24));
        }

        /// <summary>Returns a whole number from 0 to less than this.</summary>
        public int Below(int bound) => (int)(Next() * bound);
    }
}
