using System;
using UnityEngine;
using UnityEngine.Events;
using Object = UnityEngine.Object;

namespace Swash
{
    /// <summary>Telling listeners from within a task, where what they throw would get lost: it is logged.</summary>
    internal static class EventExtensions
    {
        /// <summary>Tells them.</summary>
        public static void Tell(this UnityEvent listeners, Object from)
        {
            try
            {
                listeners.Invoke();
            }
            catch (Exception e) // theirs, and nothing of ours goes wrong by it
            {
                Debug.LogException(e, from);
            }
        }

        /// <summary>Tells them something.</summary>
        public static void Tell(this UnityEvent<string> listeners, string what, Object from)
        {
            try
            {
                listeners.Invoke(what);
            }
            catch (Exception e) // theirs, and nothing of ours goes wrong by it
            {
                Debug.LogException(e, from);
            }
        }
    }
}
