using System;
using System.Threading;
using NUnit.Framework;

namespace Swash.Tests
{
    public sealed class FloatRingTests
    {
        [Test]
        public void What_is_written_is_read_across_the_seam()
        {
            var ring = new FloatRing(5);
            Assert.AreEqual(8, ring.Capacity);
            var target = new float[8];
            float next = 0;
            float expected = 0;
            for (int round = 0; round < 10; round++)
            {
                var source = new float[5];
                for (int i = 0; i < source.Length; i++)
                    source[i] = next++;
                Assert.AreEqual(5, ring.Write(source, 0, 5));
                Assert.AreEqual(5, ring.Count);
                Assert.AreEqual(3, ring.Free);
                Assert.AreEqual(5, ring.Read(target, 2, 6));
                for (int i = 0; i < 5; i++)
                    Assert.AreEqual(expected++, target[2 + i]);
            }
        }

        [Test]
        public void What_has_no_room_is_not_written_and_what_is_not_there_not_read()
        {
            var ring = new FloatRing(4);
            Assert.AreEqual(4, ring.Write(new float[] { 1, 2, 3, 4, 5 }, 0, 5));
            Assert.AreEqual(0, ring.Write(new float[] { 6 }, 0, 1));
            var target = new float[8];
            Assert.AreEqual(4, ring.Read(target, 0, 8));
            CollectionAssert.AreEqual(new float[] { 1, 2, 3, 4, 0, 0, 0, 0 }, target);
            Assert.AreEqual(0, ring.Read(target, 0, 8));
        }

        [Test]
        public void A_cleared_ring_holds_nothing_and_goes_on()
        {
            var ring = new FloatRing(4);
            ring.Write(new float[] { 1, 2, 3 }, 0, 3);
            ring.Clear();
            Assert.AreEqual(0, ring.Count);
            Assert.AreEqual(2, ring.Write(new float[] { 8, 9 }, 0, 2));
            var target = new float[2];
            Assert.AreEqual(2, ring.Read(target, 0, 2));
            CollectionAssert.AreEqual(new float[] { 8, 9 }, target);
        }

        [Test]
        public void Two_threads_pass_a_million_samples_in_order()
        {
            const int Samples = 1000000; // floats count exactly to 16 million
            var ring = new FloatRing(1000);
            var writer = new Thread(() =>
            {
                var block = new float[333];
                var sizes = new Random(1);
                for (int written = 0; written < Samples;)
                {
                    int count = Math.Min(sizes.Next(1, block.Length), Samples - written);
                    for (int i = 0; i < count; i++)
                        block[i] = written + i;
                    int taken = ring.Write(block, 0, count);
                    written += taken;
                    if (taken == 0)
                        Thread.Yield();
                }
            });
            writer.Start();
            var target = new float[257];
            int read = 0;
            int wrong = 0;
            while (read < Samples)
            {
                int count = ring.Read(target, 0, target.Length);
                for (int i = 0; i < count; i++)
                    wrong += target[i] == read + i ? 0 : 1;
                read += count;
                if (count == 0)
                    Thread.Yield();
            }
            writer.Join();
            Assert.AreEqual(0, wrong);
            Assert.AreEqual(0, ring.Count);
        }

        [Test]
        public void A_ring_of_no_size_is_refused()
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new FloatRing(0));
            Assert.Throws<ArgumentOutOfRangeException>(() => new FloatRing(int.MaxValue));
        }
    }
}
