using System.Reflection;
using UnityEngine;

namespace Swash.Editor.Tests
{
    /// <summary>Does what a scene does when it is loaded.</summary>
    internal static class Scene
    {
        /// <summary>Gives a serialized field its value.</summary>
        public static void Set(Component component, string field, object value)
        {
            FieldInfo found = component.GetType().GetField(field, BindingFlags.Instance | BindingFlags.NonPublic);
            found.SetValue(component, value);
        }
    }
}
