using System;
using System.Collections.Generic;
using System.Linq;
using UnityDouble;

namespace UnityEngine
{
    [Flags]
    public enum HideFlags
    {
        None = 0,
        HideInHierarchy = 1,
        HideInInspector = 2,
        DontSaveInEditor = 4,
        NotEditable = 8,
        DontSaveInBuild = 16,
        DontUnloadUnusedAsset = 32,
        DontSave = 52,
        HideAndDontSave = 61,
    }

    public enum FindObjectsSortMode
    {
        None,
        InstanceID,
    }

    /// <summary>A destroyed one equals null, and whoever uses it all the same is told so.</summary>
    public class Object
    {
        private string _name = "";
        private bool _destroyed;

        public string name
        {
            get
            {
                CheckAlive();
                return _name;
            }
            set => _name = value;
        }

        public HideFlags hideFlags { get; set; }

        public static implicit operator bool(Object one) => one != null;

        public static bool operator ==(Object one, Object other) => ReferenceEquals(Alive(one), Alive(other));

        public static bool operator !=(Object one, Object other) => !(one == other);

        public override bool Equals(object other) => other is Object one ? this == one : other == null && this == null;

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

        public override string ToString() => _destroyed ? "null" : _name + " (" + GetType() + ")";

        public static void Destroy(Object obj)
        {
            MainThread.Check("Destroy");
            if (!Application.isPlaying)
                throw new InvalidOperationException("Destroy may not be called from edit mode! Use DestroyImmediate instead.");
            World.Doom(obj);
        }

        public static void DestroyImmediate(Object obj)
        {
            MainThread.Check("DestroyImmediate");
            World.Destroy(obj);
        }

        public static void DontDestroyOnLoad(Object target)
        {
            MainThread.Check("DontDestroyOnLoad");
            if (!Application.isPlaying)
                throw new InvalidOperationException("DontDestroyOnLoad can only be used in play mode.");
        }

        public static T FindAnyObjectByType<T>()
            where T : Object => FindObjectsByType<T>(FindObjectsSortMode.None).FirstOrDefault();

        public static T FindFirstObjectByType<T>()
            where T : Object => FindAnyObjectByType<T>();

        public static T[] FindObjectsByType<T>(FindObjectsSortMode sortMode)
            where T : Object
        {
            MainThread.Check("FindObjectsByType");
            return World.Components().Where(component => component.gameObject.activeInHierarchy).OfType<T>().ToArray();
        }

        /// <summary>Tests only: of the double, it is gone.</summary>
        internal void MarkDestroyed() => _destroyed = true;

        /// <summary>Throws as Unity does when this was destroyed.</summary>
        internal void CheckAlive()
        {
            if (_destroyed)
            {
                throw new MissingReferenceException(
                    "The object of type '" + GetType().Name + "' has been destroyed but you are still trying to access it.");
            }
        }

        private static Object Alive(Object one) => one is null || one._destroyed ? null : one;
    }

    public class ScriptableObject : Object
    {
        public static T CreateInstance<T>()
            where T : ScriptableObject, new() => new T();
    }

    public class UnityException : SystemException
    {
        public UnityException(string message)
            : base(message)
        {
        }
    }

    public class MissingReferenceException : SystemException
    {
        public MissingReferenceException(string message)
            : base(message)
        {
        }
    }
}
