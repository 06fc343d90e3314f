using System;
using System.Collections;
using System.Collections.Generic;
using System.Net.Http;
using System.Threading.Tasks;
using NUnit.Framework;
using Swash.V1;
using UnityDouble;
using UnityEngine;
using UnityEngine.TestTools;

namespace Swash.Tests
{
    /// <summary>What is heard while the way to the server stalls, breaks, and comes back.</summary>
    public class BrokenWireTests : PlayModeTest
    {
        private const int Silence = 4800;

        private GatedWire _wire;

        [SetUp]
        public void Lay()
        {
            _wire = new GatedWire(Server);
            Connection.Server = _wire.Address;
        }

        [TearDown]
        public void TakeAway() => _wire.Dispose();

        [UnityTest]
        public IEnumerator A_live_sound_is_the_servers_to_the_sample()
        {
            const int Frames = 48000;
            Task<List<float>> asked = Reference(Frames);
            AudioDevice.Runs = false; // blocks are taken when they are there: nothing runs out
            SwashAmbience hum = Hum(aheadMs: 2000);
            var heard = new List<float>();
            foreach (object frame in Until(() => heard.Count >= 2 * Frames, "heard"))
            {
                yield return frame;
                while (hum.BufferedMs > 100)
                    heard.AddRange(AudioDevice.Play(1));
            }
            foreach (object frame in Until(() => asked.IsCompleted, "answered"))
                yield return frame;
            int lead = 0; // the device ran before the first sound was there
            while (heard[lead] == 0f && asked.Result[0] != 0f)
                lead++;
            Assert.That(heard.GetRange(lead, Frames), Is.EqualTo(asked.Result.GetRange(0, Frames)));
            Assert.That(hum.Underruns, Is.Zero);
        }

        [UnityTest]
        public IEnumerator A_stall_is_silence_and_then_it_goes_on_and_nothing_clicks()
        {
            SwashAmbience hum = Hum(aheadMs: 100);
            Recorder recorder = hum.gameObject.AddComponent<Recorder>();
            foreach (object frame in Until(() => recorder.Frames > 24000 && hum.State == AmbienceState.Playing, "heard"))
                yield return frame;
            float natural = Recorder.LargestStep(recorder.Heard());
            _wire.Hold();
            int held = recorder.Frames;
            foreach (object frame in Until(
                () => recorder.Frames > held + Silence && Loudest(recorder.Heard(), recorder.Frames - Silence) == 0f, "silent"))
            {
                yield return frame;
            }
            Assert.That(hum.Underruns, Is.GreaterThan(0));
            _wire.Release();
            int released = recorder.Frames;
            foreach (object frame in Until(
                () => recorder.Frames > released + 9600 && Loudest(recorder.Heard(), released) > 0.01f, "heard again"))
            {
                yield return frame;
            }
            Assert.That(hum.State, Is.EqualTo(AmbienceState.Playing));
            Assert.That(hum.Reconnections, Is.Zero);
            // The same hum may be louder later; a fade of 5 ms adds little, a click ten times as much.
            Assert.That(Recorder.LargestStep(recorder.Heard()), Is.LessThan(2f * natural + 0.01f));
        }

        [UnityTest]
        public IEnumerator A_cut_connection_is_made_anew_with_the_same_seed_and_parameters()
        {
            SwashAmbience hum = Hum(aheadMs: 100);
            int started = 0;
            hum.Started.AddListener(() => started++);
            foreach (object frame in Until(() => started == 1, "started"))
                yield return frame;
            hum.Set("load", 0.9);
            uint seed = hum.HeardSeed;
            double before = Metric("swash_live_sessions");
            _wire.Cut();
            foreach (object frame in Until(() => hum.State == AmbienceState.Reconnecting, "noticed"))
                yield return frame;
            foreach (object frame in Until(() => started == 2, "started again"))
                yield return frame;
            Assert.That(hum.Reconnections, Is.EqualTo(1));
            Assert.That(hum.HeardSeed, Is.EqualTo(seed));
            Assert.That(hum.Layers[0].Parameters["load"].Number, Is.EqualTo(0.9));
            foreach (object frame in Until(() => Metric("swash_live_sessions") <= before, "the old session is gone"))
                yield return frame;
        }

