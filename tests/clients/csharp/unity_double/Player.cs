using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using UnityEngine;
using UnityEngine.Networking;
using Debug = UnityEngine.Debug;

namespace UnityDouble
{
    /// <summary>Play mode and the player loop, which tests turn frame by frame.</summary>
    public static class Player
    {
        private const double LongestFrameS = 0.1; // of a machine that was busy elsewhere: to the game it did not happen
        private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(4);
        private static readonly Stopwatch Clock = Stopwatch.StartNew();

        private static MainThread s_main;
        private static double s_lastS;

        /// <summary>Where the game keeps its files.</summary>
        public static string PersistentDataPath { get; private set; } = "";

        /// <summary>Begins to play, on this thread. Statics are as they were: Unity need not reload the domain.</summary>
        public static void Enter()
        {
            s_main = MainThread.Bind();
            AudioDevice.Reset();
            string data = Environment.GetEnvironmentVariable("UNITY_PERSISTENT_DATA") ?? Path.GetTempPath();
            PersistentDataPath = Path.Combine(data, "play_" + Guid.NewGuid().ToString("N")); // each play finds nothing there
            Debug.TakeExceptions();
            Application.isPlaying = true;
            s_lastS = Clock.Elapsed.TotalSeconds;
            foreach (RuntimeInitializeLoadType when in new[]
            {
                RuntimeInitializeLoadType.SubsystemRegistration, RuntimeInitializeLoadType.AfterAssembliesLoaded,
                RuntimeInitializeLoadType.BeforeSceneLoad, RuntimeInitializeLoadType.AfterSceneLoad,
            })
            {
                CallInitializers(when);
            }
        }

        /// <summary>Stops playing: quitting is told, then every object is disabled and destroyed.</summary>
        public static void Exit()
        {
            Application.RaiseQuitting();
            foreach (Component component in World.Components())
                Messages.Send(component, "OnApplicationQuit");
            World.DestroyAll();
            s_main.DoPosted();
            Application.isPlaying = false;
        }

        /// <summary>
        /// Scripts are reloaded: every object is disabled, and the engine forgets who listens. Call what the editor
        /// tells `beforeAssemblyReload` first. The statics of the scripts go when their load context does.
        /// </summary>
        public static void ReloadDomain()
        {
            World.DestroyAll();
            s_main.DoPosted();
            Application.Forget();
            AudioSettings.Forget();
        }

        /// <summary>The user leaves the application, or comes back to it.</summary>
        public static void PauseApplication(bool paused)
        {
            foreach (Component component in World.Components())
            {
                if (component is MonoBehaviour behaviour && behaviour.isActiveAndEnabled)
                    Messages.Send(behaviour, "OnApplicationPause", paused);
            }
        }

        /// <summary>Turns the loop once.</summary>
        public static void Frame()
        {
            s_main.WaitForWork(FrameTime);
            double nowS = Clock.Elapsed.TotalSeconds;
            double passedS = Math.Min(nowS - s_lastS, LongestFrameS);
            s_lastS = nowS;
            Time.deltaTime = (float)passedS;
            Time.Now += passedS;
            Time.frameCount++;
            UnityWebRequest.DeliverAll();
            s_main.DoPosted();
            foreach (Component component in World.Components())
            {
                if (component is MonoBehaviour behaviour && behaviour.isActiveAndEnabled)
                    behaviour.Turn();
            }
            World.Bury();
            AudioDevice.Pass(passedS);
        }

        private static void CallInitializers(RuntimeInitializeLoadType when)
        {
            foreach (Assembly assembly in AppDomain.CurrentDomain.GetAssemblies().Where(one => !one.IsDynamic))
            {
                if (!assembly.GetReferencedAssemblies().Any(name => name.Name == typeof(Player).Assembly.GetName().Name))
                    continue;
                foreach (MethodInfo method in assembly.GetTypes().SelectMany(type => type.GetMethods(
                    BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)))
                {
                    if (method.GetCustomAttribute<RuntimeInitializeOnLoadMethodAttribute>()?.loadType == when)
                        method.Invoke(null, null);
                }
            }
        }
    }
}
