using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using NUnit.Framework;
using UnityEditor;

namespace Swash.Editor.Tests
{
    public sealed class BenchTests
    {
        private EditorLoop _loop;
        private SwashBench _bench;
        private List<Take> _heard;
        private string _folder;

        [SetUp]
        public void Begin()
        {
            _loop = EditorLoop.Begin();
            _bench = NewBench(TestServer.Http);
            _folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        }

        [TearDown]
        public void End()
        {
            _bench.Dispose();
            EditorLoop.End();
            if (Directory.Exists(_folder)) Directory.Delete(_folder, true);
        }

        [Test]
        public void WordsAreHeardAndWhatTheyMeanIsTold()
        {
            _bench.Sound = "heavy boots on wet gravel";
            _bench.Seed = 4;
            Hear();
            Assert.AreEqual("", _bench.Problem);
            Assert.AreEqual(4u, _heard.Single().Header.Seed);
            Assert.Greater(_heard.Single().ToSamples().Max(), 0.01f);
            Assert.AreEqual("footsteps", _bench.Understood.Layers[0].Effect);
            Assert.AreEqual("heavy boots on wet gravel", _bench.TakeSound);
        }

        [Test]
        public void TheSeedIsSteppedAndKeptAndRolled()
        {
            Effect("ui_click");
            _bench.Seed = 0;
            _loop.Until(_bench.PreviousAsync());
            _loop.Until(_bench.NextAsync());
            _loop.Until(_bench.NextAsync());
            CollectionAssert.AreEqual(new[] { uint.MaxValue, 0u, 1u }, _heard.Select(take => take.Header.Seed));
            Hear();
            Assert.AreEqual(1u, _bench.Seed, "locked");
            _bench.SeedLocked = false;
            Hear();
            Assert.AreNotEqual(1u, _bench.Seed);
            CollectionAssert.AreEqual(_heard[2].Data, _heard[3].Data);
            CollectionAssert.AreNotEqual(_heard[3].Data, _heard[4].Data);
        }

        [Test]
        public void WordsThatMeanNothingBringSuggestionsAndKeepTheLastSound()
        {
            Effect("ui_click");
            Hear();
            _bench.IsEffect = false;
            _bench.Sound = "xyzzy";
            Hear();
            StringAssert.Contains("xyzzy", _bench.Problem);
            Assert.IsNotEmpty(_bench.Suggestions);
            CollectionAssert.Contains(_bench.Understood.UnknownWords, "xyzzy");
            Assert.AreEqual("ui_click", _bench.TakeSound);
            Effect("ui_click");
            Hear();
            Assert.AreEqual("", _bench.Problem);
            Assert.IsEmpty(_bench.Suggestions);
        }

        [Test]
        public void WhatIsWrongIsToldByItsField()
        {
            Effect("rain");
            _bench.DurationS = 500;
            Hear();
            StringAssert.Contains("duration_s", _bench.Problem);
            _bench.Sound = " ";
            Hear();
            Assert.AreEqual("name an effect", _bench.Problem);
            Assert.IsEmpty(_heard);
        }

        [Test]
        public void ASecondHearTakesThePlaceOfTheFirst()
        {
            Effect("rain");
            _bench.DurationS = 120;
            var first = _bench.HearAsync();
            Effect("ui_click");
            _bench.DurationS = null;
            Hear();
            _loop.Until(first);
            Assert.AreEqual(1, _heard.Count);
            Assert.AreEqual("ui_click", _bench.TakeSound);
            Assert.AreEqual("", _bench.Problem);
            Assert.AreEqual(BenchState.Idle, _bench.State);
        }

        [Test]
        public void CancellingEndsTheServersWork()
        {
            double before = TestServer.Calls("Render", "CANCELLED");
            Effect("rain");
            _bench.DurationS = 120;
            _bench.Seed = (uint)new Random().Next(); // nobody has heard it before, so it must be made
            var call = _bench.HearAsync();
            _loop.Until(() => TestServer.Metric("swash_recording_sounds") > 0, "the server makes it");
            _bench.Cancel();
            _loop.Until(call);
            _loop.Until(() => TestServer.Calls("Render", "CANCELLED") > before, "the call has ended");
            Assert.IsEmpty(_heard);
            Assert.AreEqual("", _bench.Problem);
        }

        [Test]
        public void TheServerIsNamedAndItsAbsenceToo()
        {
            _loop.Until(_bench.CheckServerAsync());
            StringAssert.StartsWith("swash ", _bench.ServerState);
            StringAssert.Contains("procedural", _bench.ServerState);
            _bench.Server = "http://127.0.0.1:9"; // the port of discard: nobody listens
            _loop.Until(_bench.CheckServerAsync());
            StringAssert.DoesNotStartWith("swash ", _bench.ServerState);
            Assert.IsNotEmpty(_bench.ServerState);
            _bench.Server = "nonsense";
            Hear();
            Assert.IsNotEmpty(_bench.Problem);
        }

