using System;
using System.Linq;
using NUnit.Framework;
using UnityEditor;
using UnityEngine;
using Inspector = UnityEditor.Editor;

namespace Swash.Editor.Tests
{
    public sealed class InspectorTests
    {
        private EditorLoop _loop;
        private GameObject _thing;
        private Inspector _inspector;

        [SetUp]
        public void Begin()
        {
            _loop = EditorLoop.Begin();
            SwashSettings.Server = TestServer.Http;
            _thing = new GameObject("sea");
            _thing.SetActive(false); // it is looked at, and does not play
        }

        [TearDown]
        public void End()
        {
            _inspector?.Deselect();
            foreach (EditorWindow window in EditorWindow.All.ToArray()) window.Close();
            UnityEngine.Object.DestroyImmediate(_thing);
            SwashServices.Shutdown();
            EditorPrefs.DeleteAll();
            EditorLoop.End();
        }

        [Test]
        public void AnEffectIsChosenFromTheServersListAndHasItsSliders()
        {
            var ambience = Select<SwashAmbience>();
            ambience.Sound.SetPrompt("rain on a roof");
            Until(() => Page.Shows("(words)"), "the list");
            Choose("wind/gale");
            Assert.AreEqual("wind/gale", ambience.Sound.Effect);
            Assert.AreEqual("", ambience.Sound.Prompt);
            Until(() => Page.Shows("speed_m_s, m/s"), "its sliders");
            _inspector.Set("speed_m_s, m/s", 0.5f);
            Assert.AreEqual(20.0, ambience.Sound.Find("speed_m_s").Number);
            _inspector.Set("gust =", 9.0);
            Assert.AreEqual(1.0, ambience.Sound.Find("gust").Number, "within its range");
            _inspector.Click("speed_m_s, m/s x");
            Assert.IsNull(ambience.Sound.Find("speed_m_s"));
        }

        [Test]
        public void ASliderBeginsWhereThePresetHasIt()
        {
            var sound = Select<SwashSound>();
            sound.Sound.SetEffect("footsteps/heavy_boots_gravel");
            Until(() => Page.Shows("surface"), "its choices");
            Assert.True(Page.Texts.SkipWhile(text => text != "surface").Skip(1).First() == "gravel");
            _inspector.Set("surface", 5);
            Assert.AreEqual("sand", sound.Sound.Find("surface").Choice);
            Assert.True(sound.Sound.Find("surface").IsChoice);
        }

        [Test]
        public void WordsAreUnderstoodAndTheirFirstLayerHasSliders()
        {
            var ambience = Select<SwashAmbience>();
            ambience.Sound.SetPrompt("slow waves on a pebble beach");
            Until(() => Page.Shows("period_s, s"), "sliders of the sea");
            _inspector.Set("rocks", 1f);
            Assert.AreEqual(1.0, ambience.Sound.Find("rocks").Number);
            Assert.AreEqual("slow waves on a pebble beach", ambience.Sound.Prompt);
        }

        [Test]
        public void AnotherSoundForgetsTheParametersOfTheFirst()
        {
            var bank = Select<SwashBank>();
            bank.Sound.SetEffect("footsteps");
            bank.Sound.Set("surface", "mud");
            Until(() => Page.Shows("surface"), "its sliders");
            Choose("impact/(plain)");
            Assert.AreEqual("impact", bank.Sound.Effect);
            Assert.IsEmpty(bank.Sound.Parameters);
        }

        [Test]
        public void WithoutAServerTheInspectorSaysSoAndStillEdits()
        {
            SwashSettings.Server = "http://127.0.0.1:9";
            var sound = Select<SwashSound>();
            Until(() => Page.Shows("(http://127.0.0.1:9)"), "why there is no list");
            _inspector.Set("Effect", "rain");
            Assert.AreEqual("rain", sound.Sound.Effect);
            SwashSettings.Server = TestServer.Http;
            _inspector.Deselect();
            _inspector = Inspector.CreateEditor(sound);
            Until(() => Page.Shows("rain/(plain)"), "the list");
            Assert.False(Page.Shows("127.0.0.1:9)"));
        }

        [Test]
        public void TheWindowOpensWithTheSoundThatIsInspected()
        {
            var bank = Select<SwashBank>();
            bank.Sound.SetEffect("glass_break");
            bank.Sound.Seed = 12;
            _inspector.Click("Try in the swash window");
            EditorWindow window = EditorWindow.All.Single();
            window.Draw();
            Assert.True(Page.Texts.Contains("glass_break"));
            Assert.True(Page.Texts.Contains("12"));
        }

        private T Select<T>()
            where T : Component
        {
            var component = _thing.AddComponent<T>();
            _inspector = Inspector.CreateEditor(component);
            return component;
        }

        private void Choose(string entry)
        {
            string[] entries = Page.Choices("Sound");
            _inspector.Set("Sound", Array.IndexOf(entries, entry));
        }

        private void Until(Func<bool> what, string said) => _loop.Until(
            () =>
            {
                _inspector.Draw();
                return what();
            },
            said);
    }
}
