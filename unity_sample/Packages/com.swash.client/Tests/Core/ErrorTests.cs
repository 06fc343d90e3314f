using System;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;
using Swash.V1;

namespace Swash.Tests
{
    [TestFixture(HttpWire.GrpcWeb)]
    [TestFixture(HttpWire.GrpcHttp2)]
    public sealed class ErrorTests
    {
        private readonly HttpWire _wire;

        public ErrorTests(HttpWire wire)
        {
            _wire = wire;
        }

        [Test]
        public void A_field_out_of_range_is_named_with_its_range()
        {
            SwashException error = Refusal(new RenderRequest { Effect = "rain", DurationS = 1000 });
            Assert.AreEqual(SwashStatus.InvalidArgument, error.Status);
            Assert.AreEqual("duration_s", error.Violations[0].Field);
            StringAssert.Contains("120", error.Violations[0].Description);
            StringAssert.Contains("duration_s", error.Message);
        }

        [Test]
        public void Words_that_mean_nothing_come_back_with_what_to_try()
        {
            SwashException error = Refusal(new RenderRequest { Prompt = "flimmox and zwurbels" });
            Assert.AreEqual(SwashStatus.NotFound, error.Status);
            Assert.Greater(error.Suggestions.Count, 0);
            CollectionAssert.Contains(error.UnknownWords, "zwurbels");
        }

        [Test]
        public void The_text_of_an_error_is_in_any_script()
        {
            SwashException error = Refusal(new RenderRequest { Effect = "雨の音 100 % ü" });
            Assert.AreEqual(SwashStatus.InvalidArgument, error.Status);
            StringAssert.Contains("雨の音 100 % ü", error.Message);
        }

        [Test]
        public void An_engine_without_weights_says_how_to_bring_them()
        {
            SwashException error = Refusal(new RenderRequest { Prompt = "a dog barks", Engine = "stable_audio" });
            Assert.AreEqual(SwashStatus.FailedPrecondition, error.Status);
        }

        [Test]
        public void A_call_that_the_server_does_not_know_says_so()
        {
            Wait.For(async () =>
            {
                using (HttpTransport transport = TestServer.Transport(_wire))
                {
                    SwashException error = await Wait.ErrorOf(() => transport.CallAsync(
                        "/swash.v1.SoundService/Nothing", new byte[0], null, _ => default, CancellationToken.None));
                    Assert.AreEqual(SwashStatus.Unimplemented, error.Status);
                }
            });
        }

        [Test]
        public void The_servers_other_port_is_told_apart()
        {
            Wait.For(async () =>
            {
                Assert.AreNotEqual("", TestServer.AddressFor(_wire)); // ignores the test where the wire is not spoken
                HttpWire other = _wire == HttpWire.GrpcWeb ? HttpWire.GrpcHttp2 : HttpWire.GrpcWeb;
                var address = new Uri(TestServer.AddressFor(other));
                using (var client = new SwashClient(new HttpTransport(address, _wire)))
                {
                    SwashException error = await Wait.ErrorOf(() => client.ListEffectsAsync());
                    Assert.AreEqual(SwashStatus.Unavailable, error.Status);
                    StringAssert.Contains(_wire == HttpWire.GrpcWeb ? "its HTTP port" : "its gRPC port", error.Message);
                }
            });
        }

        [Test]
        public void A_request_that_is_none_is_refused()
        {
            Wait.For(async () =>
            {
                using (HttpTransport transport = TestServer.Transport(_wire))
                {
                    SwashException error = await Wait.ErrorOf(() => transport.CallAsync(
                        SoundServiceMethods.Render, new byte[] { 255 }, null, _ => default, CancellationToken.None));
                    Assert.AreNotEqual(SwashStatus.Unavailable, error.Status);
                }
            });
        }

        [Test]
        public void A_call_that_takes_too_long_ends_at_its_deadline()
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(_wire))
                {
                    client.Timeout = TimeSpan.FromMilliseconds(60);
                    SwashException error = await Wait.ErrorOf(() => client.RenderAsync(TestServer.LongSound()));
                    Assert.AreEqual(SwashStatus.DeadlineExceeded, error.Status);
                    client.Timeout = TimeSpan.Zero;
                    error = await Wait.ErrorOf(() => client.ListEffectsAsync());
                    Assert.AreEqual(SwashStatus.DeadlineExceeded, error.Status);
                }
            });
        }

        [Test]
        public void A_message_that_is_larger_than_allowed_is_not_read()
        {
            Wait.For(async () =>
            {
                HttpTransport transport = TestServer.Transport(_wire);
                transport.MaxMessageBytes = 10000;
                using (var client = new SwashClient(transport))
                {
                    SwashException error = await Wait.ErrorOf(() => client.ListEffectsAsync());
                    Assert.AreEqual(SwashStatus.ResourceExhausted, error.Status);
                    StringAssert.Contains("10000", error.Message);
                }
            });
        }

        [Test]
        public void What_a_handler_throws_comes_back_as_it_is_and_ends_the_call()
        {
            Wait.For(async () =>
            {
                double before = await TestServer.MetricAsync("swash_calls_total", "Render", "CANCELLED");
                using (SwashClient client = TestServer.Client(_wire))
                {
                    var thrown = new InvalidOperationException("no room");
                    Exception caught = null;
                    try
                    {
                        await client.RenderAsync(TestServer.LongSound(), response => response.Audio == null ? default : throw thrown);
                    }
                    catch (InvalidOperationException e)
                    {
                        caught = e;
                    }
                    Assert.AreSame(thrown, caught);
                    await TestServer.UntilMetric(value => value > before, "swash_calls_total", "Render", "CANCELLED");
                }
            });
        }

        [Test]
        public void Disposing_a_client_ends_its_calls()
        {
            Wait.For(async () =>
            {
                SwashClient client = TestServer.Client(_wire);
                SwashException error = await Wait.ErrorOf(() => client.RenderAsync(TestServer.LongSound(), response =>
                {
                    client.Dispose();
                    return default;
                }));
                Assert.AreEqual(SwashStatus.Cancelled, error.Status);
            });
        }

        private SwashException Refusal(RenderRequest request)
        {
            SwashException error = null;
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(_wire))
                    error = await Wait.ErrorOf(() => client.RenderAsync(request));
            });
            return error;
        }
    }
}
