using System;
using System.Collections;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;
using UnityEngine.TestTools;

namespace Swash.Tests
{
    /// <summary>
    /// The components as they are compiled for WebGL, which has one thread, no timers and no audio callbacks. Here every
    /// thread of the pool is kept busy: what waits for one never goes on, and fails its test.
    /// </summary>
    public class WebGLTests : PlayModeTest
    {
        private ManualResetEventSlim _busy;

        [SetUp]
        public void KeepThePoolBusy()
        {
            _busy = new ManualResetEventSlim();
            ThreadPool.SetMinThreads(Environment.ProcessorCount, 1);
            ThreadPool.SetMaxThreads(Environment.ProcessorCount, 1);
            ThreadPool.GetAvailableThreads(out int free, out _);
            using (var taken = new CountdownEvent(free))
            {
                for (int i = 0; i < free; i++)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(
                        _ =>
                        {
                            taken.Signal();
                            _busy.Wait();
                        },
                        null);
                }
                taken.Wait();
            }
        }

        [TearDown]
        public void LetThePoolGo() => _busy.Set();

        [UnityTest]
        public IEnumerator A_sound_is_played_when_all_of_it_is_there()
        {
            SwashSound rain = Sound("rain", durationS: 10f);
            rain.Play();
            foreach (object frame in Until(() => rain.IsPlaying, "playing"))
            {
                Assert.That(rain.Clip == null || rain.IsReady, Is.True, "browsers take whole clips only");
                yield return frame;
            }
            Assert.That(rain.ReceivedFrames, Is.EqualTo(10 * 48000));
        }

        [UnityTest]
        public IEnumerator A_bank_loads_and_plays()
        {
            SwashBank boots = Make<SwashBank>(bank =>
            {
                bank.Connection = Connection;
                bank.Sound.SetEffect("footsteps");
                bank.Sound.Seed = (uint)Guid.NewGuid().GetHashCode() / 2;
                bank.Count = 3;
            });
            foreach (object frame in Until(() => boots.IsReady, "ready"))
                yield return frame;
            Assert.That(boots.Play(), Is.Not.Null);
        }

        [UnityTest]
        public IEnumerator An_error_comes_with_the_servers_words()
        {
            SwashSound nothing = Sound("no_such_effect", durationS: 1f);
            nothing.Play();
            foreach (object frame in Until(() => nothing.Error.Length > 0, "failed"))
                yield return frame;
            StringAssert.Contains("no_such_effect", nothing.Error);
        }

        [UnityTest]
        public IEnumerator Disabling_ends_the_call()
        {
            SwashSound rain = Sound("rain", durationS: 120f);
            rain.Play();
            foreach (object frame in Until(() => rain.Header != null, "begun"))
                yield return frame;
            rain.enabled = false;
            yield return null;
            yield return null;
            Assert.That(UnityEngine.Networking.UnityWebRequest.Count, Is.Zero);
        }

        [UnityTest]
        public IEnumerator A_session_works_although_nobody_here_can_hear_it()
        {
            bool audio = false;
            using (LiveSession session = Connection.Client.Perform(
                new V1.OpenSession(),
                response =>
                {
                    audio |= response.EventCase == V1.PerformResponse.EventOneofCase.Audio;
                    return default;
                }))
            {
                session.StartVoice(effect: "rain");
                foreach (object frame in Until(() => audio, "it sounds"))
                    yield return frame;
                session.Finish();
                foreach (object frame in Until(() => session.Completion.IsCompleted, "closed"))
                    yield return frame;
                Assert.That(session.Completion.Exception, Is.Null);
            }
        }

        [UnityTest]
        public IEnumerator A_client_waits_without_a_timer()
        {
            Task delay = Connection.Client.Delay(TimeSpan.FromMilliseconds(50), default);
            Assert.That(delay.IsCompleted, Is.False);
            foreach (object frame in Until(() => delay.IsCompleted, "waited"))
                yield return frame;
            using (var cancel = new CancellationTokenSource())
            {
                Task other = Connection.Client.Delay(TimeSpan.FromHours(1), cancel.Token);
                cancel.Cancel();
                Assert.That(other.IsCanceled, Is.True);
            }
        }

        [UnityTest]
        public IEnumerator An_ambience_says_what_to_take_instead()
        {
            SwashAmbience rain = Make<SwashAmbience>(ambience => ambience.Sound.SetEffect("rain"));
            yield return null;
            StringAssert.Contains("SwashSound", rain.Error);
            Assert.That(rain.IsPlaying, Is.False);
        }

        private SwashSound Sound(string effect, float durationS) => Make<SwashSound>(sound =>
        {
            sound.Connection = Connection;
            sound.Sound.SetEffect(effect);
            sound.Sound.Seed = (uint)Guid.NewGuid().GetHashCode();
            sound.DurationS = durationS;
        });
    }
}
