using System;
using System.Globalization;

namespace UnityEngine
{
    public enum EventType
    {
        MouseUp = 1,
        Repaint = 7,
        Layout = 8,
    }

    public sealed class Event
    {
        public static Event current { get; set; }

        public EventType type { get; set; }
    }

    public sealed class GUIContent
    {
        public string text;
        public string tooltip;

        public GUIContent(string text, string tooltip = "")
        {
            this.text = text;
            this.tooltip = tooltip;
        }
    }

    public sealed class GUILayoutOption
    {
    }

    public static class GUI
    {
        public static void FocusControl(string name)
        {
        }
    }

    public static class GUILayoutUtility
    {
        public static Rect GetRect(float minWidth, float maxWidth, float minHeight, float maxHeight) =>
            new Rect(0f, 0f, Event.current.type == EventType.Repaint ? 300f : 1f, minHeight);
    }

    public static class GUILayout
    {
        public static GUILayoutOption Width(float width) => new GUILayoutOption();

        public static GUILayoutOption MinHeight(float height) => new GUILayoutOption();

        public static bool Button(string text, params GUILayoutOption[] options) => Page.Control(text, false, "");

        public static bool Button(GUIContent content, params GUILayoutOption[] options) =>
            Page.Control(Page.Above + " " + content.text, false, "");

        public static bool Toggle(bool value, GUIContent content, params GUILayoutOption[] options) =>
            Page.Control(content.text, value, value.ToString());

        public static int Toolbar(int selected, string[] texts, params GUILayoutOption[] options)
        {
            for (var i = 0; i < texts.Length; i++)
            {
                if (Page.Control(texts[i], false, "")) selected = i;
            }
            return selected;
        }

        public static void Label(string text, params GUILayoutOption[] options) => Page.Show(text);

        public static float HorizontalSlider(float value, float left, float right, params GUILayoutOption[] options) =>
            Math.Max(left, Math.Min(right, Page.Control(Page.Above, value, value.ToString(CultureInfo.InvariantCulture))));

        public static void BeginArea(Rect area)
        {
        }

        public static void EndArea()
        {
        }
    }
}
