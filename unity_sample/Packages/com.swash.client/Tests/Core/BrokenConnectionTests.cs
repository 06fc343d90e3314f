using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;
using Swash.V1;

namespace Swash.Tests
{
    public sealed class BrokenConnectionTests
    {
        private const int SoundBytes = 4 * 48000; // of Rain

        [TestCase(HttpWire.GrpcWeb)]
        [TestCase(HttpWire.GrpcHttp2)]
        public void A_server_that_goes_away_is_noticed(HttpWire wire)
        {
            Wait.For(async () =>
            {
                using (var proxy = new BreakingProxy(TestServer.AddressFor(wire), SoundBytes / 2, breaks: 9))
                using (var client = new SwashClient(new HttpTransport(proxy.Address, wire)) { Retries = 0 })
                {
                    int heard = 0;
                    SwashException error = await Wait.ErrorOf(() => client.RenderAsync(Rain(5), response =>
                    {
                        heard += response.Audio?.Data.Length ?? 0;
                        return default;
                    }));
                    Assert.AreEqual(SwashStatus.Unavailable, error.Status);
                    Assert.Greater(heard, 0);
                    Assert.Less(heard, SoundBytes);
                }
            });
        }

        [TestCase(HttpWire.GrpcWeb)]
        [TestCase(HttpWire.GrpcHttp2)]
        public void A_sound_goes_on_where_the_connection_broke(HttpWire wire)
        {
            Wait.For(async () =>
            {
                Take whole;
                using (SwashClient client = TestServer.Client(wire))
                    whole = await client.RenderAsync(Rain(6));
                // More than the 64 KiB that HTTP/2 sends before the first are read: some are.
                using (var proxy = new BreakingProxy(TestServer.AddressFor(wire), SoundBytes / 2, breaks: 2))
                using (var client = new SwashClient(new HttpTransport(proxy.Address, wire)))
                {
                    var pauses = new List<TimeSpan>();
                    client.Delay = (pause, _) =>
                    {
                        pauses.Add(pause);
                        return Task.CompletedTask;
                    };
                    CollectionAssert.AreEqual(whole.Data, (await client.RenderAsync(Rain(6))).Data);
                    Assert.AreEqual(2, pauses.Count);
                }
            });
        }

        [Test]
        public void A_connection_that_brings_nothing_is_given_up()
        {
            Wait.For(async () =>
            {
                using (var proxy = new BreakingProxy(TestServer.Http, 200, breaks: 1000))
                using (var client = new SwashClient(new HttpTransport(proxy.Address)))
                {
                    client.Delay = (_, cancel) => Task.CompletedTask;
                    Assert.AreEqual(SwashStatus.Unavailable, (await Wait.ErrorOf(() => client.RenderAsync(Rain(7)))).Status);
                }
            });
        }

