using System;
using NUnit.Framework;

namespace Swash.Editor.Tests
{
    public sealed class JsonTextTests
    {
        [Test]
        public void WhatIsAbsentIsNotWritten()
        {
            var json = new JsonText().BeginObject()
                .Add("prompt", "rain").Add("effect", (string)null).Add("duration_s", (double?)null).Add("seed", 4294967295)
                .BeginArray("layers").BeginObject().Add("level_db", -0.5).EndObject().EndArray()
                .BeginObject("loop").EndObject().Add("cached", true)
                .EndObject();
            const string Expected = "{\n  \"prompt\": \"rain\",\n  \"seed\": 4294967295,\n  \"layers\": [\n    {\n"
                + "      \"level_db\": -0.5\n    }\n  ],\n  \"loop\": {},\n  \"cached\": true\n}\n";
            Assert.AreEqual(Expected, json.ToString());
        }

        [Test]
        public void QuotesAndControlLettersAreEscaped() => Assert.AreEqual(
            "{\n  \"a\": \"\\\"\\\\\\u000aé雨\"\n}\n", new JsonText().BeginObject().Add("a", "\"\\\né雨").EndObject().ToString());

        [Test]
        public void ANumberThatJsonDoesNotKnowIsRefusedByName()
        {
            var error = Assert.Throws<ArgumentException>(() => new JsonText().BeginObject().Add("peak", double.NaN));
            StringAssert.Contains("peak", error.Message);
        }
    }
}
