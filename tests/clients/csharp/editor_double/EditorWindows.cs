using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using UnityEngine;

namespace UnityEditor
{
    public abstract class EditorWindow : ScriptableObject
    {
        private static readonly List<EditorWindow> Opened = new List<EditorWindow>();

        public Vector2 minSize { get; set; }

        public string title { get; private set; }

        /// <summary>Tests only: how often it asked to be drawn.</summary>
        public int Repaints { get; private set; }

        /// <summary>Tests only: the windows that are open.</summary>
        public static IReadOnlyList<EditorWindow> All => Opened;

        public static T GetWindow<T>(string title)
            where T : EditorWindow, new()
        {
            var found = Opened.OfType<T>().FirstOrDefault();
            if (found != null) return found;
            var window = new T { title = title };
            Opened.Add(window);
            Lifecycle.Call(window, "OnEnable");
            return window;
        }

        public void Repaint() => Repaints++;

        public void Close()
        {
            if (!Opened.Remove(this)) return;
            Lifecycle.Call(this, "OnDisable");
            Lifecycle.Call(this, "OnDestroy");
        }

        /// <summary>Tests only: draw it.</summary>
        public void Draw() => Page.Draw(OnGUI);

        /// <summary>Tests only: click a button of it.</summary>
        public void Click(string label) => Page.Click(OnGUI, label);

        /// <summary>Tests only: give a control of it a value.</summary>
        public void Set(string label, object value) => Page.Set(OnGUI, label, value);

        /// <summary>Tests only: what the editor does when a script has changed; windows come back with what was saved.</summary>
        public static void ReloadScripts()
        {
            AssemblyReloadEvents.Reload();
            foreach (var window in Opened.ToArray())
            {
                Lifecycle.Call(window, "OnDisable");
                var again = (EditorWindow)Activator.CreateInstance(window.GetType());
                SerializedCopy.Into(window, again);
                again.title = window.title;
                Opened[Opened.IndexOf(window)] = again;
                Lifecycle.Call(again, "OnEnable");
            }
        }

        private void OnGUI() => Lifecycle.Call(this, "OnGUI");
    }

    /// <summary>Calls what Unity calls by name.</summary>
    static class Lifecycle
    {
        private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

        public static void Call(object target, string name)
        {
            for (var type = target.GetType(); type != null; type = type.BaseType)
            {
                if (type == typeof(EditorWindow) || type == typeof(Editor)) return;
                var method = type.GetMethod(name, Own, null, Type.EmptyTypes, null);
                if (method == null) continue;
                try
                {
                    method.Invoke(target, null);
                }
                catch (TargetInvocationException e)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e.InnerException).Throw();
                }
                return;
            }
        }
    }
}
