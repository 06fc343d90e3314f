using System;
using System.Collections.Generic;
using UnityEngine;

namespace Swash.Tests
{
    /// <summary>Keeps the left channel of what the components above it let through.</summary>
    public sealed class Recorder : MonoBehaviour
    {
        private readonly List<float> _left = new List<float>();

        /// <summary>How many frames were heard.</summary>
        public int Frames
        {
            get
            {
                lock (_left)
                    return _left.Count;
            }
        }

        /// <summary>Returns what was heard so far.</summary>
        public float[] Heard()
        {
            lock (_left)
                return _left.ToArray();
        }

        /// <summary>The largest change from one sample to the next in a part of what was heard.</summary>
        public static float LargestStep(ReadOnlySpan<float> heard)
        {
            float largest = 0f;
            for (int i = 1; i < heard.Length; i++)
                largest = Math.Max(largest, Math.Abs(heard[i] - heard[i - 1]));
            return largest;
        }

        private void OnAudioFilterRead(float[] data, int channels)
        {
            lock (_left)
            {
                for (int i = 0; i < data.Length; i += channels)
                    _left.Add(data[i]);
            }
        }
    }
}
