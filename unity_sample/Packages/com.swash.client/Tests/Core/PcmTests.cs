using System;
using System.Linq;
using NUnit.Framework;
using Swash.V1;

namespace Swash.Tests
{
    public sealed class PcmTests
    {
        [Test]
        public void Integers_become_floats_of_full_scale()
        {
            var bytes = new byte[] { 99, 0x00, 0x80, 0xff, 0x7f, 0x00, 0x00, 0xff, 0xff };
            var samples = new float[5];
            Assert.AreEqual(4, Pcm.DecodeS16(new ArraySegment<byte>(bytes, 1, 8), samples));
            CollectionAssert.AreEqual(new[] { -1f, 32767f / 32768f, 0f, -1f / 32768f, 0f }, samples);
        }

        [Test]
        public void Floats_stay_as_they_are()
        {
            byte[] bytes = new byte[] { 99 }.Concat(BitConverter.GetBytes(0.25f)).Concat(BitConverter.GetBytes(-1f)).ToArray();
            var samples = new float[2];
            Assert.AreEqual(2, Pcm.DecodeF32(new ArraySegment<byte>(bytes, 1, 8), samples));
            CollectionAssert.AreEqual(new[] { 0.25f, -1f }, samples);
            Assert.Throws<ArgumentException>(() => Pcm.DecodeF32(new ArraySegment<byte>(bytes), new float[1]));
        }

        [Test]
        public void A_wav_file_says_what_is_in_it()
        {
            var header = new Header { SampleRate = 48000, Channels = 2, Encoding = Encoding.PcmS16Le };
            byte[] wav = Pcm.ToWav(new Take(header, new byte[] { 1, 2, 3, 4 }, new Trailer { Frames = 1 }));
            Assert.AreEqual(48, wav.Length);
            Assert.AreEqual("RIFF", System.Text.Encoding.ASCII.GetString(wav, 0, 4));
            Assert.AreEqual(40, BitConverter.ToInt32(wav, 4));
            Assert.AreEqual(1, BitConverter.ToInt16(wav, 20));
            Assert.AreEqual(2, BitConverter.ToInt16(wav, 22));
            Assert.AreEqual(48000, BitConverter.ToInt32(wav, 24));
            Assert.AreEqual(192000, BitConverter.ToInt32(wav, 28));
            Assert.AreEqual(4, BitConverter.ToInt16(wav, 32));
            Assert.AreEqual(16, BitConverter.ToInt16(wav, 34));
            Assert.AreEqual(4, BitConverter.ToInt32(wav, 40));
            CollectionAssert.AreEqual(new byte[] { 1, 2, 3, 4 }, wav.Skip(44).ToArray());
        }

        [Test]
        public void Floats_make_a_wav_file_of_floats()
        {
            var header = new Header { SampleRate = 8000, Channels = 1, Encoding = Encoding.PcmF32Le };
            byte[] wav = Pcm.ToWav(new Take(header, new byte[8], new Trailer { Frames = 2 }));
            Assert.AreEqual(3, BitConverter.ToInt16(wav, 20));
            Assert.AreEqual(32, BitConverter.ToInt16(wav, 34));
        }

        [Test]
        public void What_is_compressed_makes_no_wav_file_and_no_samples()
        {
            var take = new Take(new Header { Channels = 1, Encoding = Encoding.OggVorbis }, new byte[8], new Trailer());
            Assert.Throws<InvalidOperationException>(() => Pcm.ToWav(take));
            Assert.Throws<InvalidOperationException>(() => take.ToSamples());
        }
    }
}
