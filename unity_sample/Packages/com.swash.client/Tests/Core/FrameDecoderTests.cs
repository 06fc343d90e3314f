using System;
using System.Collections.Generic;
using NUnit.Framework;

namespace Swash.Tests
{
    public sealed class FrameDecoderTests
    {
        private static readonly byte[] Body = Joined(
            CannedServer.Frame(0, new byte[] { 1, 2, 3 }),
            CannedServer.Frame(0, new byte[0]),
            CannedServer.Frame(0, new byte[300]),
            CannedServer.Trailers("grpc-status: 0\r\ngrpc-message:all: is well\r\n"));

        [Test]
        public void Messages_are_the_same_wherever_the_body_is_cut()
        {
            for (int cut = 0; cut <= Body.Length; cut++)
            {
                var decoder = new GrpcFrameDecoder();
                var lengths = new List<int>();
                decoder.Feed(Body, 0, cut);
                TakeAll(decoder, lengths);
                decoder.Feed(Body, cut, Body.Length - cut);
                TakeAll(decoder, lengths);
                decoder.End();
                CollectionAssert.AreEqual(new[] { 3, 0, 300 }, lengths);
                Assert.AreEqual("0", decoder.Trailers["grpc-status"]);
                Assert.AreEqual("all: is well", decoder.Trailers["grpc-message"]);
            }
        }

        [Test]
        public void A_message_stays_as_it_is_while_more_is_fed()
        {
            var decoder = new GrpcFrameDecoder();
            byte[] next = FrameOf(0);
            decoder.Feed(next, 0, next.Length);
            for (byte number = 0; number < 100; number++)
            {
                Assert.IsTrue(decoder.TryTake(out ArraySegment<byte> message));
                next = FrameOf((byte)(number + 1));
                decoder.Feed(next, 0, next.Length);
                CollectionAssert.AreEqual(new ArraySegment<byte>(FrameOf(number), 5, 9000), message);
            }
        }

        [Test]
        public void A_long_answer_takes_no_more_memory_than_its_longest_message()
        {
            var decoder = new GrpcFrameDecoder();
            byte[] frame = CannedServer.Frame(0, new byte[1000]);
            byte[] buffer = null;
            for (int i = 0; i < 1000; i++)
            {
                decoder.Feed(frame, 0, frame.Length);
                Assert.IsTrue(decoder.TryTake(out ArraySegment<byte> message));
                buffer = buffer ?? message.Array;
                Assert.AreSame(buffer, message.Array);
                Assert.IsFalse(decoder.TryTake(out _));
            }
        }

        [Test]
        public void A_body_that_ends_in_a_message_is_a_broken_connection()
        {
            var decoder = new GrpcFrameDecoder();
            decoder.Feed(Body, 0, 6);
            Assert.IsFalse(decoder.TryTake(out _));
            Assert.AreEqual(SwashStatus.Unavailable, Assert.Throws<SwashException>(() => decoder.End()).Status);
        }

        [Test]
        public void Bytes_that_are_no_frames_are_refused()
        {
            Assert.AreEqual(SwashStatus.Internal, Refusal(new byte[] { (byte)'<', (byte)'h', (byte)'t', (byte)'m', (byte)'l' }));
            Assert.AreEqual(SwashStatus.Internal, Refusal(CannedServer.Frame(1, new byte[3])));
            Assert.AreEqual(SwashStatus.Internal, Refusal(Joined(CannedServer.Trailers("grpc-status:0"), new byte[1])));
            Assert.AreEqual(SwashStatus.ResourceExhausted, Refusal(new byte[] { 0, 255, 255, 255, 255 }));
        }

        private static byte[] FrameOf(byte number)
        {
            var content = new byte[9000]; // two do not fit into the decoder's first buffer
            for (int i = 0; i < content.Length; i++)
                content[i] = number;
            return CannedServer.Frame(0, content);
        }

        private static SwashStatus Refusal(byte[] body)
        {
            var decoder = new GrpcFrameDecoder(1000);
            decoder.Feed(body, 0, body.Length);
            return Assert.Throws<SwashException>(() => decoder.TryTake(out _)).Status;
        }

        private static void TakeAll(GrpcFrameDecoder decoder, List<int> lengths)
        {
            while (decoder.TryTake(out ArraySegment<byte> message))
                lengths.Add(message.Count);
        }

        private static byte[] Joined(params byte[][] parts)
        {
            var whole = new List<byte>();
            foreach (byte[] part in parts)
                whole.AddRange(part);
            return whole.ToArray();
        }
    }
}
