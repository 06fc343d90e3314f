using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using UnityDouble;
using UnityEngine;
using Debug = UnityEngine.Debug;

namespace UnityEditor
{
    /// <summary>The editor's main thread, which tests turn; in play mode the game's frames turn with it.</summary>
    public sealed class EditorLoop
    {
        private const double LongestS = 20.0;
        private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(4);

        private MainThread _main = MainThread.Bind();

        private EditorLoop()
        {
        }

        /// <summary>Makes it this thread's.</summary>
        public static EditorLoop Begin()
        {
            Debug.TakeExceptions();
            return new EditorLoop();
        }

        /// <summary>Leaves the thread.</summary>
        public static void End() => SynchronizationContext.SetSynchronizationContext(null);

        /// <summary>Turns once, and throws what something in it has thrown.</summary>
        public void Update()
        {
            if (Application.isPlaying)
            {
                Player.Frame();
            }
            else
            {
                _main.WaitForWork(Turn);
                _main.DoPosted();
            }
            EditorApplication.Tick();
            IReadOnlyList<Exception> thrown = Debug.TakeExceptions();
            if (thrown.Count > 0)
                throw new AggregateException("something has thrown", thrown);
        }

        /// <summary>Turns until it is so.</summary>
        public void Until(Func<bool> what, string said)
        {
            for (Stopwatch clock = Stopwatch.StartNew(); !what(); Update())
            {
                if (clock.Elapsed.TotalSeconds > LongestS)
                    throw new TimeoutException("never so: " + said + "; the page says: " + string.Join(" | ", Page.Texts));
            }
        }

        /// <summary>Turns until a task is done, and throws what it threw.</summary>
        public void Until(Task task)
        {
            Until(() => task.IsCompleted, "the task is done");
            task.GetAwaiter().GetResult();
        }

        /// <summary>Forgets what was to go on, as when the editor loads code anew.</summary>
        public void Forget() => _main = MainThread.Bind();

        /// <summary>Enters play mode.</summary>
        public void Play()
        {
            EditorApplication.Raise(PlayModeStateChange.ExitingEditMode);
            Player.Enter();
            EditorApplication.Raise(PlayModeStateChange.EnteredPlayMode);
        }

        /// <summary>Leaves play mode, if it is on.</summary>
        public void StopPlaying()
        {
            if (!Application.isPlaying)
                return;
            EditorApplication.Raise(PlayModeStateChange.ExitingPlayMode);
            Player.Exit();
            Forget();
            EditorApplication.Raise(PlayModeStateChange.EnteredEditMode);
        }
    }
}
