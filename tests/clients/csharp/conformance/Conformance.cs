using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;
using Swash.Wire;
using Text = System.Text.Encoding;

namespace Swash.Conformance
{
    /// <summary>
    /// Makes the calls of a script with the C# client and says what came: Conformance SERVER GrpcWeb|GrpcHttp2 SCRIPT CA.
    /// The lines are told in tests/conformance/README.md.
    /// </summary>
    public static class Program
    {
        private const string Absent = "-";

        public static int Main(string[] arguments)
        {
            var wire = (HttpWire)Enum.Parse(typeof(HttpWire), arguments[1]);
            var server = new Uri(arguments[0]);
            HttpMessageHandler handler = arguments[3].Length == 0
                ? null
                : new PrivateAuthority(File.ReadAllBytes(arguments[3])).HandlerFor(server);
            using (var transport = new HttpTransport(server, wire, handler))
            using (var output = new StreamWriter(Console.OpenStandardOutput(), new System.Text.UTF8Encoding(false)))
            {
                foreach (string line in File.ReadAllLines(arguments[2], Text.UTF8))
                {
                    string[] call = line.Split('\t');
                    transport.Token = call[5] == Absent ? null : new AccessToken(call[5]);
                    output.WriteLine(ObservedAsync(transport, call).GetAwaiter().GetResult());
                }
            }
            return 0;
        }

        private static async Task<string> ObservedAsync(ITransport transport, string[] call)
        {
            var events = new Events(Number(call[4]));
            var client = new SwashClient(transport); // not disposed: the others need its transport
            if (Number(call[3]) is int milliseconds)
                client.Timeout = client.PreloadTimeout = TimeSpan.FromMilliseconds(milliseconds);
            SwashException error = null;
            try
            {
                byte[][] requests = call[2].Split(',').Select(Convert.FromBase64String).ToArray();
                await MakeAsync(client, call[1], requests, events);
            }
            catch (SwashException e)
            {
                error = e;
            }
            return string.Join("\t", Said(call[0], error).Concat(new[] { events.ToString() }));
        }

        private static async Task MakeAsync(SwashClient client, string rpc, byte[][] requests, Events events)
        {
            byte[] request = requests[0];
            switch (rpc)
            {
                case "Render":
                    await client.RenderAsync(RenderRequest.Parse(request), events.Take, events.Left);
                    break;
                case "Fetch":
                    Take take = await client.FetchAsync(FetchRequest.Parse(request).Render, events.Left);
                    await events.Take(
                        new FetchResponse { Header = take.Header, Data = take.Data, Trailer = take.Trailer });
                    break;
                case "Preload":
                    await client.PreloadAsync(PreloadRequest.Parse(request), events.Take, events.Left);
                    break;
                case "Unload":
                    await events.Take(await client.UnloadAsync(UnloadRequest.Parse(request).Tag));
                    break;
                case "ListEffects":
                    await events.Take(await client.ListEffectsAsync());
                    break;
                case "ResolvePrompt":
                    await events.Take(await client.ResolvePromptAsync(ResolvePromptRequest.Parse(request).Prompt));
                    break;
                case "GetServerInfo":
                    await events.Take(await client.GetServerInfoAsync());
                    break;
                case "Perform":
                    await PerformAsync(client, requests.Select(PerformRequest.Parse).ToArray(), events);
                    break;
                default:
                    throw new ArgumentException("the client has no call for " + rpc);
            }
        }

        private static async Task PerformAsync(SwashClient client, PerformRequest[] requests, Events events)
        {
            using (LiveSession session = client.Perform(requests[0].Open, events.Take))
            using (events.Left.Register(session.Dispose))
            {
                foreach (PerformRequest request in requests.Skip(1))
                    session.Send(request);
                session.Finish();
                await session.Completion;
            }
        }

        private static IEnumerable<string> Said(string name, SwashException error)
        {
            bool named = error != null && error.Violations.Count > 0 && error.Violations[0].Field.Length > 0;
            return new[]
            {
                "CALL",
                name,
                ((int)(error?.Status ?? SwashStatus.Ok)).ToString(CultureInfo.InvariantCulture),
                Base64(error?.Message),
                named ? error.Violations[0].Field : Absent,
                Base64(error == null ? null : string.Join(";", error.Suggestions)),
                error?.RetryAfter?.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) ?? Absent,
            };
        }

        private static string Base64(string text) =>
            string.IsNullOrEmpty(text) ? Absent : Convert.ToBase64String(Text.UTF8.GetBytes(text));

        private static int? Number(string text) =>
            text == Absent ? (int?)null : int.Parse(text, CultureInfo.InvariantCulture);

        /// <summary>What came of a call, and when its caller has had enough.</summary>
        private sealed class Events
        {
            private readonly List<string> _events = new List<string>();
            private readonly CancellationTokenSource _left = new CancellationTokenSource();
            private readonly int? _enough;

            internal Events(int? enough)
            {
                _enough = enough;
            }

            internal CancellationToken Left => _left.Token;

            public override string ToString() => _events.Count == 0 ? Absent : string.Join(",", _events);

            internal ValueTask Take(IMessage message)
            {
                _events.Add(Convert.ToBase64String(ProtoWriter.Serialize(message)));
                if (_events.Count == _enough)
                    _left.Cancel();
                return default;
            }
        }
    }
}
