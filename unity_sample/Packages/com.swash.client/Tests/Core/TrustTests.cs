using System;
using System.IO;
using System.Net.Http;
using NUnit.Framework;
using Swash.V1;

namespace Swash.Tests
{
    /// <summary>
    /// In front of a server that asks who calls, over https: `swash serve --tls-cert ... --tokens ...`, with SWASH_TLS_HTTP
    /// and SWASH_TLS_GRPC its addresses, SWASH_CA its authority's file, SWASH_PLAY_TOKEN a token of the role play.
    /// </summary>
    public sealed class TrustTests
    {
        [TestCase(HttpWire.GrpcWeb)]
        [TestCase(HttpWire.GrpcHttp2)]
        public void A_server_of_an_authority_of_ones_own_is_heard_and_told_the_token(HttpWire wire)
        {
            Wait.For(async () =>
            {
                using (SwashClient client = Client(wire, new AccessToken(TestServer.Named("SWASH_PLAY_TOKEN"))))
                {
                    Assert.Greater((await client.RenderAsync(Click())).Data.Length, 0);
                    Assert.Greater((await client.FetchAsync(Click())).Data.Length, 0);
                    Assert.Greater((await client.ListEffectsAsync()).Effects.Count, 0);
                    using (LiveSession session = client.Perform(new OpenSession(), null))
                    {
                        session.Finish();
                        await session.Completion;
                    }
                    SwashException denied = await Wait.ErrorOf(() => client.UnloadAsync("nothing"));
                    Assert.AreEqual(SwashStatus.PermissionDenied, denied.Status);
                }
            });
        }

        [TestCase(HttpWire.GrpcWeb)]
        [TestCase(HttpWire.GrpcHttp2)]
        public void Who_has_no_token_or_a_wrong_one_is_told_so(HttpWire wire)
        {
            Wait.For(async () =>
            {
                foreach (AccessToken token in new[] { null, new AccessToken("swash_wrong") })
                {
                    using (SwashClient client = Client(wire, token))
                    {
                        SwashException error = await Wait.ErrorOf(() => client.RenderAsync(Click()));
                        Assert.AreEqual(SwashStatus.Unauthenticated, error.Status);
                        StringAssert.Contains("authorization: Bearer", error.Message);
                    }
                }
            });
        }

        [Test]
        public void A_server_that_the_system_does_not_believe_is_told_nothing()
        {
            Wait.For(async () =>
            {
                var token = new AccessToken(TestServer.Named("SWASH_PLAY_TOKEN"));
                using (var client = new SwashClient(TestServer.Named("SWASH_TLS_HTTP"), token) { Retries = 0 })
                    Assert.AreEqual(
                        SwashStatus.Unavailable, (await Wait.ErrorOf(() => client.RenderAsync(Click()))).Status);
            });
        }

        [Test]
        public void A_certificate_for_another_name_is_not_believed()
        {
            Wait.For(async () =>
            {
                // 127.0.0.2 is this machine too, but the certificate does not name it.
                var server = new Uri(TestServer.Named("SWASH_TLS_HTTP").Replace("127.0.0.1", "127.0.0.2"));
                var authority = new PrivateAuthority(File.ReadAllBytes(TestServer.Named("SWASH_CA")));
                var transport = new HttpTransport(server, HttpWire.GrpcWeb, authority.HandlerFor(server));
                using (var client = new SwashClient(transport) { Retries = 0 })
                    Assert.AreEqual(
                        SwashStatus.Unavailable, (await Wait.ErrorOf(() => client.GetServerInfoAsync())).Status);
            });
        }

        [Test]
        public void A_token_travels_with_every_call_and_shows_itself_nowhere()
        {
            var token = new AccessToken("swash_secret");
            Assert.IsFalse(token.ToString().Contains("secret"));
            using (var server = new CannedServer(CannedServer.GrpcWeb()))
            using (var client = new SwashClient(server.Address.ToString(), token))
            {
                Wait.For(async () => await Wait.ErrorOf(() => client.GetServerInfoAsync()));
                StringAssert.Contains("uthorization: Bearer swash_secret", server.Asked); // some write it large
            }
        }

        [TestCase("http://sounds.example:8080")]
        [TestCase("http://192.168.1.7:8080")]
        [TestCase("http://localhost.evil.example:8080")]
        public void A_token_is_never_sent_in_the_clear_to_another_machine(string server)
        {
            var error = Assert.Throws<SwashException>(() => new SwashClient(server, new AccessToken("swash_secret")));
            Assert.AreEqual(SwashStatus.InvalidArgument, error.Status);
            Assert.AreEqual("token", error.Violations[0].Field);
            Assert.IsFalse(error.Message.Contains("secret"));
            new SwashClient(server, new AccessToken("swash_secret", allowInsecure: true)).Dispose();
            new SwashClient(server.Replace("http:", "https:"), new AccessToken("swash_secret")).Dispose();
        }

        [TestCase("http://localhost:8080")]
        [TestCase("http://127.0.0.9:8080")]
        [TestCase("http://[::1]:8080")]
        public void To_this_machine_it_may_go(string server)
        {
            new SwashClient(server, new AccessToken("swash_secret")).Dispose();
        }

        [TestCase("")]
        [TestCase("a b")]
        [TestCase("a\n")]
        [TestCase("\u00e4")]
        public void What_is_no_token_is_refused_and_not_shown(string text)
        {
            var error = Assert.Throws<SwashException>(() => new AccessToken(text));
            StringAssert.Contains("token: printable ASCII", error.Message);
        }

        [Test]
        public void An_environment_variable_may_hold_it()
        {
            Assert.IsNull(AccessToken.FromEnvironment("SWASH_NO_SUCH_VARIABLE"));
            Assert.IsNull(AccessToken.FromEnvironment(""));
            Environment.SetEnvironmentVariable("SWASH_TEST_TOKEN", "swash_abc\n");
            Assert.IsNotNull(AccessToken.FromEnvironment("SWASH_TEST_TOKEN"));
        }

        private static RenderRequest Click() => new RenderRequest { Effect = "ui_click", Seed = 1, SampleRate = 16000 };

        private static SwashClient Client(HttpWire wire, AccessToken token)
        {
            var server = new Uri(TestServer.Named(wire == HttpWire.GrpcWeb ? "SWASH_TLS_HTTP" : "SWASH_TLS_GRPC"));
            var authority = new PrivateAuthority(File.ReadAllBytes(TestServer.Named("SWASH_CA")));
            HttpMessageHandler handler = authority.HandlerFor(server);
            return new SwashClient(new HttpTransport(server, wire, handler) { Token = token });
        }
    }
}
