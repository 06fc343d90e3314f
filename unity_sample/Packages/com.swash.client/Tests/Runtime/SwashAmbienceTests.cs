using System.Collections;
using NUnit.Framework;
using UnityEngine;
using UnityEngine.TestTools;

namespace Swash.Tests
{
    public class SwashAmbienceTests : PlayModeTest
    {
        [UnityTest]
        public IEnumerator It_is_heard_and_steered_and_fades()
        {
            SwashAmbience sea = Ambience("ocean_waves");
            AudioProbe probe = sea.gameObject.AddComponent<AudioProbe>();
            int started = 0, stopped = 0;
            sea.Started.AddListener(() => started++);
            sea.Stopped.AddListener(() => stopped++);
            sea.Play();
            foreach (object frame in Until(() => started == 1 && probe.Peak > 0.01f, "heard"))
                yield return frame;
            Assert.That(sea.State, Is.EqualTo(AmbienceState.Playing));
            Assert.That(sea.Layers[0].Effect, Is.EqualTo("ocean_waves"));
            double applied = Metric("swash_live_commands_total");
            sea.Set("size", 0.9, 0.1f);
            foreach (object frame in Until(() => Metric("swash_live_commands_total") > applied, "steered"))
                yield return frame;
            sea.Stop(0.05f);
            foreach (object frame in Until(() => stopped == 1, "stopped"))
                yield return frame;
            Assert.That(sea.IsPlaying, Is.False);
            Assert.That(sea.GetComponent<AudioSource>().isPlaying, Is.False);
            Assert.That(started, Is.EqualTo(1));
        }

        [UnityTest]
        public IEnumerator Disabling_it_frees_its_voice()
        {
            double before = Metric("swash_live_voices");
            SwashAmbience rain = Ambience("rain");
            rain.Play();
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing, "playing"))
                yield return frame;
            Assert.That(Metric("swash_live_voices"), Is.GreaterThan(before));
            rain.enabled = false;
            Assert.That(rain.IsPlaying, Is.False);
            foreach (object frame in Until(() => Metric("swash_live_voices") <= before, "its voice is free"))
                yield return frame;
            Assert.That(rain.Error, Is.Empty);
        }

        [UnityTest]
        public IEnumerator Pausing_frees_its_voice_and_resuming_brings_the_same_one()
        {
            double before = Metric("swash_live_voices");
            SwashAmbience rain = Ambience("rain");
            rain.Sound.RandomSeed = true;
            rain.Play();
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing, "playing"))
                yield return frame;
            uint seed = rain.HeardSeed;
            rain.Pause();
            Assert.That(rain.State, Is.EqualTo(AmbienceState.Paused));
            foreach (object frame in Until(() => Metric("swash_live_voices") <= before, "its voice is free"))
                yield return frame;
            rain.Resume();
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing, "playing again"))
                yield return frame;
            Assert.That(rain.HeardSeed, Is.EqualTo(seed));
        }

        [UnityTest]
        public IEnumerator Parameters_changed_in_the_inspector_are_sent()
        {
            SwashAmbience wind = Ambience("wind");
            wind.Sound.Set("speed_m_s", 5.0);
            wind.Play();
            foreach (object frame in Until(() => wind.State == AmbienceState.Playing, "playing"))
                yield return frame;
            double before = Metric("swash_live_commands_total");
            wind.Sound.Parameters[0].Set(20.0);
            foreach (object frame in Until(() => Metric("swash_live_commands_total") >= before + 1, "sent"))
                yield return frame;
            for (int i = 0; i < 5; i++)
                yield return null;
            Assert.That(Metric("swash_live_commands_total"), Is.EqualTo(before + 1), "once");
        }

        [UnityTest]
        public IEnumerator A_change_that_is_refused_is_told_and_it_goes_on()
        {
            SwashAmbience rain = Ambience("rain");
            string said = null;
            rain.Refused.AddListener(why => said = why);
            rain.Play();
            rain.Set("sweetness", 0.5);
            foreach (object frame in Until(() => rain.Error.Length > 0 || said != null, "told"))
                yield return frame;
            StringAssert.Contains("sweetness", rain.Error + said);
        }

        [UnityTest]
        public IEnumerator What_is_not_in_the_catalogue_fails_with_suggestions()
        {
            SwashAmbience choir = Ambience("");
            choir.Sound.SetPrompt("a singing choir");
            string said = null;
            choir.Failed.AddListener(why => said = why);
            choir.Play();
            foreach (object frame in Until(() => said != null, "failed"))
                yield return frame;
            StringAssert.Contains("choir", said);
            StringAssert.Contains("footsteps on gravel", said);
            Assert.That(choir.IsPlaying, Is.False);
        }

        [UnityTest]
        public IEnumerator It_becomes_something_else()
        {
            SwashAmbience weather = Ambience("rain");
            weather.Play();
            foreach (object frame in Until(() => weather.State == AmbienceState.Playing, "playing"))
                yield return frame;
            weather.CrossfadeToEffect("wind", 0.05f);
            foreach (object frame in Until(() => weather.Layers[0].Effect == "wind", "crossfaded"))
                yield return frame;
            Assert.That(weather.Sound.Effect, Is.EqualTo("wind"));
            Assert.That(weather.State, Is.EqualTo(AmbienceState.Playing));
        }

        [UnityTest]
        public IEnumerator An_armed_one_sounds_when_it_is_triggered()
        {
            SwashAmbience boots = Ambience("footsteps");
            boots.Armed = true;
            AudioProbe probe = boots.gameObject.AddComponent<AudioProbe>();
            boots.Play();
            foreach (object frame in Until(() => boots.State == AmbienceState.Playing, "armed"))
                yield return frame;
            Assert.That(probe.Peak, Is.EqualTo(0f));
            boots.Trigger();
            foreach (object frame in Until(() => probe.Peak > 0.01f, "heard"))
                yield return frame;
        }

        [UnityTest]
        public IEnumerator A_sound_that_ends_by_itself_stops_by_itself()
        {
            SwashAmbience hit = Ambience("ui_click");
            hit.FadeInS = 0f;
            int stopped = 0;
            hit.Stopped.AddListener(() => stopped++);
            hit.Play();
            foreach (object frame in Until(() => stopped == 1, "stopped"))
                yield return frame;
            Assert.That(hit.IsPlaying, Is.False);
            Assert.That(hit.Error, Is.Empty);
        }

        private SwashAmbience Ambience(string effect) => Make<SwashAmbience>(ambience =>
        {
            ambience.PlayOnEnable = false;
            ambience.Connection = Connection;
            ambience.Sound.SetEffect(effect);
            ambience.FadeInS = 0.01f;
        });
    }
}
