using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using UnityEngine;

namespace UnityDouble
{
    /// <summary>The sound card: a thread that calls for blocks, by itself as time passes or when a test says so.</summary>
    public static class AudioDevice
    {
        /// <summary>Frames of a block.</summary>
        public const int BlockFrames = 1024;

        private static double s_dueFrames;

        /// <summary>Frames a second.</summary>
        public static int SampleRate { get; private set; } = 48000;

        /// <summary>Speakers.</summary>
        public static int Channels { get; private set; } = 2;

        /// <summary>Whether it runs by itself; else only <see cref="Play"/> makes it.</summary>
        public static bool Runs { get; set; } = true;

        internal static object Lock { get; } = new object();

        /// <summary>Plays so many blocks at once and returns the mix, interleaved.</summary>
        public static float[] Play(int blocks)
        {
            var mix = new float[blocks * BlockFrames * Channels];
            List<AudioSource> sources =
                World.Components().OfType<AudioSource>().Where(source => source.isActiveAndEnabled).ToList();
            var thread = new Thread(() =>
            {
                for (int block = 0; block < blocks; block++)
                {
                    foreach (AudioSource source in sources)
                        MixInto(mix, block * BlockFrames * Channels, source);
                }
            });
            thread.Start();
            thread.Join();
            return mix;
        }

        /// <summary>Another device is plugged in: every source stops, and whoever listens is told.</summary>
        public static void Change(int sampleRate, int channels)
        {
            SampleRate = sampleRate;
            Channels = channels;
            foreach (AudioSource source in World.Components().OfType<AudioSource>())
                source.Halt();
            AudioSettings.RaiseChanged();
        }

        internal static void Reset()
        {
            SampleRate = 48000;
            Channels = 2;
            Runs = true;
            s_dueFrames = 0.0;
        }

        internal static void Pass(double seconds)
        {
            if (!Runs)
                return;
            s_dueFrames += seconds * SampleRate;
            int blocks = (int)(s_dueFrames / BlockFrames);
            s_dueFrames -= (double)blocks * BlockFrames;
            if (blocks > 0)
                Play(blocks);
        }

        private static void MixInto(float[] mix, int at, AudioSource source)
        {
            var block = new float[BlockFrames * Channels];
            if (!source.Fill(block, Channels, SampleRate))
                return;
            foreach (MonoBehaviour filter in source.gameObject.Components.OfType<MonoBehaviour>())
            {
                if (filter.isActiveAndEnabled && Messages.Has(filter, "OnAudioFilterRead"))
                    Messages.Send(filter, "OnAudioFilterRead", block, Channels);
            }
            for (int i = 0; i < block.Length; i++)
                mix[at + i] += source.mute ? 0f : block[i];
        }
    }
}
