using NUnit.Framework;
using Swash.V1;

namespace Swash.Editor.Tests
{
    public sealed class ParameterScaleTests
    {
        private static readonly Parameter Speed = new Parameter { Minimum = -40, Maximum = 12, Curve = Curve.Linear };
        private static readonly Parameter Pitch = new Parameter { Minimum = 20, Maximum = 20000, Curve = Curve.Logarithmic };

        [TestCase(0f, 20.0)]
        [TestCase(1f / 3f, 200.0)]
        [TestCase(2f / 3f, 2000.0)]
        [TestCase(1f, 20000.0)]
        public void EqualWaysOfALogarithmicSliderAreEqualRatios(float position, double value)
        {
            Assert.That(ParameterScale.ToValue(Pitch, position), Is.EqualTo(value).Within(value * 1e-3));
            Assert.That(ParameterScale.ToPosition(Pitch, value), Is.EqualTo(position).Within(1e-6));
        }

        [TestCase(-40.0)]
        [TestCase(-0.5)]
        [TestCase(0.0)]
        [TestCase(12.0)]
        public void AValueComesBackFromItsPlace(double value) =>
            Assert.That(ParameterScale.ToValue(Speed, ParameterScale.ToPosition(Speed, value)), Is.EqualTo(value).Within(1e-3));

        [Test]
        public void NoPlaceIsOutsideTheRange()
        {
            Assert.AreEqual(1f, ParameterScale.ToPosition(Speed, 100));
            Assert.AreEqual(0f, ParameterScale.ToPosition(Pitch, -5));
            Assert.AreEqual(12, ParameterScale.Clamp(Speed, 100));
            Assert.AreEqual(-40, ParameterScale.Clamp(Speed, double.NaN));
            Assert.AreEqual(0f, ParameterScale.ToPosition(new Parameter(), 3)); // a choice has no range
        }
    }
}
