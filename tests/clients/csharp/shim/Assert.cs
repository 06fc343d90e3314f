using System;
using System.Collections;
using System.Linq;

namespace NUnit.Framework
{
    public sealed class AssertionException : Exception
    {
        public AssertionException(string message)
            : base(message)
        {
        }
    }

    public sealed class IgnoreException : Exception
    {
        public IgnoreException(string message)
            : base(message)
        {
        }
    }

    public delegate void TestDelegate();

    /// <summary>What the package's tests use of NUnit's Assert, with NUnit's meaning.</summary>
    public static class Assert
    {
        public static void Fail(string message) => throw new AssertionException(message);

        public static void Ignore(string message) => throw new IgnoreException(message);

        public static void AreEqual(object expected, object actual, string message = "") =>
            Claim(Same(expected, actual), message + " expected " + expected + ", was " + actual);

        public static void AreNotEqual(object expected, object actual, string message = "") =>
            Claim(!Same(expected, actual), message + " expected anything but " + expected);

        public static void AreSame(object expected, object actual) =>
            Claim(ReferenceEquals(expected, actual), "expected the very " + expected + ", was " + actual);

        public static void IsTrue(bool condition, string message = "") => Claim(condition, message + " expected true");

        public static void IsFalse(bool condition, string message = "") => Claim(!condition, message + " expected false");

        public static void IsNull(object value) => Claim(value == null, "expected null, was " + value);

        public static void IsNotNull(object value) => Claim(value != null, "expected something, was null");

        public static void Greater(double one, double other) => Claim(one > other, one + " is not above " + other);

        public static void GreaterOrEqual(double one, double other) => Claim(one >= other, one + " is below " + other);

        public static void Less(double one, double other) => Claim(one < other, one + " is not below " + other);

        public static void LessOrEqual(double one, double other) => Claim(one <= other, one + " is above " + other);

        public static T Throws<T>(TestDelegate code, string message = "") where T : Exception
        {
            try
            {
                code();
            }
            catch (Exception e) when (e.GetType() == typeof(T))
            {
                return (T)e;
            }
            throw new AssertionException(message + " expected " + typeof(T).Name + ", and nothing was thrown");
        }

        internal static void Claim(bool condition, string otherwise)
        {
            if (!condition)
                throw new AssertionException(otherwise);
        }

        /// <summary>Numbers are equal across their types, as they are to NUnit; sequences element by element.</summary>
        internal static bool Same(object one, object other)
        {
            if (one is string || other is string || one == null || other == null)
                return Equals(one, other);
            if (one is IEnumerable && other is IEnumerable)
            {
                object[] ones = ((IEnumerable)one).Cast<object>().ToArray();
                object[] others = ((IEnumerable)other).Cast<object>().ToArray();
                return ones.Length == others.Length && ones.Zip(others, Same).All(same => same);
            }
            return IsNumber(one) && IsNumber(other) ? Numerical(one) == Numerical(other) : Equals(one, other);
        }

        private static bool IsNumber(object value) => value is IConvertible && value.GetType().IsPrimitive && !(value is bool);

        private static decimal Numerical(object value) =>
            value is float || value is double ? (decimal)Convert.ToDouble(value) : Convert.ToDecimal(value);
    }

    public static class CollectionAssert
    {
        public static void AreEqual(IEnumerable expected, IEnumerable actual) =>
            Assert.Claim(Assert.Same(expected, actual), "expected " + Text(expected) + ", was " + Text(actual));

        public static void Contains(IEnumerable items, object item) =>
            Assert.Claim(items.Cast<object>().Any(one => Assert.Same(one, item)), Text(items) + " lacks " + item);

        private static string Text(IEnumerable items) => string.Join(" ", items.Cast<object>().Take(50));
    }

    public static class StringAssert
    {
        public static void Contains(string part, string whole) =>
            Assert.Claim(whole.Contains(part), "\"" + whole + "\" lacks \"" + part + "\"");
    }
}
