using System;
using System.Linq;
using UnityEngine;

namespace UnityEditor
{
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class CustomEditor : Attribute
    {
        public readonly Type InspectedType;

        public CustomEditor(Type inspectedType) => InspectedType = inspectedType;
    }

    public abstract class Editor : ScriptableObject
    {
        public UnityEngine.Object target { get; private set; }

        public SerializedObject serializedObject { get; private set; }

        /// <summary>Tests only: how often it asked to be drawn.</summary>
        public int Repaints { get; private set; }

        public static Editor CreateEditor(UnityEngine.Object target)
        {
            var type = AppDomain.CurrentDomain.GetAssemblies().SelectMany(assembly => assembly.GetTypes())
                .Single(candidate => candidate.GetCustomAttributes(typeof(CustomEditor), false)
                    .Any(told => ((CustomEditor)told).InspectedType == target.GetType()));
            var editor = (Editor)Activator.CreateInstance(type);
            editor.target = target;
            editor.serializedObject = new SerializedObject(target);
            Lifecycle.Call(editor, "OnEnable");
            return editor;
        }

        public abstract void OnInspectorGUI();

        public void Repaint() => Repaints++;

        /// <summary>Tests only: another object is selected.</summary>
        public void Deselect() => Lifecycle.Call(this, "OnDisable");

        /// <summary>Tests only: draw it.</summary>
        public void Draw() => Page.Draw(OnInspectorGUI);

        /// <summary>Tests only: click a button of it.</summary>
        public void Click(string label) => Page.Click(OnInspectorGUI, label);

        /// <summary>Tests only: give a control of it a value.</summary>
        public void Set(string label, object value) => Page.Set(OnInspectorGUI, label, value);
    }
}
