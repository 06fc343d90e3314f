using System.Runtime.CompilerServices;
using NUnit.Framework;
using UnityEditor;
using UnityEngine;
using Inspector = UnityEditor.Editor;

namespace Swash.Editor.Tests
{
    public sealed class LifetimeTests
    {
        private EditorLoop _loop;
        private SwashAmbience _sea;

        [SetUp]
        public void Play()
        {
            RuntimeHelpers.RunClassConstructor(typeof(SwashLifetime).TypeHandle); // InitializeOnLoad
            _loop = EditorLoop.Begin();
            SwashSettings.Server = TestServer.Http;
            _loop.Play();
            new GameObject("Swash").AddComponent<SwashConnection>().Server = TestServer.Http;
            var thing = new GameObject("sea");
            thing.SetActive(false);
            _sea = thing.AddComponent<SwashAmbience>();
            _sea.Sound.SetEffect("ocean_waves");
            thing.SetActive(true);
            _loop.Until(() => _sea.State == AmbienceState.Playing, "the sea plays");
        }

        [TearDown]
        public void Stop()
        {
            _loop.StopPlaying();
            SwashServices.Shutdown();
            EditorPrefs.DeleteAll();
            EditorLoop.End();
        }

        [Test]
        public void LoadingScriptsAnewFreesTheVoices()
        {
            AssemblyReloadEvents.Reload();
            UntilNoVoiceSounds();
        }

        [Test]
        public void QuittingTheEditorFreesTheVoices()
        {
            EditorApplication.Quit();
            UntilNoVoiceSounds();
        }

        [Test]
        public void LeavingPlayModeFreesTheVoices()
        {
            EditorApplication.Raise(PlayModeStateChange.ExitingPlayMode);
            UntilNoVoiceSounds();
        }

        [Test]
        public void ASliderOfTheInspectorIsHeardWhileItPlays()
        {
            Inspector inspector = Inspector.CreateEditor(_sea);
            _loop.Until(
                () =>
                {
                    inspector.Draw();
                    return Page.Shows("foam");
                },
                "its sliders");
            Assert.True(Page.Shows("State: Playing"));
            double applied = TestServer.Metric("swash_live_commands_total", "applied");
            inspector.Set("foam", 0.9f);
            _loop.Until(() => TestServer.Metric("swash_live_commands_total", "applied") > applied, "the server has moved it");
            Assert.AreEqual(0.9, _sea.Sound.Find("foam").Number, 1e-6);
            Assert.AreEqual("", _sea.Error);
            inspector.Click("Stop");
            _loop.Until(() => _sea.State == AmbienceState.Silent, "it has faded");
            inspector.Click("Play");
            _loop.Until(() => _sea.State == AmbienceState.Playing, "it plays again");
            inspector.Deselect();
        }

        private void UntilNoVoiceSounds() =>
            _loop.Until(() => TestServer.Metric("swash_live_voices") == 0.0, "the voices are free");
    }
}
