using System;
using System.Collections.Generic;
using NUnit.Framework;
using Swash.V1;
using Swash.Wire;

namespace Swash.Tests
{
    public sealed class AnswerTests
    {
        [Test]
        public void A_message_is_utf8_under_its_percent_signs()
        {
            Assert.AreEqual("雨 100 % ü", GrpcAnswer.Decoded("%E9%9B%A8 100 % %C3%BC"));
            Assert.AreEqual("100%", GrpcAnswer.Decoded("100%"));
            Assert.AreEqual("%zz", GrpcAnswer.Decoded("%zz"));
            Assert.AreEqual("", GrpcAnswer.Decoded(null));
        }

        [Test]
        public void Details_tell_the_field_what_to_try_and_when_to_come_back()
        {
            var badRequest = new BadRequest();
            badRequest.FieldViolations.Add(
                new BadRequest.Types.FieldViolation { Field = "duration_s", Description = "too long" });
            var retry = new RetryInfo { RetryDelay = new Duration { Seconds = 1, Nanos = 500_000_000 } };
            var resolution = new ResolvePromptResponse();
            resolution.Suggestions.Add("rain");
            resolution.UnknownWords.Add("blorp");

            SwashException error = ErrorOf("3", Base64Of(
                Detail("google.rpc.BadRequest", badRequest.ToByteArray()),
                Detail("google.rpc.RetryInfo", retry.ToByteArray()),
                Detail("swash.v1.ResolvePromptResponse", resolution.ToByteArray()),
                Detail("google.rpc.Help", new byte[] { 1, 2, 3 })));

            Assert.AreEqual(SwashStatus.InvalidArgument, error.Status);
            Assert.AreEqual("duration_s: too long", error.Violations[0].ToString());
            Assert.AreEqual(TimeSpan.FromSeconds(1.5), error.RetryAfter);
            Assert.AreEqual("rain", error.Suggestions[0]);
            Assert.AreEqual("blorp", error.UnknownWords[0]);
        }

        [Test]
        public void Details_are_read_with_padding_and_without()
        {
            for (int length = 1; length <= 3; length++)
            {
                var retry = new RetryInfo { RetryDelay = new Duration { Seconds = 7 } };
                string base64 = Base64Of(
                    Detail("google.rpc.RetryInfo", retry.ToByteArray()),
                    Detail(new string('x', length), new byte[0]));
                Assert.AreEqual(TimeSpan.FromSeconds(7), ErrorOf("8", base64).RetryAfter);
                Assert.AreEqual(TimeSpan.FromSeconds(7), ErrorOf("8", base64.TrimEnd('=')).RetryAfter);
            }
        }

        [Test]
        public void Details_that_cannot_be_read_take_nothing_from_the_error()
        {
            foreach (string details in new[] { "", "!!!", "AAAA", "/////w==" })
            {
                SwashException error = ErrorOf("5", details);
                Assert.AreEqual(SwashStatus.NotFound, error.Status);
                Assert.AreEqual("so it is", error.Message);
                Assert.AreEqual(0, error.Violations.Count);
                Assert.IsNull(error.RetryAfter);
            }
        }

        [Test]
        public void A_status_that_is_newer_than_this_client_is_unknown()
        {
            foreach (string code in new[] { "17", "99999999999", "-1", "ok" })
                Assert.AreEqual(SwashStatus.Unknown, ErrorOf(code, null).Status);
        }

        [Test]
        public void A_timeout_is_never_written_shorter_than_it_is()
        {
            Assert.AreEqual("1m", GrpcRequest.TimeoutText(TimeSpan.FromTicks(1)));
            Assert.AreEqual("1500m", GrpcRequest.TimeoutText(TimeSpan.FromSeconds(1.5)));
            Assert.AreEqual("99999999m", GrpcRequest.TimeoutText(TimeSpan.FromMilliseconds(99999999)));
            Assert.AreEqual("100000S", GrpcRequest.TimeoutText(TimeSpan.FromMilliseconds(99999999.5)));
            Assert.AreEqual("99999999S", GrpcRequest.TimeoutText(TimeSpan.MaxValue));
            Assert.Throws<ArgumentOutOfRangeException>(() => GrpcRequest.TimeoutText(TimeSpan.Zero));
        }

        private static Any Detail(string type, byte[] value) =>
            new Any { TypeUrl = "type.googleapis.com/" + type, Value = value };

        private static string Base64Of(params Any[] details)
        {
            var status = new Status();
            status.Details.AddRange(details);
            return Convert.ToBase64String(status.ToByteArray());
        }

        private static SwashException ErrorOf(string code, string details)
        {
            var trailers = new Dictionary<string, string>
            {
                ["grpc-status"] = code,
                ["grpc-message"] = "so it is",
                ["grpc-status-details-bin"] = details,
            };
            return Assert.Throws<SwashException>(() => GrpcAnswer.ThrowUnlessOk(name => trailers[name]));
        }
    }
}
