using System;
using System.Globalization;
using System.Linq;
using System.Net.Http;

namespace Swash.Editor.Tests
{
    /// <summary>The server that the tests ask.</summary>
    internal static class TestServer
    {
        private static readonly HttpClient Browser = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };

        /// <summary>Its HTTP port: "http://127.0.0.1:8080".</summary>
        public static string Http { get; } = Environment.GetEnvironmentVariable("SWASH_HTTP")
            ?? throw new InvalidOperationException("SWASH_HTTP: where the server is");

        /// <summary>Return the sum of a metric's values whose line holds all of these.</summary>
        public static double Metric(string name, params string[] labels) =>
            Browser.GetStringAsync(Http + "/metrics").GetAwaiter().GetResult().Split('\n')
                .Where(line => line.StartsWith(name, StringComparison.Ordinal) && labels.All(line.Contains))
                .Sum(line => double.Parse(line.Substring(line.LastIndexOf(' ')), CultureInfo.InvariantCulture));

        /// <summary>Return how many calls of a method have ended with a status.</summary>
        public static double Calls(string method, string code) =>
            Metric("swash_calls_total", $"method=\"{method}\"", $"code=\"{code}\"");
    }
}
