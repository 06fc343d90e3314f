using System;
using System.Collections.Generic;
using NUnit.Framework;

namespace Swash.Tests
{
    public class LiveBufferTests
    {
        private const int Rate = 48000;
        private const int Block = 512;
        private const float Step = 0.9f / 240; // what a fade of 5 ms may change from one sample to the next

        [Test]
        public void Nothing_sounds_before_enough_is_there()
        {
            LiveBuffer buffer = NewBuffer(primeMs: 20);
            Write(buffer, 959);
            Assert.That(Read(buffer), Is.All.EqualTo(0f));
            Write(buffer, 1);
            Assert.That(Read(buffer), Is.All.EqualTo(0.9f), "and then all of it does, without a fade");
        }

        [Test]
        public void Running_out_and_coming_again_make_no_click()
        {
            LiveBuffer buffer = NewBuffer(primeMs: 20);
            var heard = new List<float>();
            Write(buffer, 1700);
            for (int i = 0; i < 5; i++)
                heard.AddRange(Read(buffer));
            Assert.That(buffer.Underruns, Is.EqualTo(1));
            Assert.That(heard.GetRange(heard.Count - Block, Block), Is.All.EqualTo(0f), "a whole block of silence");
            Write(buffer, 2000);
            heard.AddRange(Read(buffer));
            heard.AddRange(Read(buffer));
            Assert.That(heard[heard.Count - 1], Is.EqualTo(0.9f));
            AssertNoClick(heard, 1);
        }

        [Test]
        public void Running_out_between_two_blocks_makes_no_click()
        {
            LiveBuffer buffer = NewBuffer(primeMs: 20);
            var heard = new List<float>();
            Write(buffer, 2 * Block);
            for (int i = 0; i < 4; i++)
                heard.AddRange(Read(buffer));
            Assert.That(buffer.Underruns, Is.EqualTo(1), "and silence is not counted again");
            Assert.That(heard[heard.Count - 1], Is.EqualTo(0f));
            AssertNoClick(heard, 1);
        }

        [Test]
        public void What_comes_while_nobody_reads_never_piles_up()
        {
            LiveBuffer buffer = NewBuffer(primeMs: 20);
            var heard = new List<float>();
            Write(buffer, 2000);
            heard.AddRange(Read(buffer));
            Write(buffer, 2 * Rate); // more than it holds
            int full = buffer.BufferedFrames;
            Assert.That(full, Is.LessThan(Rate), "less than a second");
            heard.AddRange(Read(buffer));
            Assert.That(buffer.BufferedFrames, Is.Zero, "what is too old is let go of");
            Write(buffer, 2000);
            heard.AddRange(Read(buffer));
            Assert.That(heard[heard.Count - 1], Is.EqualTo(0.9f));
            AssertNoClick(heard, 1);
            Assert.That(buffer.Underruns, Is.Zero);
        }

        [Test]
        public void The_end_is_heard_to_its_last_frame()
        {
            LiveBuffer buffer = NewBuffer(primeMs: 20);
            Write(buffer, 100); // less than is waited for
            buffer.End();
            float[] block = Read(buffer);
            Assert.That(new ArraySegment<float>(block, 0, 100), Is.All.EqualTo(0.9f));
            Assert.That(new ArraySegment<float>(block, 100, Block - 100), Is.All.EqualTo(0f));
            Assert.That(buffer.Drained, Is.True);
            Assert.That(buffer.Underruns, Is.Zero);
        }

        [Test]
        public void Another_session_fades_in_where_the_last_one_broke_off()
        {
            LiveBuffer buffer = NewBuffer(primeMs: 20);
            var heard = new List<float>();
            Write(buffer, 4000);
            heard.AddRange(Read(buffer));
            buffer.Restart();
            Write(buffer, 100); // before the reader has noticed: goes nowhere
            heard.AddRange(Read(buffer));
            Assert.That(buffer.BufferedFrames, Is.Zero);
            Write(buffer, 4000);
            heard.AddRange(Read(buffer));
            Assert.That(heard[heard.Count - 1], Is.EqualTo(0.9f));
            AssertNoClick(heard, 1);
        }

