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
    public class SwashSoundTests : PlayModeTest
    {
        [UnityTest]
        public IEnumerator A_sound_is_heard_while_most_of_it_is_still_on_its_way()
        {
            SwashSound rain = Sound("rain", seed: 11, durationS: 60f);
            rain.Play();
            foreach (object frame in Until(() => rain.IsPlaying, "playing"))
                yield return frame;
            Assert.That(rain.IsReady, Is.False);
            Assert.That(rain.ReceivedFrames, Is.LessThan(rain.Clip.samples / 2));
            Assert.That(rain.GetComponent<AudioSource>().isPlaying, Is.True);
            Assert.That(rain.Clip.samples, Is.EqualTo(60 * 48000));
        }

        [UnityTest]
        public IEnumerator The_clip_holds_the_samples_that_the_server_made()
        {
            SwashSound waves = Sound("ocean_waves", seed: 5, durationS: 6f);
            waves.Prepare();
            foreach (object frame in Until(() => waves.IsReady, "ready"))
                yield return frame;
            Task<Take> asked = Connection.Client.RenderAsync(
                new RenderRequest { Effect = "ocean_waves", Seed = 5, DurationS = 6.0 }, CancellationToken.None);
            foreach (object frame in Until(() => asked.IsCompleted, "answered"))
                yield return frame;
            Assert.That(SamplesOf(waves.Clip), Is.EqualTo(asked.Result.ToSamples()));
            Assert.That(waves.Clip.channels, Is.EqualTo((int)asked.Result.Header.Channels));
            Assert.That(waves.Header.Key, Is.EqualTo(asked.Result.Header.Key));
        }

        [UnityTest]
        public IEnumerator A_prepared_sound_plays_at_once_and_finishes()
        {
            SwashSound click = Sound("ui_click", seed: 1);
            int ready = 0, finished = 0;
            click.Ready.AddListener(() => ready++);
            click.Finished.AddListener(() => finished++);
            click.Prepare();
            Assert.That(click.PlayOneShot(), Is.False, "it is not there yet");
            foreach (object frame in Until(() => click.IsReady, "ready"))
                yield return frame;
            Assert.That(click.IsPlaying, Is.False, "nobody has played it");
            click.Play();
            Assert.That(click.IsPlaying, Is.True);
            foreach (object frame in Until(() => finished == 1, "finished"))
                yield return frame;
            Assert.That(click.IsPlaying, Is.False);
            Assert.That(ready, Is.EqualTo(1));
        }

        [UnityTest]
        public IEnumerator Playing_again_asks_nobody()
        {
            SwashSound click = Sound("ui_click", seed: 2);
            click.Prepare();
            foreach (object frame in Until(() => click.IsReady, "ready"))
                yield return frame;
            double calls = Metric("swash_calls_total");
            AudioClip first = click.Clip;
            click.Play();
            Assert.That(click.PlayOneShot(0.5f), Is.True);
            SwashSound same = Sound("ui_click", seed: 2);
            same.Prepare();
            Assert.That(same.IsReady, Is.True, "from the connection's memory");
            Assert.That(same.Clip, Is.EqualTo(first));
            Assert.That(Metric("swash_calls_total"), Is.EqualTo(calls));
        }

        [UnityTest]
        public IEnumerator A_sound_that_is_on_disk_needs_no_server()
        {
            // A seed that no earlier run has kept.
            long seed = (uint)Guid.NewGuid().GetHashCode();
            SwashSound first = Sound("ui_click", seed);
            first.Prepare();
            foreach (object frame in Until(() => first.IsReady, "ready"))
                yield return frame;
            float[] samples = SamplesOf(first.Clip);
            var request = new RenderRequest { Effect = "ui_click", Seed = (uint)seed, ObjectSeed = 0 };
            foreach (object frame in Until(
                () => Connection.Disk.TryGet(DiskCache.KeyOf(request), out _), "kept on disk"))
            {
                yield return frame;
            }
            SwashConnection nowhere = Make("no server").AddComponent<SwashConnection>();
            nowhere.Server = "http://127.0.0.1:9"; // "discard": nobody answers
            SwashSound again = Sound("ui_click", seed);
            again.Connection = nowhere;
            again.Prepare();
            foreach (object frame in Until(() => again.IsReady, "ready without a server"))
                yield return frame;
            Assert.That(SamplesOf(again.Clip), Is.EqualTo(samples));
        }

        [UnityTest]
        public IEnumerator A_loop_repeats_whole()
        {
            SwashSound wind = Sound("wind", seed: 3, durationS: 2f);
            wind.Loop = true;
            wind.Play();
            foreach (object frame in Until(() => wind.IsReady && wind.IsPlaying, "playing"))
                yield return frame;
            Assert.That(wind.GetComponent<AudioSource>().loop, Is.True);
            Assert.That(wind.Header.Loop.EndFrame, Is.EqualTo((ulong)wind.Clip.samples));
        }

        [UnityTest]
        public IEnumerator An_error_reaches_the_main_thread_with_what_the_server_says()
        {
            SwashSound nonsense = Sound("", seed: 1);
            nonsense.Sound.SetPrompt("xyzzy plugh");
            string said = null;
            int thread = 0;
            nonsense.Failed.AddListener(why =>
            {
                said = why;
                thread = Environment.CurrentManagedThreadId;
            });
            nonsense.Play();
            foreach (object frame in Until(() => said != null, "failed"))
                yield return frame;
            Assert.That(thread, Is.EqualTo(Environment.CurrentManagedThreadId));
            StringAssert.Contains("xyzzy", said);
            Assert.That(nonsense.Error, Is.EqualTo(said));
            Assert.That(nonsense.IsPlaying || nonsense.IsLoading, Is.False);
        }

        [UnityTest]
        public IEnumerator A_wrong_parameter_is_named()
        {
            SwashSound rain = Sound("rain", seed: 1);
            rain.Sound.Set("intensity", 7.0);
            string said = null;
            rain.Failed.AddListener(why => said = why);
            rain.Prepare();
            foreach (object frame in Until(() => said != null, "failed"))
                yield return frame;
            StringAssert.Contains("intensity", said);
        }

        [UnityTest]
        public IEnumerator Saying_nothing_or_two_things_fails_at_once()
        {
            SwashSound nothing = Sound("", seed: 1);
            nothing.Play();
            StringAssert.Contains("exactly one", nothing.Error);
            SwashSound outside = Sound("rain", seed: -1);
            outside.Play();
            StringAssert.Contains("seed: 0 to 4294967295, got -1", outside.Error);
            yield return null;
        }

        [UnityTest]
        public IEnumerator Without_a_server_it_says_how_to_start_one()
        {
            Connection.Server = "http://127.0.0.1:9";
            SwashSound rain = Sound("rain", seed: (uint)Guid.NewGuid().GetHashCode());
            rain.Play();
            foreach (object frame in Until(() => rain.Error.Length > 0, "failed"))
                yield return frame;
            StringAssert.Contains("swash serve", rain.Error);
        }

        [UnityTest]
        public IEnumerator Disabling_it_ends_the_call_on_the_server()
        {
            SwashSound rain = Sound("rain", seed: (uint)Guid.NewGuid().GetHashCode(), durationS: 120f);
            rain.Sound.Set("intensity", 0.9);
            rain.Play();
            foreach (object frame in Until(() => rain.Header != null, "begun"))
                yield return frame;
            rain.gameObject.SetActive(false);
            Assert.That(rain.IsLoading || rain.IsPlaying, Is.False);
            Assert.That(rain.Clip == null, Is.True);
            foreach (object frame in Until(() => Metric("swash_recording_sounds") == 0.0, "the server has stopped"))
                yield return frame;
            Assert.That(rain.Error, Is.Empty, "it was us");
            rain.gameObject.SetActive(true);
            rain.Play();
            foreach (object frame in Until(() => rain.IsPlaying, "playing after all"))
                yield return frame;
        }

        [UnityTest]
        public IEnumerator A_random_sound_is_another_one_each_time_it_is_made()
        {
            SwashSound one = Sound("ui_click", seed: 0);
            SwashSound other = Sound("ui_click", seed: 0);
            one.Sound.RandomSeed = other.Sound.RandomSeed = true;
            one.Prepare();
            other.Prepare();
            foreach (object frame in Until(() => one.IsReady && other.IsReady, "ready"))
                yield return frame;
            Assert.That(one.Header.Seed, Is.Not.EqualTo(other.Header.Seed));
            AudioClip clip = one.Clip;
            one.Play();
            Assert.That(one.Clip, Is.EqualTo(clip), "playing a prepared one is not making it anew");
        }

        private SwashSound Sound(string effect, long seed, float? durationS = null) => Make<SwashSound>(sound =>
        {
            sound.Connection = Connection;
            sound.Sound.SetEffect(effect);
            sound.Sound.Seed = seed;
            sound.DurationS = durationS;
        });
    }
}
