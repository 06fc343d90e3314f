using System;
using System.Threading;
using UnityEngine;

namespace Swash.Tests
{
    /// <summary>Hears what the components above it on the same object let through.</summary>
    public sealed class AudioProbe : MonoBehaviour
    {
        private int _peakMillionths;

        /// <summary>The loudest sample so far.</summary>
        public float Peak => Volatile.Read(ref _peakMillionths) * 1e-6f;

        private void OnAudioFilterRead(float[] data, int channels)
        {
            float peak = Peak;
            foreach (float sample in data)
                peak = Math.Max(peak, Math.Abs(sample));
            Volatile.Write(ref _peakMillionths, (int)(peak * 1e6f));
        }
    }
}
