using System;
using Swash.V1;

namespace Swash
{
    /// <summary>PCM as it travels, little-endian and interleaved, to floats and to WAV files.</summary>
    public static class Pcm
    {
        private const float S16Scale = 1f / 32768f; // a power of two: the way there and back is exact
        private const int WavHeadBytes = 44;
        private const ushort WavInteger = 1;
        private const ushort WavFloat = 3;

        /// <summary>Bytes of one sample; 0 of an encoding that is no PCM.</summary>
        public static int SampleBytes(Encoding encoding)
        {
            switch (encoding)
            {
                case Encoding.PcmS16Le: return 2;
                case Encoding.PcmF32Le: return 4;
                default: return 0;
            }
        }

        /// <summary>Decodes signed 16-bit samples to [-1, 1) and returns how many there were.</summary>
        /// <exception cref="ArgumentException">The target is too short.</exception>
        public static int DecodeS16(ArraySegment<byte> source, float[] target)
        {
            int samples = Checked(source.Count / 2, target);
            byte[] bytes = source.Array;
            for (int i = 0, at = source.Offset; i < samples; i++, at += 2)
                target[i] = (short)(bytes[at] | bytes[at + 1] << 8) * S16Scale;
            return samples;
        }

        /// <summary>Decodes 32-bit IEEE floats and returns how many there were.</summary>
        /// <exception cref="ArgumentException">The target is too short.</exception>
        public static int DecodeF32(ArraySegment<byte> source, float[] target)
        {
            int samples = Checked(source.Count / 4, target);
            if (samples == 0)
                return 0;
            if (BitConverter.IsLittleEndian)
            {
                Buffer.BlockCopy(source.Array, source.Offset, target, 0, samples * 4);
                return samples;
            }
            var sample = new byte[4];
            for (int i = 0; i < samples; i++)
            {
                Buffer.BlockCopy(source.Array, source.Offset + i * 4, sample, 0, 4);
                Array.Reverse(sample);
                target[i] = BitConverter.ToSingle(sample, 0);
            }
            return samples;
        }

        /// <summary>Returns PCM as interleaved samples in [-1, 1].</summary>
        /// <exception cref="InvalidOperationException">The encoding is no PCM.</exception>
        public static float[] Decode(byte[] data, Encoding encoding)
        {
            int sampleBytes = SampleBytes(encoding);
            if (sampleBytes == 0)
                throw new InvalidOperationException("samples are in PCM only, and this is " + encoding);
            var samples = new float[data.Length / sampleBytes];
            if (sampleBytes == 2)
                DecodeS16(new ArraySegment<byte>(data), samples);
            else
                DecodeF32(new ArraySegment<byte>(data), samples);
            return samples;
        }

        /// <summary>
        /// Returns a WAV file of a take of PCM, 16-bit or float as it came. It has no loop points: ask the server for
        /// <see cref="Encoding.Wav"/> where they matter; such a take is returned as it is.
        /// </summary>
        /// <exception cref="InvalidOperationException">The take is compressed.</exception>
        public static byte[] ToWav(Take take)
        {
            if (take.Header.Encoding == Encoding.Wav)
                return take.Data;
            int sampleBytes = SampleBytes(take.Header.Encoding);
            if (sampleBytes == 0)
                throw new InvalidOperationException("a WAV file is made of PCM, and this is " + take.Header.Encoding);
            uint frameBytes = take.Header.Channels * (uint)sampleBytes;
            var wav = new byte[WavHeadBytes + take.Data.Length];
            PutText(wav, 0, "RIFF");
            Put(wav, 4, (uint)(wav.Length - 8), 4);
            PutText(wav, 8, "WAVEfmt ");
            Put(wav, 16, 16, 4); // bytes of the format that follows
            Put(wav, 20, sampleBytes == 2 ? WavInteger : WavFloat, 2);
            Put(wav, 22, take.Header.Channels, 2);
            Put(wav, 24, take.Header.SampleRate, 4);
            Put(wav, 28, take.Header.SampleRate * frameBytes, 4);
            Put(wav, 32, frameBytes, 2);
            Put(wav, 34, (uint)sampleBytes * 8, 2);
            PutText(wav, 36, "data");
            Put(wav, 40, (uint)take.Data.Length, 4);
            Buffer.BlockCopy(take.Data, 0, wav, WavHeadBytes, take.Data.Length);
            return wav;
        }

        private static int Checked(int samples, float[] target)
        {
            if (samples > target.Length)
                throw new ArgumentException("room for " + samples + " samples, got " + target.Length, nameof(target));
            return samples;
        }

        private static void Put(byte[] target, int at, uint value, int bytes)
        {
            for (int i = 0; i < bytes; i++)
                target[at + i] = (byte)(value >> (8 * i));
        }

        private static void PutText(byte[] target, int at, string text)
        {
            for (int i = 0; i < text.Length; i++)
                target[at + i] = (byte)text[i];
        }
    }
}
