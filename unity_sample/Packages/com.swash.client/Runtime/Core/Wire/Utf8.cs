using System;
using System.Text;

namespace Swash.Wire
{
    /// <summary>Text as protobuf wants it: valid UTF-8, both ways.</summary>
    internal static class Utf8
    {
        internal static readonly Encoding Strict = new UTF8Encoding(false, throwOnInvalidBytes: true);

        /// <summary>
        /// Orders strings as their UTF-8 bytes are ordered. UTF-16 orders differently beyond U+FFFF: there
        /// surrogates are smaller than U+E000 to U+FFFF.
        /// </summary>
        internal static int Compare(string left, string right)
        {
            int shared = Math.Min(left.Length, right.Length);
            for (int i = 0; i < shared; i++)
            {
                if (left[i] != right[i]) return Rank(left[i]) - Rank(right[i]);
            }
            return left.Length - right.Length;
        }

        private static int Rank(char unit)
        {
            return char.IsSurrogate(unit) ? unit + 0x10000 : unit;
        }
    }
}
