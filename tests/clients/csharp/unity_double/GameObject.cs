using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using UnityDouble;

namespace UnityEngine
{
    public sealed class GameObject : Object
    {
        private bool _activeSelf = true;

        public GameObject(string name = "New Game Object", params Type[] components)
        {
            MainThread.Check("GameObject");
            this.name = name;
            transform = new Transform { gameObject = this };
            Components.Add(transform);
            World.Add(this);
            foreach (Type component in components)
                AddComponent(component);
        }

        public Transform transform { get; }

        public bool activeSelf => _activeSelf;

        public bool activeInHierarchy =>
            _activeSelf && (transform.parent == null || transform.parent.gameObject.activeInHierarchy);

        internal List<Component> Components { get; } = new List<Component>();

        public T AddComponent<T>()
            where T : Component => (T)AddComponent(typeof(T));

        public Component AddComponent(Type componentType)
        {
            MainThread.Check("AddComponent");
            CheckAlive();
            foreach (RequireComponent required in componentType.GetCustomAttributes<RequireComponent>(true))
            {
                if (GetComponent(required.m_Type0) == null)
                    AddComponent(required.m_Type0);
            }
            if (componentType.IsDefined(typeof(DisallowMultipleComponent), true) && GetComponent(componentType) != null)
                throw new InvalidOperationException("Can't add '" + componentType.Name + "': it is there already");
            var component = (Component)Activator.CreateInstance(componentType, true);
            component.gameObject = this;
            Components.Add(component);
            (component as Behaviour)?.Follow();
            return component;
        }

        public T GetComponent<T>() => Components.OfType<T>().FirstOrDefault();

        public Component GetComponent(Type type) => Components.Find(type.IsInstanceOfType);

        public T[] GetComponents<T>() => Components.OfType<T>().ToArray();

        public bool TryGetComponent<T>(out T component)
        {
            component = GetComponent<T>();
            return component != null;
        }

        public void SetActive(bool value)
        {
            MainThread.Check("SetActive");
            CheckAlive();
            _activeSelf = value;
            FollowAll();
        }

        private void FollowAll()
        {
            foreach (Component component in Components.ToArray())
                (component as Behaviour)?.Follow();
            foreach (Transform child in transform.Children.ToArray())
                child.gameObject.FollowAll();
        }
    }
}
