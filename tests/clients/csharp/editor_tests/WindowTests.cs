using System;
using System.IO;
using System.Linq;
using NUnit.Framework;
using UnityEditor;
using UnityEngine;

namespace Swash.Editor.Tests
{
    public sealed class WindowTests
    {
        private const string Words = "What it sounds like, 1 to 1000 letters";

        private EditorLoop _loop;
        private string _project;
        private string _before;
        private int _reloadListeners;
        private int _playModeListeners;

        private static SwashWindow Window => (SwashWindow)EditorWindow.All.Single();

        private static AudioSource Preview => Hidden.Objects
            .Where(hidden => hidden != null).Select(hidden => hidden.GetComponent<AudioSource>()).LastOrDefault();

        [SetUp]
        public void Open()
        {
            _loop = EditorLoop.Begin();
            _before = Directory.GetCurrentDirectory();
            _project = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())).FullName;
            Directory.CreateDirectory(Path.Combine(_project, "Assets"));
            Directory.SetCurrentDirectory(_project);
            SwashSettings.Server = TestServer.Http;
            _reloadListeners = AssemblyReloadEvents.Listeners;
            _playModeListeners = EditorApplication.PlayModeListeners;
            SwashWindow.Open();
        }

        [TearDown]
        public void Close()
        {
            foreach (EditorWindow window in EditorWindow.All.ToArray()) window.Close();
            EditorPrefs.DeleteAll();
            EditorUtility.LastDialog = "";
            Directory.SetCurrentDirectory(_before);
            Directory.Delete(_project, true);
            EditorLoop.End();
        }

        [Test]
        public void APromptIsTypedAndHeardAndSeen()
        {
            Hear("heavy boots on wet gravel");
            Assert.True(Preview.isPlaying);
            Assert.False(Preview.loop);
            Assert.Greater(Preview.clip.samples, 1000);
            Window.Draw();
            Assert.Greater(Page.Filled, 250, "columns of the waveform");
            Assert.True(Page.Shows("footsteps"), "what was understood");
            Window.Click("Stop");
            Assert.False(Preview.isPlaying);
        }

        [Test]
        public void TheServerIsAskedWhoItIsWhenTheWindowOpensAndWhenItMoves()
        {
            Until(() => Page.Shows("swash 0."), "the server's version");
            Window.Set("Server", "http://127.0.0.1:9");
            Assert.AreEqual("http://127.0.0.1:9", SwashSettings.Server);
            Until(() => !Page.Shows("swash 0.") && Page.Texts.Count > 0, "its absence");
        }

        [Test]
        public void TheSeedIsSteppedByItsButtons()
        {
            Hear("a soft click");
            Window.Set("Seed", 41L);
            Window.Click(">");
            Until(() => Page.Shows("seed 42"), "the next seed");
            Window.Click("<");
            Window.Click("<");
            Until(() => Page.Shows("seed 40"), "the seed before");
            Window.Set("Seed", -5L);
            Window.Click("Hear");
            Until(() => Page.Shows("seed 0"), "no seed is below 0");
        }

        [Test]
        public void WordsThatMeanNothingOfferOthers()
        {
            Window.Set(Words, "xyzzy");
            Window.Click("Hear");
            Until(() => Page.Shows("nothing sounds like 'xyzzy'") && Page.Shows("Not understood"), "the refusal");
            string suggestion = Page.Texts[Page.Texts.ToList().FindIndex(text => text.StartsWith("nothing sounds")) + 1];
            Window.Click(suggestion);
            Until(() => Page.Shows("LUFS"), "the suggestion is heard");
        }

        [Test]
        public void WhatWasHeardIsBakedIntoTheProjectAndImported()
        {
            Hear("a soft click");
            Window.Set("Bake into", "Assets/Audio/UI");
            Window.Set("As", BakeFormat.Ogg);
            int before = AssetDatabase.Imported.Count;
            Window.Click("Bake");
            Until(() => Page.Shows("Baked: Assets/Audio/UI/a_soft_click_0.ogg"), "baked");
            _loop.Until(() => AssetDatabase.Imported.Count == before + 2, "imported");
            CollectionAssert.AreEqual(
                new[] { "Assets/Audio/UI/a_soft_click_0.ogg", "Assets/Audio/UI/a_soft_click_0.swash.json" },
                AssetDatabase.Imported.Skip(before));
            Assert.True(File.ReadAllText("Assets/Audio/UI/a_soft_click_0.swash.json").Contains("\"prompt\": \"a soft click\""));
        }

        [TestCase("Sounds")]
        [TestCase("../Assets")]
        [TestCase("Assets/../../elsewhere")]
        [TestCase("/tmp")]
        public void NothingIsBakedOutsideTheProject(string folder)
        {
            Hear("a soft click");
            Window.Set("Bake into", folder);
            Window.Click("Bake");
            StringAssert.Contains(folder, EditorUtility.LastDialog);
            Assert.IsEmpty(Directory.GetFiles(_project, "*", SearchOption.AllDirectories));
        }

        [Test]
        public void LoadingScriptsAnewEndsTheCallAndKeepsWhatWasTyped()
        {
            double before = TestServer.Calls("Render", "CANCELLED");
            HearForLong();
            EditorWindow.ReloadScripts();
            _loop.Forget(); // what would have gone on is gone with the code
            _loop.Until(() => TestServer.Calls("Render", "CANCELLED") > before, "the call has ended");
            Window.Draw();
            Assert.True(Page.Texts.Contains("rain"), "the effect is still there");
            Assert.False(Page.Shows("Making it"));
            Assert.IsEmpty(Hidden.Objects.Where(hidden => hidden != null));
        }

        [Test]
        public void EnteringPlayModeEndsTheCall()
        {
            double before = TestServer.Calls("Render", "CANCELLED");
            HearForLong();
            EditorApplication.Raise(PlayModeStateChange.ExitingEditMode);
            _loop.Until(() => TestServer.Calls("Render", "CANCELLED") > before, "the call has ended");
            EditorApplication.Raise(PlayModeStateChange.EnteredEditMode);
        }

        [Test]
        public void AClosedWindowIsSilentAndHearsOfNothing()
        {
            Hear("a soft click");
            Window.Close();
            Assert.IsEmpty(Hidden.Objects.Where(hidden => hidden != null));
            Assert.AreEqual(_reloadListeners, AssemblyReloadEvents.Listeners);
            Assert.AreEqual(_playModeListeners, EditorApplication.PlayModeListeners);
        }

        private void Hear(string prompt)
        {
            Window.Set(Words, prompt);
            Window.Click("Hear");
            Until(() => Page.Shows("LUFS"), "heard");
        }

        private void HearForLong()
        {
            Window.Click("By effect");
            Window.Set("Effect", "rain");
            Window.Set("Length, s", true);
            Window.Set("seconds", 120f);
            Window.Set("Seed", (long)new System.Random().Next()); // nobody has heard it before, so it must be made
            Window.Click("Hear");
            _loop.Until(() => TestServer.Metric("swash_recording_sounds") > 0, "the server makes it");
        }

        private void Until(Func<bool> what, string said) => _loop.Until(
            () =>
            {
                Window.Draw();
                return what();
            },
            said);
    }
}
