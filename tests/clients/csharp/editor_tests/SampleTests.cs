using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using NUnit.Framework;
using Swash.Sample;
using Swash.Samples;
using UnityEditor;
using UnityEngine;

namespace Swash.Editor.Tests
{
    public sealed class SampleTests
    {
        private EditorLoop _loop;

        [SetUp]
        public void Play()
        {
            _loop = EditorLoop.Begin();
            _loop.Play();
            new GameObject("Swash").AddComponent<SwashConnection>().Server = TestServer.Http;
        }

        [TearDown]
        public void Stop()
        {
            Input.Down.Clear();
            _loop.StopPlaying();
            EditorLoop.End();
        }

        [Test]
        public void StepsSoundAsTheGroundThatIsWalkedOn()
        {
            Ground sand = NewGround("Sand", "footsteps/barefoot_sand", 0f);
            Ground planks = NewGround("Planks", "footsteps/sneaking_wood", 4f);
            _loop.Until(() => sand.Steps.IsReady && planks.Steps.IsReady, "the steps are there");
            var walker = new GameObject("Walker").AddComponent<Walker>();
            walker.transform.position = new Vector3(0f, 1f, -1f);
            Input.Down.Add(KeyCode.W);
            Input.Down.Add(KeyCode.LeftShift);
            _loop.Until(() => walker.Steps == 1, "a step");
            Assert.AreEqual("Sand", walker.Ground.Title);
            Assert.Greater(sand.Steps.LastShot.Gain, 0f);
            Assert.AreEqual(0f, planks.Steps.LastShot.Gain);
            _loop.Until(() => walker.Ground == planks && planks.Steps.LastShot.Gain > 0f, "a step on the planks");
            Input.Down.Clear();
            int steps = walker.Steps;
            for (int frame = 0; frame < 5; frame++) _loop.Update();
            Assert.AreEqual(steps, walker.Steps, "who stands makes no step");
            walker.transform.position = new Vector3(100f, 1f, 0f);
            _loop.Update();
            Assert.IsNull(walker.Ground);
        }

        [Test]
        public void ASliderOnTheScreenMovesTheSea()
        {
            SwashAmbience sea = NewAmbience("ocean_waves");
            var controls = new GameObject("Controls").AddComponent<BeachControls>();
            ((List<BeachControls.Control>)controls.Controls).Add(
                new BeachControls.Control { title = "Waves", ambience = sea, parameter = "size", value = 0.6f });
            _loop.Until(() => sea.State == AmbienceState.Playing, "the sea plays");
            double applied = TestServer.Metric("swash_live_commands_total", "applied");
            MethodInfo onGUI = typeof(BeachControls).GetMethod("OnGUI", BindingFlags.Instance | BindingFlags.NonPublic);
            Page.Set(() => onGUI.Invoke(controls, null), "Waves: 0.60", 0.9f);
            Assert.AreEqual(0.9, sea.Sound.Find("size").Number, 1e-6);
            Assert.True(Page.Shows("Waves: 0.90"));
            _loop.Until(() => TestServer.Metric("swash_live_commands_total", "applied") > applied, "the server has moved it");
        }

        [Test]
        public void AnArmedVoiceStepsOnTheSurfaceBelow()
        {
            var floor = new GameObject("Floor");
            floor.AddComponent<BoxCollider>().size = new Vector3(10f, 0f, 10f);
            floor.AddComponent<Surface>();
            var hero = new GameObject("Hero");
            hero.SetActive(false);
            hero.transform.position = new Vector3(0f, 1f, 0f);
            var voice = hero.AddComponent<SwashAmbience>();
            voice.Sound.SetEffect("footsteps");
            voice.Armed = true;
            var footsteps = hero.AddComponent<Footsteps>();
            hero.SetActive(true);
            _loop.Until(() => voice.State == AmbienceState.Playing, "the voice is armed");
            double applied = TestServer.Metric("swash_live_commands_total", "applied");
            footsteps.Step();
            _loop.Until(() => TestServer.Metric("swash_live_commands_total", "applied") > applied, "the step is made");
            hero.transform.position = new Vector3(50f, 1f, 0f);
            footsteps.Step();
            Assert.AreEqual("", voice.Error);
        }

        private static Ground NewGround(string title, string effect, float z)
        {
            var floor = new GameObject(title);
            floor.SetActive(false);
            floor.transform.position = new Vector3(0f, 0f, z);
            floor.AddComponent<BoxCollider>().size = new Vector3(4f, 0f, 4f);
            var steps = floor.AddComponent<SwashBank>();
            steps.Sound.SetEffect(effect);
            var ground = floor.AddComponent<Ground>();
            Scene.Set(ground, "_title", title);
            Scene.Set(ground, "_steps", steps);
            floor.SetActive(true);
            return ground;
        }

        private static SwashAmbience NewAmbience(string effect)
        {
            var thing = new GameObject(effect);
            thing.SetActive(false);
            var ambience = thing.AddComponent<SwashAmbience>();
            ambience.Sound.SetEffect(effect);
            thing.SetActive(true);
            return ambience;
        }
    }
}
