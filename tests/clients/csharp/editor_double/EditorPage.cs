using System;
using System.Collections.Generic;
using System.Linq;

namespace UnityEngine
{
    /// <summary>
    /// The paper that immediate-mode controls draw on, and the hand that uses them. Tests only: a control says what it
    /// shows, and takes what the hand holds for its label. As in Unity, each event is laid out first, and the pass that
    /// follows must draw the same controls.
    /// </summary>
    public static class Page
    {
        private static readonly List<string> Shown = new List<string>();
        private static readonly Dictionary<string, object> Held = new Dictionary<string, object>();
        private static readonly Dictionary<string, string[]> Menus = new Dictionary<string, string[]>();
        private static readonly Stack<bool> Disabled = new Stack<bool>();
        private static int _drawn;
        private static int _laidOut;
        private static bool _isDrawing;

        /// <summary>What the last drawing showed: labels, buttons, values, in their order.</summary>
        public static IReadOnlyList<string> Texts => Shown;

        /// <summary>Whether a control's value was changed by the hand since this was last set to false.</summary>
        public static bool Changed { get; set; }

        /// <summary>For controls without a label: what the label above them says.</summary>
        public static string Above { get; private set; } = "";

        /// <summary>How many rectangles the last drawing filled.</summary>
        public static int Filled { get; private set; }

        /// <summary>Whether the last drawing showed this text somewhere.</summary>
        public static bool Shows(string text) => Shown.Any(shown => shown.Contains(text));

        /// <summary>Return what a popup that was drawn offers.</summary>
        public static string[] Choices(string label) => Menus[label];

        /// <summary>For popups: what it offers.</summary>
        public static void Offer(string label, string[] choices) => Menus[label] = choices;

        /// <summary>Draw once as Unity repaints.</summary>
        public static void Draw(Action onGUI)
        {
            Pass(onGUI, EventType.Layout);
            Pass(onGUI, EventType.Repaint);
        }

        /// <summary>Click a button, and draw what came of it.</summary>
        public static void Click(Action onGUI, string label) => Use(onGUI, label, true);

        /// <summary>Give a control a value, and draw what came of it.</summary>
        public static void Set(Action onGUI, string label, object value) => Use(onGUI, label, value);

        /// <summary>For controls: draw one, and return what the hand has for it, else the value.</summary>
        public static T Control<T>(string label, T value, string shown)
        {
            Count();
            if (Event.current.type == EventType.Repaint)
            {
                Shown.Add(label);
                if (!string.IsNullOrEmpty(shown)) Shown.Add(shown);
            }
            if (Event.current.type == EventType.Layout || Event.current.type == EventType.Repaint) return value;
            if (!Held.TryGetValue(label, out var held)) return value;
            if (Disabled.Contains(true)) throw new InvalidOperationException($"'{label}' is disabled");
            Held.Remove(label);
            Changed = true;
            return (T)(held is T ? held : Convert.ChangeType(held, typeof(T)));
        }

        /// <summary>For labels and boxes: show a text.</summary>
        public static void Show(string text)
        {
            Count();
            Above = text;
            if (Event.current.type == EventType.Repaint) Shown.Add(text);
        }

        /// <summary>For drawing: fill a rectangle.</summary>
        public static void Fill()
        {
            if (Event.current.type != EventType.Repaint) throw new InvalidOperationException("nothing is drawn but on Repaint");
            Filled++;
        }

        /// <summary>For scopes: what is drawn until <see cref="Enable"/> may not be used, if so.</summary>
        public static void Disable(bool disabled) => Disabled.Push(disabled);

        /// <summary>For scopes: the end of <see cref="Disable"/>.</summary>
        public static void Enable() => Disabled.Pop();

        private static void Use(Action onGUI, string label, object value)
        {
            Held.Clear();
            Held[label] = value;
            Pass(onGUI, EventType.Layout);
            Pass(onGUI, EventType.MouseUp);
            if (Held.Count > 0) throw new InvalidOperationException($"there is no '{label}' among: {string.Join(" | ", Shown)}");
            Draw(onGUI);
        }

        private static void Pass(Action onGUI, EventType type)
        {
            Event.current = new Event { type = type };
            _isDrawing = true;
            _drawn = 0;
            if (type == EventType.Repaint)
            {
                Shown.Clear();
                Filled = 0;
            }
            onGUI();
            if (Disabled.Count > 0) throw new InvalidOperationException("a disabled scope was not closed");
            if (type == EventType.Layout) _laidOut = _drawn;
            else if (_drawn != _laidOut)
            {
                throw new ArgumentException($"{_laidOut} controls were laid out and {_drawn} drawn on {type}");
            }
            _isDrawing = false;
        }

        private static void Count()
        {
            if (!_isDrawing) throw new ArgumentException("You can only call GUI functions from inside OnGUI.");
            _drawn++;
        }
    }
}
