using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http;
using NUnit.Framework;
using UnityEngine;
using Object = UnityEngine.Object;

namespace Swash.Tests
{
    /// <summary>
    /// What tests in play mode share. They need a server: SWASH_HTTP says where, else it is looked for where `swash
    /// serve` listens by itself.
    /// </summary>
    public abstract class PlayModeTest
    {
        private const double PatienceS = 30.0;

        private readonly List<GameObject> _made = new List<GameObject>();

        /// <summary>The server's address.</summary>
        protected static string Server =>
            Environment.GetEnvironmentVariable("SWASH_HTTP") ?? SwashConnection.DefaultServer;

        /// <summary>The connection of the test's components.</summary>
        protected SwashConnection Connection { get; private set; }

        [OneTimeSetUp]
        public void LookForTheServer()
        {
            if (Environment.GetEnvironmentVariable("SWASH_HTTP") != null)
                return; // then it must be there
            try
            {
                Metric("swash_live_voices");
            }
            catch (Exception e) when (e is HttpRequestException || e is AggregateException)
            {
                Assert.Ignore("no server at " + Server + ": start one with `swash serve`, or set SWASH_HTTP");
            }
        }

        [SetUp]
        public void Connect()
        {
            Make("listener").AddComponent<AudioListener>();
            Connection = Make("connection").AddComponent<SwashConnection>();
            Connection.Server = Server;
        }

        [TearDown]
        public void Disconnect()
        {
            foreach (GameObject made in _made)
            {
                if (made != null)
                    Object.DestroyImmediate(made);
            }
            _made.Clear();
        }

        /// <summary>Makes an object that goes with the test.</summary>
        protected GameObject Make(string name)
        {
            var made = new GameObject(name);
            _made.Add(made);
            return made;
        }

        /// <summary>Makes a component that the test sets up before it is enabled.</summary>
        protected T Make<T>(Action<T> setUp)
            where T : Component
        {
            GameObject holder = Make(typeof(T).Name);
            holder.SetActive(false);
            T component = holder.AddComponent<T>();
            setUp(component);
            holder.SetActive(true);
            return component;
        }

        /// <summary>Waits over frames until it is so: `foreach (object frame in Until(...)) yield return frame;`.</summary>
        protected static IEnumerable Until(Func<bool> isSo, string what)
        {
            Stopwatch waited = Stopwatch.StartNew();
            while (!isSo())
            {
                Assert.That(waited.Elapsed.TotalSeconds, Is.LessThan(PatienceS), "never so: " + what);
                yield return null;
            }
        }

        /// <summary>Returns the sum of a metric's values on the server.</summary>
        protected static double Metric(string name)
        {
            using (var http = new HttpClient())
            {
                string text = http.GetStringAsync(Server + "/metrics").GetAwaiter().GetResult();
                double sum = 0.0;
                foreach (string line in text.Split('\n'))
                {
                    if (line.StartsWith(name + " ", StringComparison.Ordinal) || line.StartsWith(name + "{", StringComparison.Ordinal))
                        sum += double.Parse(line.Substring(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture);
                }
                return sum;
            }
        }

        /// <summary>Returns every sample of a clip.</summary>
        protected static float[] SamplesOf(AudioClip clip)
        {
            var samples = new float[clip.samples * clip.channels];
            clip.GetData(samples, 0);
            return samples;
        }
    }
}