        [Test]
        public void ALoopIsBakedWithItsLoopPointsAndWhereItComesFrom()
        {
            Effect("rain/tin_roof");
            _bench.Loop = true;
            _bench.DurationS = 4;
            _bench.Seed = 9;
            Hear();
            Assert.AreEqual("", _bench.Problem);
            string path = Path.Combine(_folder, "Sounds", "rain.wav");
            _loop.Until(_bench.BakeAsync(path, BakeFormat.Wav));
            Assert.AreEqual("", _bench.Problem);
            Assert.AreEqual(path, _bench.Baked);
            byte[] wav = File.ReadAllBytes(path);
            Assert.AreEqual("RIFF", System.Text.Encoding.ASCII.GetString(wav, 0, 4));
            Assert.True(System.Text.Encoding.ASCII.GetString(wav).Contains("smpl"), "no loop points");
            CollectionAssert.AreEqual(_heard[0].Data, DataOf(wav));
            string told = File.ReadAllText(Path.Combine(_folder, "Sounds", "rain.swash.json"));
            StringAssert.Contains("\"effect\": \"rain/tin_roof\"", told);
            StringAssert.Contains("\"seed\": 9,", told);
            StringAssert.Contains($"\"key\": \"{_heard[0].Header.Key}\"", told);
            StringAssert.Contains("\"licence\": \"CC0-1.0\"", told);
            StringAssert.Contains("\"end_frame\": 192000", told);
            using (var sha = SHA256.Create())
            {
                StringAssert.Contains(Hex(sha.ComputeHash(_heard[0].Data)), told);
            }
            CollectionAssert.AreEquivalent(
                new[] { "rain.swash.json", "rain.wav" },
                Directory.GetFiles(Path.Combine(_folder, "Sounds")).Select(Path.GetFileName));
        }

        [Test]
        public void BakingAgainReplacesTheFileAndOggIsOgg()
        {
            Effect("ui_click");
            string path = Path.Combine(_folder, "click.ogg");
            for (uint seed = 1; seed <= 2; seed++)
            {
                _bench.Seed = seed;
                Hear();
                _loop.Until(_bench.BakeAsync(path, BakeFormat.Ogg));
                Assert.AreEqual("", _bench.Problem);
            }
            Assert.AreEqual("OggS", System.Text.Encoding.ASCII.GetString(File.ReadAllBytes(path), 0, 4));
            StringAssert.Contains("\"seed\": 2,", File.ReadAllText(Bake.ProvenanceOf(path)));
        }

        [Test]
        public void WhatCannotBeWrittenIsTold()
        {
            string path = Path.Combine(_folder, "file", "click.wav");
            _loop.Until(_bench.BakeAsync(path, BakeFormat.Wav));
            Assert.AreEqual("hear a sound before you bake it", _bench.Problem);
            Effect("ui_click");
            Hear();
            Directory.CreateDirectory(_folder);
            File.WriteAllText(Path.Combine(_folder, "file"), "in the way");
            _loop.Until(_bench.BakeAsync(path, BakeFormat.Wav));
            Assert.IsNotEmpty(_bench.Problem);
            Assert.AreEqual("", _bench.Baked);
        }

        [Test]
        public void WhatIsDisposedSaysNothingMore()
        {
            Effect("rain");
            _bench.DurationS = 120;
            var call = _bench.HearAsync();
            int changes = 0;
            _bench.Changed += () => changes++;
            _bench.Dispose();
            _loop.Until(call);
            Assert.AreEqual(0, changes);
            Assert.IsEmpty(_heard);
        }

        private SwashBench NewBench(string server)
        {
            _heard = new List<Take>();
            var bench = new SwashBench(server, address => new SwashClient(address), new Random(1));
            bench.Heard += _heard.Add;
            return bench;
        }

        private void Effect(string name)
        {
            _bench.IsEffect = true;
            _bench.Sound = name;
        }

        private void Hear() => _loop.Until(_bench.HearAsync());

        private static byte[] DataOf(byte[] wav)
        {
            int at = 12;
            while (System.Text.Encoding.ASCII.GetString(wav, at, 4) != "data") at += 8 + BitConverter.ToInt32(wav, at + 4);
            return wav.Skip(at + 8).Take(BitConverter.ToInt32(wav, at + 4)).ToArray();
        }

        private static string Hex(byte[] bytes) => string.Concat(bytes.Select(value => value.ToString("x2")));
    }
}
