using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;

namespace Swash.Tests
{
    /// <summary>Something that is no swash server: it answers every HTTP request with the same bytes.</summary>
    internal sealed class CannedServer : IDisposable
    {
        private readonly TcpListener _listener = new TcpListener(IPAddress.Loopback, 0);
        private readonly List<TcpClient> _clients = new List<TcpClient>();
        private readonly byte[] _answer;
        private readonly bool _stalls;

        /// <summary>Answers with these bytes and closes the connection, or stalls with it open.</summary>
        internal CannedServer(byte[] answer, bool stalls = false)
        {
            _answer = answer;
            _stalls = stalls;
            _listener.Start();
            _ = AcceptAsync();
        }

        /// <summary>The head of the last request.</summary>
        internal string Asked { get; private set; } = "";

        internal Uri Address => new Uri("http://127.0.0.1:" + ((IPEndPoint)_listener.LocalEndpoint).Port);

        internal static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);

        /// <summary>Returns an answer: its head, then its body up to the end of the connection.</summary>
        internal static byte[] Answer(string status, string contentType, string body)
        {
            string head = "HTTP/1.1 " + status + "\r\nContent-Type: " + contentType + "\r\nConnection: close\r\n\r\n";
            return Text(head + body);
        }

        /// <summary>Returns the start of a gRPC-Web answer with these bytes as its body.</summary>
        internal static byte[] GrpcWeb(params byte[][] frames) =>
            Joined(Answer("200 OK", "application/grpc-web+proto", ""), Joined(frames));

        /// <summary>Returns a frame: 0 is a message, 128 trailers.</summary>
        internal static byte[] Frame(byte flags, byte[] content)
        {
            byte[] frame = GrpcRequest.Body(content);
            frame[0] = flags;
            return frame;
        }

        internal static byte[] Trailers(string text) => Frame(128, Text(text));

        public void Dispose()
        {
            _listener.Stop();
            lock (_clients)
            {
                foreach (TcpClient client in _clients)
                    client.Close();
            }
        }

        private static byte[] Joined(params byte[][] parts)
        {
            var whole = new MemoryStream();
            foreach (byte[] part in parts)
                whole.Write(part, 0, part.Length);
            return whole.ToArray();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    TcpClient client = await _listener.AcceptTcpClientAsync();
                    lock (_clients)
                        _clients.Add(client);
                    _ = AnswerAsync(client);
                }
            }
            catch (Exception e) when (e is SocketException || e is ObjectDisposedException || e is InvalidOperationException)
            {
            }
        }

        private async Task AnswerAsync(TcpClient client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                await ReadRequestAsync(stream);
                await stream.WriteAsync(_answer, 0, _answer.Length);
                if (!_stalls)
                    client.Close();
            }
            catch (Exception e) when (e is IOException || e is ObjectDisposedException || e is InvalidOperationException)
            {
            }
        }

        /// <summary>Reads a request to its end: a connection that is closed before is reset under its reader.</summary>
        private async Task ReadRequestAsync(NetworkStream stream)
        {
            var head = new StringBuilder();
            var one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                if (await stream.ReadAsync(one, 0, 1) == 0)
                    return;
                head.Append((char)one[0]);
            }
            Asked = head.ToString();
            foreach (string line in Asked.Split('\n'))
            {
                if (!line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                    continue;
                for (int left = int.Parse(line.Substring(15)); left > 0; left--)
                    await stream.ReadAsync(one, 0, 1);
            }
        }
    }
}
