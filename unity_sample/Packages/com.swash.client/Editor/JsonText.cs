using System;
using System.Globalization;
using System.Text;

namespace Swash.Editor
{
    /// <summary>Writes JSON, indented, member by member in the order it is told them.</summary>
    /// <remarks>Unity's JsonUtility knows no members that may be absent, and no dictionaries.</remarks>
    public sealed class JsonText
    {
        private readonly StringBuilder _text = new StringBuilder();
        private int _depth;
        private bool _first = true;

        /// <summary>Begins an object: the whole, a member's value when it has a name, or an element.</summary>
        public JsonText BeginObject(string name = null) => Begin(name, '{');

        /// <summary>Begins an array, whose elements have no names.</summary>
        public JsonText BeginArray(string name = null) => Begin(name, '[');

        /// <summary>Ends what <see cref="BeginObject"/> began.</summary>
        public JsonText EndObject() => End('}');

        /// <summary>Ends what <see cref="BeginArray"/> began.</summary>
        public JsonText EndArray() => End(']');

        /// <summary>Writes a text; nothing when it is null.</summary>
        public JsonText Add(string name, string value)
        {
            if (value == null) return this;
            Name(name);
            Quote(value);
            return this;
        }

        /// <summary>Writes a number, so that it reads back the same; nothing when it is null.</summary>
        /// <exception cref="ArgumentException">It is not finite: JSON has no such number.</exception>
        public JsonText Add(string name, double? value)
        {
            if (value == null) return this;
            if (double.IsNaN(value.Value) || double.IsInfinity(value.Value))
                throw new ArgumentException($"{name}: a finite number, got {value.Value}");
            Name(name);
            _text.Append(value.Value.ToString("R", CultureInfo.InvariantCulture));
            return this;
        }

        /// <summary>Writes a whole number.</summary>
        public JsonText Add(string name, ulong value)
        {
            Name(name);
            _text.Append(value.ToString(CultureInfo.InvariantCulture));
            return this;
        }

        /// <summary>Writes true or false.</summary>
        public JsonText Add(string name, bool value)
        {
            Name(name);
            _text.Append(value ? "true" : "false");
            return this;
        }

        /// <inheritdoc/>
        public override string ToString() => _text + "\n";

        private JsonText Begin(string name, char bracket)
        {
            if (_depth > 0) Name(name);
            _text.Append(bracket);
            _depth++;
            _first = true;
            return this;
        }

        private JsonText End(char bracket)
        {
            _depth--;
            if (!_first) NewLine();
            _first = false;
            _text.Append(bracket);
            return this;
        }

        private void Name(string name)
        {
            if (!_first) _text.Append(',');
            _first = false;
            NewLine();
            if (name == null) return;
            Quote(name);
            _text.Append(": ");
        }

        private void NewLine() => _text.Append('\n').Append(' ', _depth * 2);

        private void Quote(string value)
        {
            _text.Append('"');
            foreach (var letter in value)
            {
                if (letter == '"' || letter == '\\') _text.Append('\\').Append(letter);
                else if (letter < ' ') _text.Append("\\u").Append(((int)letter).ToString("x4"));
                else _text.Append(letter);
            }
            _text.Append('"');
        }
    }
}
