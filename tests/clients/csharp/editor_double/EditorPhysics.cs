using System.Collections.Generic;

namespace UnityEngine
{
    public class Collider : Component
    {
    }

    /// <summary>A box upright in the world: the double's transforms neither turn nor scale it.</summary>
    public sealed class BoxCollider : Collider
    {
        public Vector3 size { get; set; } = Vector3.one;

        internal float Top => transform.position.y + size.y / 2f;

        internal bool IsBelow(Vector3 point)
        {
            Vector3 away = point - transform.position;
            return Mathf.Abs(away.x) <= size.x / 2f && Mathf.Abs(away.z) <= size.z / 2f && Top <= point.y;
        }
    }

    /// <summary>Goes where it is sent, at the height where it is.</summary>
    public sealed class CharacterController : Collider
    {
        public float height { get; set; } = 2f;

        public bool SimpleMove(Vector3 speed)
        {
            transform.position += speed * Time.deltaTime;
            return true;
        }
    }

    public struct RaycastHit
    {
        public Collider collider { get; internal set; }

        public float distance { get; internal set; }
    }

    /// <summary>Rays straight down onto boxes.</summary>
    public static class Physics
    {
        public static bool Raycast(Vector3 origin, Vector3 direction, out RaycastHit hitInfo, float maxDistance)
        {
            if (direction != Vector3.down) throw new System.NotSupportedException("the double looks down only");
            hitInfo = default;
            float nearest = maxDistance;
            foreach (BoxCollider box in Object.FindObjectsByType<BoxCollider>(FindObjectsSortMode.None))
            {
                if (!box.IsBelow(origin) || origin.y - box.Top > nearest) continue;
                nearest = origin.y - box.Top;
                hitInfo = new RaycastHit { collider = box, distance = nearest };
            }
            return hitInfo.collider != null;
        }
    }

    public enum KeyCode
    {
        A = 97,
        D = 100,
        S = 115,
        W = 119,
        UpArrow = 273,
        DownArrow = 274,
        RightArrow = 275,
        LeftArrow = 276,
        LeftShift = 304,
    }

    public static class Input
    {
        /// <summary>Tests only: the keys that are down.</summary>
        public static HashSet<KeyCode> Down { get; } = new HashSet<KeyCode>();

        public static bool GetKey(KeyCode key) => Down.Contains(key);
    }

    public static class Screen
    {
        public static int height => 720;
    }
}
