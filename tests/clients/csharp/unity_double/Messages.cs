using System;
using System.Reflection;
using UnityEngine;

namespace UnityDouble
{
    /// <summary>The methods that Unity finds by their names: Awake, Update, OnAudioFilterRead.</summary>
    internal static class Messages
    {
        private const BindingFlags Any =
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

        /// <summary>Whether a behaviour has such a method.</summary>
        public static bool Has(object target, string name) => Find(target.GetType(), name) != null;

        /// <summary>Calls it, if it is there. What it throws is logged, as Unity does, and fails the test.</summary>
        public static void Send(object target, string name, params object[] arguments)
        {
            try
            {
                Find(target.GetType(), name)?.Invoke(target, arguments);
            }
            catch (TargetInvocationException e)
            {
                Debug.LogException(e.InnerException);
            }
        }

        // Nothing is kept from one call to the next: types of an unloaded context could not go.
        private static MethodInfo Find(Type type, string name)
        {
            for (; type != null && type != typeof(MonoBehaviour); type = type.BaseType)
            {
                MethodInfo found = type.GetMethod(name, Any);
                if (found != null)
                    return found;
            }
            return null;
        }
    }
}
