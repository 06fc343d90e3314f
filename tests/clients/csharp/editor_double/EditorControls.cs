using System;
using System.Globalization;
using UnityEngine;

namespace UnityEditor
{
    public enum MessageType
    {
        None,
        Info,
        Warning,
        Error,
    }

    public static class EditorGUI
    {
        public static int indentLevel { get; set; }

        public static void DrawRect(Rect rect, Color color) => Page.Fill();

        public static void BeginChangeCheck() => Page.Changed = false;

        public static bool EndChangeCheck() => Page.Changed;

        public sealed class DisabledScope : IDisposable
        {
            public DisabledScope(bool disabled) => Page.Disable(disabled);

            public void Dispose() => Page.Enable();
        }
    }

    public static class EditorGUILayout
    {
        public static void Space()
        {
        }

        public static void LabelField(string label) => Page.Show(label);

        public static void LabelField(string label, string label2) => Page.Show(label.Trim() + (label.Trim().Length > 0 ? ": " : "") + label2);

        public static void HelpBox(string message, MessageType type) => Page.Show(message);

        public static string TextField(GUIContent label, string text, params GUILayoutOption[] options) =>
            Page.Control(label.text, text, text);

        public static string DelayedTextField(GUIContent label, string text, params GUILayoutOption[] options) =>
            Page.Control(label.text, text, text);

        public static string TextArea(string text, params GUILayoutOption[] options) => Page.Control(Page.Above, text, text);

        public static float FloatField(float value, params GUILayoutOption[] options) =>
            Page.Control("seconds", value, Told(value));

        public static long LongField(GUIContent label, long value, params GUILayoutOption[] options) =>
            Page.Control(label.text, value, value.ToString(CultureInfo.InvariantCulture));

        public static bool Toggle(GUIContent label, bool value, params GUILayoutOption[] options) =>
            Page.Control(label.text, value, value.ToString());

        public static bool ToggleLeft(GUIContent label, bool value, params GUILayoutOption[] options) =>
            Page.Control(label.text, value, value.ToString());

        public static Enum EnumPopup(string label, Enum selected, params GUILayoutOption[] options) =>
            Page.Control(label, selected, selected.ToString());

        public static int Popup(GUIContent label, int selected, string[] names, params GUILayoutOption[] options)
        {
            Page.Offer(label.text, names);
            return Page.Control(label.text, selected, selected >= 0 && selected < names.Length ? names[selected] : "");
        }

        public static double DoubleField(double value, params GUILayoutOption[] options) =>
            Page.Control(Page.Above + " =", value, Told(value));

        public static void PrefixLabel(GUIContent label) => Page.Show(label.text);

        /// <summary>As Unity names fields: "_playOnEnable" is "Play On Enable". Lists and objects are one control here.</summary>
        public static bool PropertyField(SerializedProperty property, bool includeChildren = false)
        {
            var label = System.Text.RegularExpressions.Regex.Replace(property.name.TrimStart('_'), "(?<=.)([A-Z])", " $1");
            label = char.ToUpperInvariant(label[0]) + label.Substring(1);
            var value = property.Value;
            if (value is string || value is bool || value is long || value is int || value is float || value is double)
            {
                var used = Page.Control(label, value, Convert.ToString(value, CultureInfo.InvariantCulture));
                if (!used.Equals(value)) property.Value = Convert.ChangeType(used, value.GetType());
            }
            else
            {
                Page.Show(label);
            }
            return false;
        }

        private static string Told(double value) => value.ToString(CultureInfo.InvariantCulture);

        public sealed class HorizontalScope : IDisposable
        {
            public HorizontalScope(params GUILayoutOption[] options)
            {
            }

            public void Dispose()
            {
            }
        }

        public sealed class ScrollViewScope : IDisposable
        {
            public ScrollViewScope(Vector2 scrollPosition, params GUILayoutOption[] options) =>
                this.scrollPosition = scrollPosition;

            public Vector2 scrollPosition { get; }

            public void Dispose()
            {
            }
        }
    }
}