        [UnityTest]
        public IEnumerator A_sound_that_comes_too_slowly_waits_and_goes_on()
        {
            SwashSound rain = Make<SwashSound>(sound =>
            {
                sound.Connection = Connection;
                sound.Sound.SetEffect("rain");
                sound.Sound.Seed = (uint)Guid.NewGuid().GetHashCode();
                sound.DurationS = 60f;
            });
            rain.Play();
            foreach (object frame in Until(() => rain.IsPlaying, "playing"))
                yield return frame;
            _wire.Hold();
            AudioSource source = rain.GetComponent<AudioSource>();
            source.timeSamples = Math.Max(0, rain.ReceivedFrames - 100); // nearly all of it was heard
            foreach (object frame in Until(
                () =>
                {
                    if (!source.isPlaying)
                        return true;
                    source.timeSamples = Math.Max(source.timeSamples, rain.ReceivedFrames - 100);
                    return false;
                },
                "waiting"))
            {
                yield return frame;
            }
            Assert.That(rain.Stalls, Is.GreaterThan(0));
            Assert.That(rain.IsPlaying, Is.True, "it waits, and is not over");
            _wire.Release();
            foreach (object frame in Until(() => source.isPlaying, "going on"))
                yield return frame;
        }

        [UnityTest]
        public IEnumerator A_server_that_is_killed_and_started_again_is_found_again()
        {
            string control = Environment.GetEnvironmentVariable("SWASH_CONTROL");
            if (control == null)
                Assert.Ignore("SWASH_CONTROL is not set: nobody is here who can kill a server");
            using (var http = new HttpClient())
            {
                string server = Tell(http, control + "/start");
                Connection.Server = server;
                SwashAmbience hum = Hum(aheadMs: 100);
                int started = 0;
                hum.Started.AddListener(() => started++);
                foreach (object frame in Until(() => started == 1, "started"))
                    yield return frame;
                Tell(http, control + "/kill");
                foreach (object frame in Until(() => hum.State == AmbienceState.Reconnecting, "noticed"))
                    yield return frame;
                SwashSound rain = Make<SwashSound>(sound =>
                {
                    sound.Connection = Connection;
                    sound.Sound.SetEffect("rain");
                    sound.Sound.Seed = (uint)Guid.NewGuid().GetHashCode();
                });
                rain.Play();
                foreach (object frame in Until(() => rain.Error.Length > 0, "told that there is no server"))
                    yield return frame;
                Assert.That(Tell(http, control + "/start"), Is.EqualTo(server), "on the same port");
                foreach (object frame in Until(() => started == 2, "started again"))
                    yield return frame;
                rain.Play();
                foreach (object frame in Until(() => rain.IsPlaying, "playing"))
                    yield return frame;
            }
        }

        private static string Tell(HttpClient http, string address) =>
            http.PostAsync(address, new StringContent("")).GetAwaiter().GetResult()
                .Content.ReadAsStringAsync().GetAwaiter().GetResult();

        private static float Loudest(float[] heard, int from)
        {
            float loudest = 0f;
            for (int i = from; i < heard.Length; i++)
                loudest = Math.Max(loudest, Math.Abs(heard[i]));
            return loudest;
        }

        /// <summary>Ask for the same voice in a session that is not paced, and return its samples.</summary>
        private static async Task<List<float>> Reference(int frames)
        {
            var samples = new List<float>();
            using (var client = new SwashClient(Server))
            using (LiveSession session = client.Perform(
                new OpenSession { SampleRate = 48000, Channels = 2, Unpaced = true },
                response =>
                {
                    if (response.EventCase == PerformResponse.EventOneofCase.Audio)
                        samples.AddRange(Pcm.Decode(response.Audio.Data, Encoding.PcmS16Le));
                    return default;
                }))
            {
                session.Start(new StartVoice { Effect = "engine", Seed = 9, FadeInMs = 10 }, 0);
                session.Stop(atFrame: (ulong)frames);
                session.Finish();
                await session.Completion;
            }
            return samples;
        }

        private SwashAmbience Hum(int aheadMs) => Make<SwashAmbience>(ambience =>
        {
            ambience.Connection = Connection;
            ambience.Sound.SetEffect("engine");
            ambience.Sound.Seed = 9;
            ambience.AheadMs = aheadMs;
            ambience.FadeInS = 0.01f;
        });
    }
}
