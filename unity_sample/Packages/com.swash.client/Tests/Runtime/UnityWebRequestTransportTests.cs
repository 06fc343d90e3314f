using System;
using System.Collections;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;
using Swash.V1;
using UnityEngine;
using UnityEngine.TestTools;

namespace Swash.Tests
{
    public class UnityWebRequestTransportTests : PlayModeTest
    {
        [UnityTest]
        public IEnumerator A_sound_comes_whole_and_on_the_main_thread()
        {
            using (var client = NewClient(Server))
            {
                int thread = Environment.CurrentManagedThreadId;
                bool elsewhere = false;
                int audio = 0;
                Task call = client.RenderAsync(
                    new RenderRequest { Effect = "rain", Seed = 21, DurationS = 20.0 },
                    response =>
                    {
                        elsewhere |= Environment.CurrentManagedThreadId != thread;
                        audio += response.EventCase == RenderResponse.EventOneofCase.Audio ? 1 : 0;
                        return default;
                    });
                foreach (object frame in Until(() => call.IsCompleted, "answered"))
                    yield return frame;
                call.GetAwaiter().GetResult(); // the client has proved the samples by their SHA-256
                Assert.That(elsewhere, Is.False);
                Assert.That(audio, Is.GreaterThan(3));
            }
        }

        [UnityTest]
        public IEnumerator What_the_server_refuses_comes_with_its_words()
        {
            using (var client = NewClient(Server))
            {
                Task<Take> call = client.RenderAsync(new RenderRequest { Effect = "rain", DurationS = -1.0 });
                foreach (object frame in Until(() => call.IsCompleted, "answered"))
                    yield return frame;
                var error = (SwashException)call.Exception.InnerException;
                Assert.That(error.Status, Is.EqualTo(SwashStatus.InvalidArgument));
                Assert.That(error.Violations[0].Field, Is.EqualTo("duration_s"));
            }
        }

        [UnityTest]
        public IEnumerator Without_a_server_it_is_unavailable()
        {
            using (var client = NewClient("http://127.0.0.1:9"))
            {
                Task<GetServerInfoResponse> call = client.GetServerInfoAsync();
                foreach (object frame in Until(() => call.IsCompleted, "answered"))
                    yield return frame;
                Assert.That(((SwashException)call.Exception.InnerException).Status, Is.EqualTo(SwashStatus.Unavailable));
            }
        }

        [UnityTest]
        public IEnumerator Cancelling_ends_the_call_on_the_server_too()
        {
            using (var client = NewClient(Server))
            using (var cancel = new CancellationTokenSource())
            {
                bool begun = false;
                var request = new RenderRequest
                {
                    Effect = "rain", Seed = (uint)Guid.NewGuid().GetHashCode(), DurationS = 120.0,
                };
                Task call = client.RenderAsync(
                    request,
                    response =>
                    {
                        begun = true;
                        return default;
                    },
                    cancel.Token);
                foreach (object frame in Until(() => begun, "begun"))
                    yield return frame;
                cancel.Cancel();
                foreach (object frame in Until(() => call.IsCompleted, "ended"))
                    yield return frame;
                Assert.That(((SwashException)call.Exception.InnerException).Status, Is.EqualTo(SwashStatus.Cancelled));
                foreach (object frame in Until(() => Metric("swash_recording_sounds") == 0.0, "the server has stopped"))
                    yield return frame;
            }
        }

        [UnityTest]
        public IEnumerator A_live_sound_is_steered_on_one_thread()
        {
            Connection.Transport = SwashTransport.UnityWebRequest;
            SwashAmbience rain = Make<SwashAmbience>(ambience =>
            {
                ambience.Connection = Connection;
                ambience.Sound.SetEffect("rain");
            });
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing, "playing"))
                yield return frame;
            double applied = Metric("swash_live_commands_total");
            rain.Set("intensity", 0.9);
            rain.Set("intensity", 0.8);
            foreach (object frame in Until(() => Metric("swash_live_commands_total") >= applied + 2, "steered"))
                yield return frame;
            rain.Stop(0.01f);
            foreach (object frame in Until(() => !rain.IsPlaying, "stopped"))
                yield return frame;
            Assert.That(rain.Error, Is.Empty);
        }

        [UnityTest]
        public IEnumerator An_error_page_is_no_sound()
        {
            using (var transport = new UnityWebRequestTransport(new Uri(Server)))
            {
                Task call = transport.CallAsync(
                    "/metrics", new byte[0], TimeSpan.FromSeconds(10), message => default, CancellationToken.None);
                foreach (object frame in Until(() => call.IsCompleted, "answered"))
                    yield return frame;
                Assert.That(call.Exception.InnerException, Is.InstanceOf<SwashException>());
                StringAssert.Contains("HTTP", call.Exception.InnerException.Message);
            }
        }

        [UnityTest]
        public IEnumerator A_short_sound_comes_in_one_message_with_the_token_of_who_calls()
        {
            var transport = new UnityWebRequestTransport(new Uri(Server)) { Token = new AccessToken("swash_abc") };
            using (var client = new SwashClient(transport))
            {
                Task<Take> call = client.FetchAsync(new RenderRequest { Effect = "ui_click", Seed = 5 });
                foreach (object frame in Until(() => call.IsCompleted, "answered"))
                    yield return frame;
                Assert.That(call.Result.Data.Length, Is.GreaterThan(0)); // the client has proved it
            }
        }

        [Test]
        public void The_token_of_a_connection_is_never_sent_in_the_clear_to_another_machine()
        {
            var holder = new GameObject("connection");
            try
            {
                SwashConnection connection = holder.AddComponent<SwashConnection>();
                connection.Server = "http://sounds.example:8080";
                connection.Token = "swash_secret";
                foreach (SwashTransport transport in new[] { SwashTransport.GrpcWeb, SwashTransport.UnityWebRequest })
                {
                    connection.Transport = transport;
                    var error = Assert.Throws<SwashException>(() => Assert.That(connection.Client, Is.Null));
                    Assert.That(error.Violations[0].Field, Is.EqualTo("token"));
                    StringAssert.Contains("sounds.example", error.Message);
                }
                connection.InsecureToken = true;
                Assert.That(connection.Client, Is.Not.Null);
            }
            finally
            {
                UnityEngine.Object.DestroyImmediate(holder);
            }
        }

        private static SwashClient NewClient(string server) => new SwashClient(new UnityWebRequestTransport(new Uri(server)));
    }
}
