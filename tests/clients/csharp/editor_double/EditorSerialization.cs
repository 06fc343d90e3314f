using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using UnityEngine;

namespace UnityEditor
{
    /// <summary>What Unity saves of an object: public fields and those with SerializeField, and so on below.</summary>
    static class SerializedCopy
    {
        private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

        public static IEnumerable<FieldInfo> Fields(Type type)
        {
            for (; type != null && type.Assembly != typeof(object).Assembly; type = type.BaseType)
            {
                foreach (var field in type.GetFields(Own))
                {
                    if (field.IsInitOnly || field.IsDefined(typeof(NonSerializedAttribute), false)) continue;
                    if (field.IsPublic || field.IsDefined(typeof(SerializeField), false)) yield return field;
                }
            }
        }

        public static void Into(object from, object to)
        {
            foreach (var field in Fields(from.GetType()))
            {
                if (field.DeclaringType.Namespace?.StartsWith("Unity") != true) field.SetValue(to, Of(field.GetValue(from)));
            }
        }

        private static object Of(object value)
        {
            switch (value)
            {
                case null:
                case UnityEngine.Object _:
                    return value;
                case IList list when value.GetType().IsGenericType:
                    var copies = (IList)Activator.CreateInstance(value.GetType());
                    foreach (var element in list) copies.Add(Of(element));
                    return copies;
                default:
                    if (!IsOurs(value.GetType())) return value;
                    var copy = Activator.CreateInstance(value.GetType());
                    Into(value, copy);
                    return copy;
            }
        }

        private static bool IsOurs(Type type) =>
            type.IsClass && type.IsDefined(typeof(SerializableAttribute), false) && type.Namespace?.StartsWith("Swash") == true;
    }

    public sealed class SerializedObject
    {
        private readonly object _copy;

        public SerializedObject(UnityEngine.Object target)
        {
            targetObject = target;
            _copy = System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(target.GetType());
            Update();
        }

        public UnityEngine.Object targetObject { get; }

        public void Update() => SerializedCopy.Into(targetObject, _copy);

        public bool ApplyModifiedProperties()
        {
            SerializedCopy.Into(_copy, targetObject);
            return true;
        }

        public SerializedProperty FindProperty(string name) => SerializedProperty.Root(_copy).FindPropertyRelative(name);

        public SerializedProperty GetIterator() => SerializedProperty.Root(_copy);
    }

    public sealed class SerializedProperty
    {
        private object _owner;
        private FieldInfo _field; // null of an element, and of the iterator before its first
        private int _index = -1;
        private List<FieldInfo> _siblings;

        public string name => _field?.Name ?? "data";

        public string type => Value?.GetType().Name ?? _field.FieldType.Name;

        public bool isArray => Value is IList;

        public int arraySize => List.Count;

        public string stringValue
        {
            get => (string)Value ?? "";
            set => Value = value;
        }

        public double doubleValue
        {
            get => Convert.ToDouble(Value);
            set => Value = Convert.ChangeType(value, Value.GetType());
        }

        public long longValue
        {
            get => Convert.ToInt64(Value);
            set => Value = Convert.ChangeType(value, Value.GetType());
        }

        public bool boolValue
        {
            get => (bool)Value;
            set => Value = value;
        }

        /// <summary>Tests only: the field's value itself.</summary>
        public object Value
        {
            get => _field != null ? _field.GetValue(_owner) : _index >= 0 ? ((IList)_owner)[_index] : _owner;
            set
            {
                if (_field != null) _field.SetValue(_owner, value);
                else ((IList)_owner)[_index] = value;
            }
        }

        private IList List => (IList)Value;

        public SerializedProperty FindPropertyRelative(string path)
        {
            var found = SerializedCopy.Fields(Value.GetType()).FirstOrDefault(field => field.Name == path);
            return found == null ? null : new SerializedProperty { _owner = Value, _field = found };
        }

        public SerializedProperty GetArrayElementAtIndex(int index)
        {
            if (index < 0 || index >= List.Count) throw new IndexOutOfRangeException($"{name}[{index}] of {List.Count}");
            return new SerializedProperty { _owner = List, _index = index };
        }

        public void InsertArrayElementAtIndex(int index) =>
            List.Insert(index, Activator.CreateInstance(List.GetType().GetGenericArguments()[0]));

        public void DeleteArrayElementAtIndex(int index) => List.RemoveAt(index);

        public void ClearArray() => List.Clear();

        public SerializedProperty Copy() => (SerializedProperty)MemberwiseClone();

        public bool NextVisible(bool enterChildren)
        {
            if (_siblings == null)
            {
                _siblings = SerializedCopy.Fields(_owner.GetType())
                    .Where(field => field.DeclaringType.Namespace?.StartsWith("Unity") != true)
                    .ToList();
            }
            else
            {
                _siblings.Remove(_field);
            }
            if (_siblings.Count == 0) return false;
            _field = _siblings[0];
            return true;
        }

        internal static SerializedProperty Root(object owner) => new SerializedProperty { _owner = owner };
    }
}
