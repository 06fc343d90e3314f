using System;
using System.Collections.Generic;
using System.IO;
using UnityDouble;

namespace UnityEngine
{
    public static class Application
    {
        public static event Action quitting;

        public static bool isPlaying { get; internal set; }

        public static bool isEditor => true;

        public static string persistentDataPath
        {
            get
            {
                MainThread.Check("get_persistentDataPath");
                return Player.PersistentDataPath;
            }
        }

        internal static void RaiseQuitting() => quitting?.Invoke();

        internal static void Forget() => quitting = null;
    }

    public static class Time
    {
        public static float deltaTime { get; internal set; }

        public static float unscaledDeltaTime => deltaTime;

        public static float time => (float)realtimeSinceStartupAsDouble;

        public static float unscaledTime => time;

        public static float realtimeSinceStartup => time;

        public static double realtimeSinceStartupAsDouble
        {
            get
            {
                MainThread.Check("get_realtimeSinceStartupAsDouble");
                return Now;
            }
        }

        public static int frameCount { get; internal set; }

        internal static double Now { get; set; }
    }

    /// <summary>What is logged is kept; an exception fails the test that it happens in.</summary>
    public static class Debug
    {
        private static readonly List<string> Kept = new List<string>();
        private static readonly List<Exception> Thrown = new List<Exception>();

        /// <summary>Tests only: what was logged.</summary>
        public static IReadOnlyList<string> Lines
        {
            get
            {
                lock (Kept)
                    return Kept.ToArray();
            }
        }

        /// <summary>Tests only: what was thrown where nobody catches it, since the last call.</summary>
        public static IReadOnlyList<Exception> TakeExceptions()
        {
            lock (Kept)
            {
                Exception[] thrown = Thrown.ToArray();
                Thrown.Clear();
                return thrown;
            }
        }

        public static void Log(object message, Object context = null) => Keep("" + message);

        public static void LogWarning(object message, Object context = null) => Keep("Warning: " + message);

        public static void LogError(object message, Object context = null) => Keep("Error: " + message);

        public static void LogException(Exception exception, Object context = null)
        {
            lock (Kept)
                Thrown.Add(exception);
            Keep("Exception: " + exception);
        }

        private static void Keep(string line)
        {
            lock (Kept)
                Kept.Add(line);
        }
    }
}
