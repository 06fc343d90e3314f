using NUnit.Framework;
using Swash.V1;
using UnityEditor;

namespace Swash.Editor.Tests
{
    public sealed class CatalogueTests
    {
        private EditorLoop _loop;
        private EffectCatalogue _catalogue;
        private int _connections;

        [SetUp]
        public void Begin()
        {
            _loop = EditorLoop.Begin();
            _connections = 0;
            _catalogue = new EffectCatalogue(TestServer.Http, address =>
            {
                _connections++;
                return new SwashClient(address);
            });
        }

        [TearDown]
        public void End()
        {
            _catalogue.Dispose();
            EditorLoop.End();
        }

        [Test]
        public void EffectsAreAskedForOnceAndFoundByPreset()
        {
            Assert.IsNull(_catalogue.Find("rain", out _));
            _loop.Until(_catalogue.AskAsync());
            double calls = TestServer.Calls("ListEffects", "OK");
            _loop.Until(_catalogue.AskAsync());
            Assert.AreEqual(calls, TestServer.Calls("ListEffects", "OK"));
            Effect rain = _catalogue.Find("rain/tin_roof", out Preset preset);
            Assert.AreEqual("rain", rain.Id);
            Assert.AreEqual("tin_roof", preset.Name);
            Assert.IsNull(_catalogue.Find("rain/nowhere", out _));
            Assert.IsNull(_catalogue.Find("snowfall", out _));
        }

        [Test]
        public void WordsAreUnderstoodOnce()
        {
            _loop.Until(_catalogue.AskAsync());
            _loop.Until(() => _catalogue.Understand("light rain on leaves") != null, "understood");
            Assert.AreEqual("rain", _catalogue.Understand("light rain on leaves").Effect);
            Assert.IsNull(_catalogue.Understand("  "));
            Assert.AreEqual(1, _connections);
        }

        [Test]
        public void AServerThatIsNotThereIsToldAndAskedAgainOnlyWhenSomebodySaysSo()
        {
            _catalogue.Server = "http://127.0.0.1:9";
            _loop.Until(_catalogue.AskAsync());
            Assert.IsNotEmpty(_catalogue.Problem);
            string problem = _catalogue.Problem;
            _loop.Until(_catalogue.AskAsync());
            Assert.AreEqual(problem, _catalogue.Problem);
            _catalogue.Server = TestServer.Http;
            Assert.AreEqual("", _catalogue.Problem);
            _loop.Until(_catalogue.AskAsync());
            Assert.AreEqual("", _catalogue.Problem);
            Assert.Greater(_catalogue.Effects.Count, 30);
        }
    }
}
