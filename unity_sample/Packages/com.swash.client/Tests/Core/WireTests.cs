using System;
using System.Collections.Generic;
using NUnit.Framework;
using Swash.V1;
using Swash.Wire;

namespace Swash.Tests
{
    /// <summary>Messages as bytes. What bytes are right is on https://protobuf.dev/programming-guides/encoding/.</summary>
    public sealed class WireTests
    {
        [Test]
        public void A_request_becomes_the_bytes_that_protobuf_gives_it()
        {
            var request = new RenderRequest { Prompt = "rain", Seed = 300, Loop = true, DurationS = 1.5 };

            AssertBytes("0a04 7261696e 29 000000000000f83f 30ac02 4001", request.ToByteArray());
        }

        [Test]
        public void What_is_absent_takes_no_bytes_and_what_is_zero_on_purpose_does()
        {
            AssertBytes("", new RenderRequest().ToByteArray());
            AssertBytes("3000", new RenderRequest { Seed = 0 }.ToByteArray());
            AssertBytes("2200", new RenderRequest { Engine = "" }.ToByteArray());

            RenderRequest read = RenderRequest.Parse(new byte[] { 0x30, 0 });

            Assert.AreEqual(0u, read.Seed);
            Assert.AreEqual(null, read.Takes);
            Assert.AreEqual(null, read.Engine);
        }

        [Test]
        public void Of_prompt_and_effect_only_the_last_that_was_set_remains()
        {
            var request = new RenderRequest { Prompt = "rain", Effect = "wind" };
            Assert.AreEqual(RenderRequest.SoundOneofCase.Effect, request.SoundCase);
            Assert.AreEqual("", request.Prompt);

            request.Prompt = null;
            Assert.AreEqual("wind", request.Effect);

            request.Effect = null;
            Assert.AreEqual(RenderRequest.SoundOneofCase.None, request.SoundCase);
        }

        [Test]
        public void The_order_in_which_parameters_were_set_changes_no_byte()
        {
            byte[] first = WithParameters("wind", "rate", "\ud83c\udf0a", "\uffff").ToByteArray();
            byte[] second = WithParameters("\uffff", "\ud83c\udf0a", "rate", "wind").ToByteArray();

            Assert.AreEqual(Hex(first), Hex(second));
            Assert.AreEqual(4, StartVoice.Parse(first).Parameters.Count);
        }

        [Test]
        public void A_message_that_comes_in_two_parts_is_merged()
        {
            byte[] first = new RenderResponse { Header = new Header { Engine = "procedural" } }.ToByteArray();
            byte[] second = new RenderResponse { Header = new Header { Seed = 7 } }.ToByteArray();

            Header header = RenderResponse.Parse(Joined(first, second)).Header;

            Assert.AreEqual("procedural", header.Engine);
            Assert.AreEqual(7u, header.Seed);
        }

        [Test]
        public void What_a_newer_server_adds_is_skipped()
        {
            byte[] known = new Audio { FirstFrame = 480, Data = new byte[] { 1, 2 } }.ToByteArray();
            byte[] group = { 0xc3, 0x3e, 0x08, 0x01, 0xc4, 0x3e }; // field 1000, a group with a number in it
            byte[] text = { 0xca, 0x3e, 0x02, 0x68, 0x69 }; // field 1001, two bytes

            Audio read = Audio.Parse(Joined(group, known, text));

            Assert.AreEqual(480ul, read.FirstFrame);
            AssertBytes("0102", read.Data);
        }

        [Test]
        public void Bytes_that_are_no_message_are_refused()
        {
            Refused("0a05 7261", "a length beyond the end");
            Refused("0a02 c328", "text that is not UTF-8");
            Refused("30 ffffffffffffffffffff01", "a number of eleven bytes");
            Refused("30", "a field without its value");
            Refused("0001", "field number 0");
            Refused("0c", "the end of a group that has not begun");
            Refused("c33e", "a group without its end");
            Refused("0e", "a wire type that is none");
        }

        [Test]
        public void Text_with_half_a_surrogate_pair_cannot_be_sent()
        {
            Assert.Throws<ProtoException>(() => new RenderRequest { Prompt = "wave \ud83c" }.ToByteArray());
        }

        [Test]
        public void A_long_part_has_its_length_before_it()
        {
            var response = new RenderResponse { Audio = new Audio { Data = new byte[70000] } };
            response.Audio.Data[69999] = 42;

            byte[] bytes = response.ToByteArray();

            Assert.AreEqual("12f4a2040af0a204", Hex(bytes).Substring(0, 16));
            Assert.AreEqual(42, RenderResponse.Parse(bytes).Audio.Data[69999]);
        }

        [Test]
        public void A_part_of_a_buffer_is_read_where_it_lies()
        {
            byte[] buffer = { 0xff, 0x08, 0x07, 0xff };

            Assert.AreEqual(7u, Progress.Parse(buffer, 1, 2).Take);
            Assert.Throws<ArgumentOutOfRangeException>(() => Progress.Parse(buffer, 3, 2));
        }

        private static StartVoice WithParameters(params string[] names)
        {
            var start = new StartVoice();
            foreach (string name in names) start.Parameters[name] = new ParameterValue { Number = name.Length };
            return start;
        }

        private static void Refused(string hex, string why)
        {
            Assert.Throws<ProtoException>(() => RenderRequest.Parse(Bytes(hex)), why);
        }

        private static void AssertBytes(string expected, byte[] actual)
        {
            Assert.AreEqual(expected.Replace(" ", ""), Hex(actual));
        }

        private static string Hex(byte[] bytes)
        {
            return BitConverter.ToString(bytes).Replace("-", "").ToLowerInvariant();
        }

        private static byte[] Bytes(string hex)
        {
            string digits = hex.Replace(" ", "");
            var bytes = new byte[digits.Length / 2];
            for (int i = 0; i < bytes.Length; i++) bytes[i] = Convert.ToByte(digits.Substring(2 * i, 2), 16);
            return bytes;
        }

        private static byte[] Joined(params byte[][] parts)
        {
            var joined = new List<byte>();
            foreach (byte[] part in parts) joined.AddRange(part);
            return joined.ToArray();
        }
    }
}
