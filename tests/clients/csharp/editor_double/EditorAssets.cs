using System;
using System.Collections.Generic;
using System.IO;
using UnityEngine;

namespace UnityEditor
{
    public static class AssetDatabase
    {
        private static readonly List<string> Brought = new List<string>();

        /// <summary>Tests only: what was imported, in order.</summary>
        public static IReadOnlyList<string> Imported => Brought;

        public static void ImportAsset(string path)
        {
            if (!path.StartsWith("Assets/")) throw new ArgumentException($"{path} is outside the project");
            if (!File.Exists(path)) throw new FileNotFoundException(path);
            Brought.Add(path);
        }

        public static UnityEngine.Object LoadMainAssetAtPath(string path) => null;
    }

    public static class EditorGUIUtility
    {
        /// <summary>Whether somebody is typing.</summary>
        public static bool editingTextField { get; set; }

        public static void PingObject(UnityEngine.Object obj)
        {
        }
    }

    public static class EditorUtility
    {
        /// <summary>Tests only: what the last dialog said.</summary>
        public static string LastDialog { get; set; } = "";

        public static bool DisplayDialog(string title, string message, string ok)
        {
            LastDialog = message;
            return true;
        }

        public static GameObject CreateGameObjectWithHideFlags(string name, HideFlags flags, params Type[] components)
        {
            var made = new GameObject(name, components);
            made.hideFlags = flags;
            Hidden.All.Add(made);
            return made;
        }
    }
}

namespace UnityEditor
{
    /// <summary>Tests only: objects that belong to no scene, the destroyed ones too.</summary>
    public static class Hidden
    {
        internal static readonly List<GameObject> All = new List<GameObject>();

        /// <summary>In the order they were made.</summary>
        public static IReadOnlyList<GameObject> Objects => All;
    }
}
