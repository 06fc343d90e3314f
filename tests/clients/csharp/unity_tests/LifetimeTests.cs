using System;
using System.Collections;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using NUnit.Framework;
using Swash.V1;
using UnityDouble;
using UnityEngine;
using UnityEngine.Networking;
using UnityEngine.TestTools;

namespace Swash.Tests
{
    /// <summary>What remains when a device, an application, a play mode or a domain goes.</summary>
    public class LifetimeTests : PlayModeTest
    {
        [UnityTest]
        public IEnumerator Another_output_device_is_played_on()
        {
            SwashAmbience rain = Rain();
            AudioProbe probe = rain.gameObject.AddComponent<AudioProbe>();
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing, "playing"))
                yield return frame;
            AudioDevice.Change(44100, 6);
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing && probe.Peak > 0.01f, "playing"))
                yield return frame;
            Assert.That(rain.GetComponent<AudioSource>().clip.frequency, Is.EqualTo(44100));
            Assert.That(rain.GetComponent<AudioSource>().isPlaying, Is.True);
        }

        [UnityTest]
        public IEnumerator An_application_in_the_background_holds_no_voice()
        {
            double before = Metric("swash_live_voices");
            SwashAmbience rain = Rain();
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing, "playing"))
                yield return frame;
            Player.PauseApplication(true);
            foreach (object frame in Until(() => Metric("swash_live_voices") <= before, "its voice is free"))
                yield return frame;
            Player.PauseApplication(false);
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing, "playing again"))
                yield return frame;
        }

        [UnityTest]
        public IEnumerator One_that_was_paused_stays_so_when_the_application_comes_back()
        {
            SwashAmbience rain = Rain();
            rain.Pause();
            Player.PauseApplication(true);
            Player.PauseApplication(false);
            yield return null;
            Assert.That(rain.State, Is.EqualTo(AmbienceState.Paused));
        }

        [UnityTest]
        public IEnumerator A_destroyed_one_takes_its_voice_and_its_clip_along()
        {
            double before = Metric("swash_live_voices");
            SwashAmbience rain = Rain();
            AudioSource source = rain.GetComponent<AudioSource>();
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing, "playing"))
                yield return frame;
            AudioClip ones = source.clip;
            UnityEngine.Object.Destroy(rain);
            yield return null;
            yield return null;
            Assert.That(ones == null, Is.True);
            foreach (object frame in Until(() => Metric("swash_live_voices") <= before, "its voice is free"))
                yield return frame;
        }

        [UnityTest]
        public IEnumerator When_play_mode_ends_every_call_does_and_the_next_one_begins_anew()
        {
            SwashConnection first = SwashConnection.Default;
            Assert.That(first, Is.EqualTo(Connection), "the scene's own");
            SwashAmbience rain = Rain();
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing, "playing"))
                yield return frame;
            SwashClient client = Connection.Client;
            Player.Exit();
            Player.Enter();
            Assert.That(rain == null, Is.True);
            foreach (object frame in Until(() => Metric("swash_live_sessions") == 0.0, "the session is over"))
                yield return frame;
            SwashConnection second = SwashConnection.Default;
            Assert.That(second == first, Is.False);
            Assert.That(second.Server, Is.EqualTo(SwashConnection.DefaultServer), "one that is made when there is none");
            Assert.That(second.Client, Is.Not.SameAs(client));
            Assert.That(SwashConnection.Default, Is.EqualTo(second));
        }

        [UnityTest]
        public IEnumerator Shutting_down_ends_sounds_quietly_and_they_can_be_played_again()
        {
            SwashAmbience rain = Rain();
            SwashSound waves = Make<SwashSound>(sound =>
            {
                sound.Connection = Connection;
                sound.Sound.SetEffect("ocean_waves");
                sound.Sound.Seed = (uint)Guid.NewGuid().GetHashCode();
                sound.DurationS = 120f;
            });
            waves.Play();
            foreach (object frame in Until(() => waves.IsPlaying && rain.State == AmbienceState.Playing, "playing"))
                yield return frame;
            SwashConnection.Shutdown();
            foreach (object frame in Until(() => !waves.IsPlaying && !rain.IsPlaying, "silent"))
                yield return frame;
            Assert.That(rain.Error + waves.Error, Is.Empty);
            foreach (object frame in Until(
                () => Metric("swash_live_sessions") + Metric("swash_recording_sounds") == 0.0, "the server has stopped"))
            {
                yield return frame;
            }
            rain.Play();
            foreach (object frame in Until(() => rain.State == AmbienceState.Playing, "playing again"))
                yield return frame;
        }

        [UnityTest]
        public IEnumerator Clips_in_memory_are_shared_and_bounded()
        {
            var clips = new ClipCache(maxIdleBytes: 3000);
            LoadedClip first = Add(clips, "first");
            LoadedClip second = Add(clips, "second");
            Assert.That(clips.Borrow("first"), Is.SameAs(first));
            clips.Return(first);
            clips.Return(second);
            Assert.That(clips.Count, Is.EqualTo(2), "the first is used still");
            clips.Return(first);
            yield return null;
            Assert.That(clips.Count, Is.EqualTo(1), "both are idle, and only one fits");
            Assert.That(second.Clip == null, Is.True, "the one that was used less lately");
            Assert.That(clips.Borrow("first"), Is.SameAs(first));
            LoadedClip random = clips.Add(null, first.Header, AudioClip.Create("random", 500, 1, 8000, false));
            clips.Return(random);
            yield return null;
            Assert.That(random.Clip == null, Is.True, "nobody can ask for it again");
        }

        [UnityTest]
        public IEnumerator Plain_http_that_is_not_allowed_says_what_to_set()
        {
            UnityWebRequest.AllowsPlainHttp = false;
            Connection.Transport = SwashTransport.UnityWebRequest;
            SwashSound click = Make<SwashSound>(sound =>
            {
                sound.Connection = Connection;
                sound.Sound.SetEffect("ui_click");
                sound.Sound.Seed = (uint)Guid.NewGuid().GetHashCode();
            });
            click.Play();
            foreach (object frame in Until(() => click.Error.Length > 0, "failed"))
                yield return frame;
            UnityWebRequest.AllowsPlainHttp = true;
            StringAssert.Contains("player settings", click.Error);
        }

        [UnityTest]
        public IEnumerator A_domain_that_is_reloaded_while_sounds_play_goes()
        {
            WeakReference domain = PlayInADomainOfItsOwn();
            foreach (object frame in Until(
                () =>
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    return !domain.IsAlive;
                },
                "the domain is gone: no thread, timer or call holds it"))
            {
                yield return frame;
            }
        }

        /// <summary>Load the package once more, play with it, and do what the editor does before scripts are reloaded.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private WeakReference PlayInADomainOfItsOwn()
        {
            var domain = new AssemblyLoadContext("domain", true);
            string folder = Path.GetDirectoryName(typeof(LifetimeTests).Assembly.Location);
            domain.LoadFromAssemblyPath(Path.Combine(folder, "Swash.Core.dll"));
            Assembly unity = domain.LoadFromAssemblyPath(Path.Combine(folder, "Swash.Unity.dll"));
            Type connectionType = unity.GetType("Swash.SwashConnection");
            Type ambienceType = unity.GetType("Swash.SwashAmbience");
            Assert.That(connectionType, Is.Not.EqualTo(typeof(SwashConnection)));
            object connection = Make("connection").AddComponent(connectionType);
            connectionType.GetProperty("Server").SetValue(connection, Server);
            GameObject holder = Make("rain");
            holder.SetActive(false);
            Component rain = holder.AddComponent(ambienceType);
            object spec = ambienceType.GetProperty("Sound").GetValue(rain);
            spec.GetType().GetMethod("SetEffect").Invoke(spec, new object[] { "rain" });
            ambienceType.GetProperty("Connection").SetValue(rain, connection);
            holder.SetActive(true);
            for (int i = 0; i < 5000 && ambienceType.GetProperty("State").GetValue(rain).ToString() != "Playing"; i++)
                Player.Frame();
            Assert.That(ambienceType.GetProperty("State").GetValue(rain).ToString(), Is.EqualTo("Playing"));
            connectionType.GetMethod("Shutdown").Invoke(null, null);
            Player.ReloadDomain();
            domain.Unload();
            return new WeakReference(domain);
        }

        private static LoadedClip Add(ClipCache clips, string key)
        {
            var header = new Header { Channels = 1, SampleRate = 8000 };
            return clips.Add(key, header, AudioClip.Create(key, 500, 1, 8000, false));
        }

        private SwashAmbience Rain() => Make<SwashAmbience>(ambience =>
        {
            ambience.Connection = Connection;
            ambience.Sound.SetEffect("rain");
            ambience.FadeInS = 0.01f;
        });
    }
}