        [Test]
        public void A_sound_without_a_seed_goes_on_with_the_one_that_the_server_chose()
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(HttpWire.GrpcWeb))
                using (var proxy = new BreakingProxy(TestServer.Http, SoundBytes / 2, breaks: 1))
                using (var broken = new SwashClient(new HttpTransport(proxy.Address)))
                {
                    RenderRequest request = Rain(0);
                    request.Seed = null;
                    Take take = await broken.RenderAsync(request);
                    request.Seed = take.Header.Seed;
                    CollectionAssert.AreEqual((await client.RenderAsync(request)).Data, take.Data);
                }
            });
        }

        [TestCase(HttpWire.GrpcWeb)]
        [TestCase(HttpWire.GrpcHttp2)]
        public void Takes_and_what_is_heard_meanwhile_go_on_too(HttpWire wire)
        {
            Wait.For(async () =>
            {
                RenderRequest request = Rain(8);
                request.Takes = 3;
                IReadOnlyList<Take> whole;
                using (SwashClient client = TestServer.Client(wire))
                    whole = await client.RenderTakesAsync(request);
                using (var proxy = new BreakingProxy(TestServer.AddressFor(wire), SoundBytes * 3 / 2, breaks: 1))
                using (var client = new SwashClient(new HttpTransport(proxy.Address, wire)))
                {
                    var headers = new List<uint>();
                    var heard = new List<byte>();
                    await client.RenderAsync(request, response =>
                    {
                        if (response.Header != null)
                            headers.Add(response.Header.Take);
                        heard.AddRange(response.Audio?.Data ?? new byte[0]);
                        return default;
                    });
                    CollectionAssert.AreEqual(new uint[] { 0, 1, 2 }, headers);
                    var all = new List<byte>();
                    foreach (Take take in whole)
                        all.AddRange(take.Data);
                    CollectionAssert.AreEqual(all, heard);
                }
            });
        }

        [Test]
        public void What_the_caller_throws_is_not_taken_for_a_break()
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(HttpWire.GrpcWeb))
                {
                    int tries = 0;
                    SwashException error = await Wait.ErrorOf(() => client.RenderAsync(Rain(9), response =>
                    {
                        tries++;
                        throw new SwashException(SwashStatus.Unavailable, "mine");
                    }));
                    Assert.AreEqual("mine", error.Message);
                    Assert.AreEqual(1, tries);
                }
            });
        }

        [TestCase(HttpWire.GrpcWeb)]
        [TestCase(HttpWire.GrpcHttp2)]
        public void A_short_sound_in_one_message_is_the_one_that_streams(HttpWire wire)
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(wire))
                {
                    RenderRequest request = Rain(10);
                    request.Priority = Priority.Interactive;
                    Take fetched = await client.FetchAsync(request);
                    CollectionAssert.AreEqual((await client.RenderAsync(request)).Data, fetched.Data);
                    request.DurationS = 20; // more than 3 MiB
                    Assert.AreEqual(20 * SoundBytes, (await client.FetchAsync(request)).Data.Length);
                    request.Takes = 2;
                    Assert.AreEqual(
                        SwashStatus.InvalidArgument, (await Wait.ErrorOf(() => client.FetchAsync(request))).Status);
                }
            });
        }

        [Test]
        public void Where_no_server_is_the_error_says_how_to_start_one()
        {
            var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            int port = ((IPEndPoint)listener.LocalEndpoint).Port;
            listener.Stop();
            SwashException error = ErrorFrom(new Uri("http://127.0.0.1:" + port));
            Assert.AreEqual(SwashStatus.Unavailable, error.Status);
            StringAssert.Contains("swash serve", error.Message);
            StringAssert.Contains(port.ToString(), error.Message);
        }

        [Test]
        public void What_is_no_swash_server_is_told_apart()
        {
            SwashException page = ErrorFrom(CannedServer.Answer("200 OK", "text/html", "<html>"));
            Assert.AreEqual(SwashStatus.Unknown, page.Status);
            StringAssert.Contains("text/html", page.Message);

            SwashException proxy = ErrorFrom(CannedServer.Answer("503 Busy", "text/plain", "full"));
            Assert.AreEqual(SwashStatus.Unavailable, proxy.Status);
            StringAssert.Contains("HTTP 503: full", proxy.Message);

            SwashException door = ErrorFrom(CannedServer.Answer("403 Forbidden", "text/html", ""));
            Assert.AreEqual(SwashStatus.PermissionDenied, door.Status);
        }

        [Test]
        public void An_answer_that_is_no_grpc_is_refused()
        {
            Assert.AreEqual(SwashStatus.Internal, StatusFrom(CannedServer.Text("<html>")));
            Assert.AreEqual(SwashStatus.Internal, StatusFrom(CannedServer.Frame(0, new byte[] { 0xff, 0xff })));
            Assert.AreEqual(SwashStatus.Internal, StatusFrom(CannedServer.Trailers("grpc-status:0"))); // and no message
            Assert.AreEqual(SwashStatus.ResourceExhausted, StatusFrom(new byte[] { 0, 255, 255, 255, 255 }));
            Assert.AreEqual(SwashStatus.Unknown, StatusFrom(CannedServer.Trailers("grpc-status:xyz")));
        }

        [Test]
        public void An_answer_without_an_end_is_a_broken_connection()
        {
            Assert.AreEqual(SwashStatus.Unavailable, StatusFrom());
            Assert.AreEqual(SwashStatus.Unavailable, StatusFrom(CannedServer.Frame(0, new byte[0])));
            Assert.AreEqual(SwashStatus.Unavailable, StatusFrom(new byte[] { 0, 0, 0 }));
        }

        [Test]
        public void A_server_that_says_nothing_is_left_at_the_deadline_or_by_the_caller()
        {
            byte[] nothing = new byte[0];
            byte[] head = CannedServer.GrpcWeb();
            byte[] half = CannedServer.GrpcWeb(new byte[] { 0, 0, 0 });
            foreach (byte[] answer in new[] { nothing, head, half })
            {
                using (var server = new CannedServer(answer, stalls: true))
                using (var client = new SwashClient(new HttpTransport(server.Address)))
                using (var cancel = new CancellationTokenSource())
                {
                    client.Timeout = TimeSpan.FromMilliseconds(100);
                    Assert.AreEqual(SwashStatus.DeadlineExceeded, ErrorFrom(client, default).Status);
                    client.Timeout = null;
                    cancel.CancelAfter(50);
                    Assert.AreEqual(SwashStatus.Cancelled, ErrorFrom(client, cancel.Token).Status);
                }
            }
        }

        [Test]
        public void A_call_says_what_it_speaks_and_how_long_it_may_take()
        {
            using (var server = new CannedServer(CannedServer.GrpcWeb()))
            using (var client = new SwashClient(new HttpTransport(server.Address)))
            {
                client.Timeout = TimeSpan.FromSeconds(7.5);
                ErrorFrom(client, default);
                StringAssert.Contains("POST /swash.v1.SoundService/GetServerInfo HTTP/1.1", server.Asked);
                StringAssert.Contains("grpc-timeout: 7500m", server.Asked);
                StringAssert.Contains("Content-Type: application/grpc-web+proto", server.Asked);
                client.Timeout = null;
                ErrorFrom(client, default);
                Assert.IsFalse(server.Asked.Contains("grpc-timeout"));
            }
        }

        [Test]
        public void An_address_that_is_none_is_refused_at_once()
        {
            Assert.Throws<ArgumentException>(() => new HttpTransport(new Uri("ftp://127.0.0.1")));
            Assert.Throws<ArgumentException>(() => new HttpTransport(new Uri("/here", UriKind.Relative)));
            Assert.Throws<UriFormatException>(() => new SwashClient("http://"));
        }

        private static RenderRequest Rain(uint seed) => new RenderRequest
        {
            Effect = "rain", DurationS = 1, Seed = seed, SampleRate = 48000, Channels = 2,
        };

        private static SwashStatus StatusFrom(params byte[][] body) => ErrorFrom(CannedServer.GrpcWeb(body)).Status;

        private static SwashException ErrorFrom(byte[] answer)
        {
            using (var server = new CannedServer(answer))
                return ErrorFrom(server.Address);
        }

        private static SwashException ErrorFrom(Uri address)
        {
            using (var client = new SwashClient(new HttpTransport(address)))
                return ErrorFrom(client, default);
        }

        private static SwashException ErrorFrom(SwashClient client, CancellationToken cancel)
        {
            SwashException error = null;
            Wait.For(async () => error = await Wait.ErrorOf(() => client.GetServerInfoAsync(cancel)));
            return error;
        }
    }
}
