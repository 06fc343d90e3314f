using System;
using System.Globalization;
using System.Net.Http;
using System.Threading.Tasks;
using NUnit.Framework;
using Swash.V1;

namespace Swash.Tests
{
    /// <summary>
    /// The server that tests talk to: start `swash serve`, and set SWASH_HTTP and SWASH_GRPC to
    /// "http://127.0.0.1:8080" and "http://127.0.0.1:50051". Tests of a server that is not named are ignored.
    /// </summary>
    internal static class TestServer
    {
        private const int MostTries = 2000; // each asks over a socket, and lets the server go on meanwhile

        internal static string Http => Named("SWASH_HTTP");

        internal static string Grpc => Named("SWASH_GRPC");

        internal static string AddressFor(HttpWire wire) => wire == HttpWire.GrpcWeb ? Http : Grpc;

        internal static HttpTransport Transport(HttpWire wire) => new HttpTransport(new Uri(AddressFor(wire)), wire);

        internal static SwashClient Client(HttpWire wire) => new SwashClient(Transport(wire));

        /// <summary>Returns a request for a new sound that takes longer to make than any test lets it.</summary>
        internal static RenderRequest LongSound() =>
            new RenderRequest { Effect = "ocean_waves", DurationS = 120, Channels = 1 };

        /// <summary>Returns what an environment variable holds, or ignores the test.</summary>
        internal static string Named(string variable)
        {
            string value = Environment.GetEnvironmentVariable(variable);
            if (string.IsNullOrEmpty(value))
                Assert.Ignore(variable + " is not set");
            return value;
        }

        /// <summary>Returns the sum of a metric's values whose labels hold these texts: method="Render".</summary>
        internal static async Task<double> MetricAsync(string name, params string[] labels)
        {
            double sum = 0;
            using (var http = new HttpClient())
            {
                foreach (string line in (await http.GetStringAsync(Http + "/metrics")).Split('\n'))
                {
                    bool counts = line.StartsWith(name + "{", StringComparison.Ordinal)
                        || line.StartsWith(name + " ", StringComparison.Ordinal);
                    foreach (string label in labels)
                        counts &= line.Contains(label);
                    if (counts)
                        sum += double.Parse(line.Substring(line.LastIndexOf(' ')), CultureInfo.InvariantCulture);
                }
            }
            return sum;
        }

        /// <summary>Asks for a metric until it is as it should be.</summary>
        internal static async Task UntilMetric(Func<double, bool> right, string name, params string[] labels)
        {
            double value = 0;
            for (int tries = 0; tries < MostTries; tries++)
            {
                value = await MetricAsync(name, labels);
                if (right(value))
                    return;
            }
            Assert.Fail(name + " is " + value);
        }
    }
}
