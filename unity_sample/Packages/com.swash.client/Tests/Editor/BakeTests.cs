using NUnit.Framework;

namespace Swash.Editor.Tests
{
    public sealed class BakeTests
    {
        [TestCase("slow waves on a pebble beach", 7u, BakeFormat.Wav, "slow_waves_on_a_pebble_beach_7.wav")]
        [TestCase("rain/tin_roof", 0u, BakeFormat.Ogg, "rain_tin_roof_0.ogg")]
        [TestCase("  ../..\\Con: \"?*  ", 1u, BakeFormat.Wav, "con_1.wav")]
        [TestCase("雨の音", 2u, BakeFormat.Wav, "雨の音_2.wav")]
        [TestCase("!?", 3u, BakeFormat.Wav, "3.wav")]
        public void AFileIsNamedByItsWordsAndItsSeed(string sound, uint seed, BakeFormat format, string name) =>
            Assert.AreEqual(name, Bake.FileName(sound, seed, format));

        [Test]
        public void ALongPromptIsCutBetweenNoTwoUnderscores()
        {
            string name = Bake.FileName(new string('a', 39) + " " + new string('b', 100), 5, BakeFormat.Wav);
            Assert.AreEqual(new string('a', 39) + "_5.wav", name);
        }

        [Test]
        public void TheProvenanceLiesBesideTheFile() =>
            Assert.AreEqual("Assets/Sounds/rain_1.swash.json", Bake.ProvenanceOf("Assets/Sounds/rain_1.wav"));
    }
}
