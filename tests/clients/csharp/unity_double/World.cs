using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using UnityEngine;
using Object = UnityEngine.Object;

namespace UnityDouble
{
    /// <summary>Every object there is, and what becomes of them.</summary>
    internal static class World
    {
        private static readonly List<GameObject> Objects = new List<GameObject>();
        private static readonly List<Object> Doomed = new List<Object>();

        /// <summary>Every component, in the order in which Unity visits them: by execution order, then by age.</summary>
        public static List<Component> Components() => Objects
            .SelectMany(one => one.Components)
            .OrderBy(component => component.GetType().GetCustomAttribute<DefaultExecutionOrder>()?.order ?? 0)
            .ToList();

        /// <summary>Takes in a new object.</summary>
        public static void Add(GameObject one) => Objects.Add(one);

        /// <summary>Destroys at the end of the frame.</summary>
        public static void Doom(Object one)
        {
            if (one != null && !Doomed.Contains(one))
                Doomed.Add(one);
        }

        /// <summary>Destroys what was doomed.</summary>
        public static void Bury()
        {
            while (Doomed.Count > 0) // whoever goes may doom others
            {
                Object one = Doomed[0];
                Doomed.RemoveAt(0);
                Destroy(one);
            }
        }

        /// <summary>Destroys everything, as at the end of play mode.</summary>
        public static void DestroyAll()
        {
            foreach (GameObject one in Objects.ToArray())
                Destroy(one);
            Bury();
        }

        /// <summary>Destroys now.</summary>
        public static void Destroy(Object one)
        {
            if (one == null)
                return;
            if (one is GameObject whole)
            {
                foreach (Transform child in whole.transform.Children.ToArray())
                    Destroy(child.gameObject);
                foreach (Component component in whole.Components.ToArray())
                    DestroyComponent(component);
                whole.Components.Clear();
                whole.transform.SetParent(null, false);
                Objects.Remove(whole);
            }
            else if (one is Component component)
            {
                DestroyComponent(component);
                component.gameObject.Components.Remove(component);
            }
            one.MarkDestroyed();
        }

        private static void DestroyComponent(Component component)
        {
            if (component is Behaviour behaviour)
                behaviour.Leave();
            component.MarkDestroyed();
        }
    }
}
