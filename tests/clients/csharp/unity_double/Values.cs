using System;

namespace UnityEngine
{
    public struct Vector2
    {
        public float x;
        public float y;

        public Vector2(float x, float y)
        {
            this.x = x;
            this.y = y;
        }

        public static Vector2 zero => default;
    }

    public struct Vector3 : IEquatable<Vector3>
    {
        public float x;
        public float y;
        public float z;

        public Vector3(float x, float y, float z)
        {
            this.x = x;
            this.y = y;
            this.z = z;
        }

        public static Vector3 zero => default;

        public static Vector3 one => new Vector3(1f, 1f, 1f);

        public static Vector3 up => new Vector3(0f, 1f, 0f);

        public static Vector3 down => new Vector3(0f, -1f, 0f);

        public static Vector3 forward => new Vector3(0f, 0f, 1f);

        public float magnitude => (float)Math.Sqrt(x * x + y * y + z * z);

        public static Vector3 operator +(Vector3 a, Vector3 b) => new Vector3(a.x + b.x, a.y + b.y, a.z + b.z);

        public static Vector3 operator -(Vector3 a, Vector3 b) => new Vector3(a.x - b.x, a.y - b.y, a.z - b.z);

        public static Vector3 operator *(Vector3 a, float factor) => new Vector3(a.x * factor, a.y * factor, a.z * factor);

        public static Vector3 operator *(float factor, Vector3 a) => a * factor;

        public static bool operator ==(Vector3 a, Vector3 b) => (a - b).magnitude < 1e-5f;

        public static bool operator !=(Vector3 a, Vector3 b) => !(a == b);

        public bool Equals(Vector3 other) => x.Equals(other.x) && y.Equals(other.y) && z.Equals(other.z);

        public override bool Equals(object other) => other is Vector3 vector && Equals(vector);

        public override int GetHashCode() => (x, y, z).GetHashCode();

        public override string ToString() => "(" + x + ", " + y + ", " + z + ")";
    }

    public struct Rect
    {
        public Rect(float x, float y, float width, float height)
        {
            this.x = x;
            this.y = y;
            this.width = width;
            this.height = height;
        }

        public float x { get; set; }

        public float y { get; set; }

        public float width { get; set; }

        public float height { get; set; }

        public float xMin => x;

        public float yMin => y;

        public float xMax => x + width;

        public float yMax => y + height;
    }

    public struct Color
    {
        public float r;
        public float g;
        public float b;
        public float a;

        public Color(float r, float g, float b, float a = 1f)
        {
            this.r = r;
            this.g = g;
            this.b = b;
            this.a = a;
        }

        public static Color white => new Color(1f, 1f, 1f);

        public static Color black => new Color(0f, 0f, 0f);
    }

    public static class Mathf
    {
        public const float PI = 3.14159274f;

        public static float Clamp(float value, float min, float max) => value < min ? min : value > max ? max : value;

        public static int Clamp(int value, int min, int max) => value < min ? min : value > max ? max : value;

        public static float Clamp01(float value) => Clamp(value, 0f, 1f);

        public static int RoundToInt(float f) => (int)Math.Round(f);

        public static int FloorToInt(float f) => (int)Math.Floor(f);

        public static int CeilToInt(float f) => (int)Math.Ceiling(f);

        public static float Max(float a, float b) => Math.Max(a, b);

        public static int Max(int a, int b) => Math.Max(a, b);

        public static float Min(float a, float b) => Math.Min(a, b);

        public static int Min(int a, int b) => Math.Min(a, b);

        public static float Abs(float f) => Math.Abs(f);

        public static float Pow(float f, float p) => (float)Math.Pow(f, p);

        public static float Log10(float f) => (float)Math.Log10(f);

        public static float Lerp(float a, float b, float t) => a + (b - a) * Clamp01(t);

        public static bool Approximately(float a, float b) =>
            Math.Abs(b - a) < Math.Max(1e-6f * Math.Max(Math.Abs(a), Math.Abs(b)), 8f * float.Epsilon);
    }

    public sealed class AnimationCurve
    {
    }
}
