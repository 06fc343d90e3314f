namespace Swash
{
    /// <summary>One playing of a bank: which take, how high, how loud.</summary>
    public readonly struct BankShot
    {
        internal BankShot(int take, float pitch, float gain)
        {
            Take = take;
            Pitch = pitch;
            Gain = gain;
        }

        /// <summary>0 for the first take.</summary>
        public int Take { get; }

        /// <summary>1 as it was made, 2 an octave higher.</summary>
        public float Pitch { get; }

        /// <summary>0 to 1.</summary>
        public float Gain { get; }
    }
}