        [TestCase(1, 1)]
        [TestCase(1, 2)]
        [TestCase(2, 1)]
        [TestCase(2, 2)]
        [TestCase(2, 4)]
        [TestCase(2, 5)]
        [TestCase(2, 6)]
        [TestCase(2, 8)]
        public void Every_speaker_gets_its_side(int session, int speakers)
        {
            var buffer = new LiveBuffer(session, Rate, 10, 40);
            var frame = session == 1 ? new[] { 0.5f } : new[] { 0.2f, 0.6f };
            for (int i = 0; i < 480; i++)
                buffer.Write(frame, session);
            var block = new float[4 * speakers];
            for (int i = 0; i < block.Length; i++)
                block[i] = 0.5f; // Unity's gain
            new LiveOutput(buffer, Rate, Rate).Multiply(block, speakers);
            float left = 0.5f * frame[0], right = 0.5f * frame[session - 1], middle = 0.5f * (left + right);
            var layouts = new Dictionary<int, float[]>
            {
                [1] = new[] { middle },
                [2] = new[] { left, right },
                [4] = new[] { left, right, left, right },
                [5] = new[] { left, right, middle, left, right },
                [6] = new[] { left, right, middle, middle, left, right },
                [8] = new[] { left, right, middle, middle, left, right, left, right },
            };
            for (int channel = 0; channel < speakers; channel++)
                Assert.That(block[2 * speakers + channel], Is.EqualTo(layouts[speakers][channel]).Within(1e-6f), "channel " + channel);
        }

        [TestCase(22050)]
        [TestCase(192000)]
        [TestCase(11025)]
        public void An_output_of_an_odd_rate_hears_the_same_pitch(int outputRate)
        {
            const double ToneHz = 440.0;
            Assert.That(RateConverter.SessionRate(outputRate), Is.EqualTo(48000u));
            var buffer = new LiveBuffer(1, Rate, 10, 2000);
            var tone = new float[2 * Rate];
            for (int i = 0; i < tone.Length; i++)
                tone[i] = (float)Math.Sin(2.0 * Math.PI * ToneHz * i / Rate);
            buffer.Write(tone, tone.Length);
            var converter = new RateConverter(buffer, Rate, outputRate, Block);
            int frames = outputRate / 2;
            int crossings = 0;
            float worst = 0f, last = 0f;
            var block = new float[Block];
            for (int at = 0; at + Block <= frames; at += Block)
            {
                converter.Read(block, Block);
                for (int i = 0; i < Block; i++)
                {
                    if (last < 0f && block[i] >= 0f)
                        crossings++;
                    if (at > 0)
                        worst = Math.Max(worst, Math.Abs(block[i] - last));
                    last = block[i];
                }
            }
            double heardS = (double)(frames - frames % Block) / outputRate;
            Assert.That(crossings / heardS, Is.EqualTo(ToneHz).Within(2.0 / heardS));
            Assert.That(worst, Is.LessThan(1.1 * 2.0 * Math.PI * ToneHz / outputRate), "a step between blocks");
        }

        [TestCase(48000, 48000u)]
        [TestCase(44100, 44100u)]
        [TestCase(96000, 96000u)]
        [TestCase(8000, 8000u)]
        public void A_session_has_the_rate_of_the_output(int outputRate, uint sessionRate) =>
            Assert.That(RateConverter.SessionRate(outputRate), Is.EqualTo(sessionRate));

        private static LiveBuffer NewBuffer(int primeMs) => new LiveBuffer(1, Rate, primeMs, 200);

        private static void Write(LiveBuffer buffer, int frames)
        {
            var samples = new float[Block];
            for (int i = 0; i < samples.Length; i++)
                samples[i] = 0.9f;
            for (int left = frames; left > 0; left -= Block)
                buffer.Write(samples, Math.Min(left, Block));
        }

        private static float[] Read(LiveBuffer buffer)
        {
            var block = new float[Block];
            buffer.Read(block, Block);
            return block;
        }

        /// <summary>But for the start, which is the session's own, no sample is far from the one before it.</summary>
        private static void AssertNoClick(List<float> heard, int from)
        {
            for (int i = from; i < heard.Count; i++)
                Assert.That(Math.Abs(heard[i] - heard[i - 1]), Is.LessThan(1.5f * Step), "at " + i);
        }
    }
}
