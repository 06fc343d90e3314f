using System;
using System.Collections.Generic;

namespace UnityEditor
{
    public enum PlayModeStateChange
    {
        EnteredEditMode,
        ExitingEditMode,
        EnteredPlayMode,
        ExitingPlayMode,
    }

    public static class EditorApplication
    {
        public delegate void CallbackFunction();

        public static CallbackFunction update;

        public static event Action<PlayModeStateChange> playModeStateChanged;

        public static event Action quitting;

        public static bool isPlaying => UnityEngine.Application.isPlaying;

        /// <summary>Tests only: a turn of the editor.</summary>
        public static void Tick() => update?.Invoke();

        /// <summary>Tests only: play mode begins or ends.</summary>
        public static void Raise(PlayModeStateChange change) => playModeStateChanged?.Invoke(change);

        /// <summary>Tests only: the user closes the editor.</summary>
        public static void Quit() => quitting?.Invoke();

        /// <summary>Tests only: how many listen for a change of the play mode.</summary>
        public static int PlayModeListeners => playModeStateChanged?.GetInvocationList().Length ?? 0;
    }

    public static class AssemblyReloadEvents
    {
        public delegate void AssemblyReloadCallback();

        public static event AssemblyReloadCallback beforeAssemblyReload;

        /// <summary>Tests only: a script has changed.</summary>
        public static void Reload() => beforeAssemblyReload?.Invoke();

        /// <summary>Tests only: how many listen.</summary>
        public static int Listeners => beforeAssemblyReload?.GetInvocationList().Length ?? 0;
    }

    public static class EditorPrefs
    {
        private static readonly Dictionary<string, string> Texts = new Dictionary<string, string>();

        public static string GetString(string key, string defaultValue) =>
            Texts.TryGetValue(key, out var found) ? found : defaultValue;

        public static void SetString(string key, string value) => Texts[key] = value;

        public static void DeleteAll() => Texts.Clear();
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class InitializeOnLoadAttribute : Attribute
    {
    }

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class MenuItem : Attribute
    {
        public readonly string menuItem;

        public MenuItem(string itemName) => menuItem = itemName;
    }
}
