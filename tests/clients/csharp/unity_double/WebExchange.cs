using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Threading;

namespace UnityDouble
{
    /// <summary>
    /// One HTTP/1.1 request and its answer, on a thread of its own: like Unity's, which are native, it needs nothing
    /// of .NET's thread pool. The main thread takes out what has come.
    /// </summary>
    internal sealed class WebExchange
    {
        private readonly ConcurrentQueue<byte[]> _came = new ConcurrentQueue<byte[]>();
        private readonly Uri _address;
        private readonly TcpClient _connection = new TcpClient();
        private readonly Timer _timeout;
        private int _status;
        private volatile bool _timedOut;
        private volatile bool _aborted;
        private volatile bool _over;

        /// <summary>Sends it.</summary>
        /// <param name="method">"POST".</param>
        /// <param name="address">http only.</param>
        /// <param name="headers">Beside those that every request has.</param>
        /// <param name="body">Whole.</param>
        /// <param name="timeoutS">For all of it; 0: for ever.</param>
        public WebExchange(string method, Uri address, Dictionary<string, string> headers, byte[] body, int timeoutS)
        {
            _address = address;
            var head = new StringBuilder(method + " " + address.PathAndQuery + " HTTP/1.1\r\n");
            head.Append("Host: " + address.Authority + "\r\nConnection: close\r\n");
            head.Append("Content-Length: " + body.Length + "\r\n");
            foreach (KeyValuePair<string, string> header in headers)
                head.Append(header.Key + ": " + header.Value + "\r\n");
            byte[] headBytes = Encoding.ASCII.GetBytes(head.Append("\r\n").ToString());
            if (timeoutS > 0)
                _timeout = new Timer(_ => TimeOut(), null, 1000L * timeoutS, Timeout.Infinite);
            new Thread(() => Exchange(headBytes, body)) { IsBackground = true }.Start();
        }

        /// <summary>The HTTP status; 0 before the answer has begun.</summary>
        public int Status => Volatile.Read(ref _status);

        /// <summary>Of the answer; null before it has begun.</summary>
        public IReadOnlyDictionary<string, string> Headers { get; private set; }

        /// <summary>Why there is no whole answer, in Unity's words; null when there is.</summary>
        public string Error { get; private set; }

        /// <summary>Whether nothing more comes.</summary>
        public bool IsOver => _over;

        /// <summary>Takes out the next part of the body.</summary>
        public bool TryTake(out byte[] data) => _came.TryDequeue(out data);

        /// <summary>Ends it.</summary>
        public void Abort()
        {
            _aborted = true;
            _connection.Dispose();
        }

        private void TimeOut()
        {
            _timedOut = true;
            _connection.Dispose();
        }

        private void Exchange(byte[] head, byte[] body)
        {
            try
            {
                _connection.Connect(_address.Host, _address.Port);
                using (NetworkStream stream = _connection.GetStream())
                {
                    stream.Write(head, 0, head.Length);
                    stream.Write(body, 0, body.Length);
                    ReadHead(stream);
                    ReadBody(stream);
                }
            }
            catch (Exception e) when (
                e is IOException || e is SocketException || e is ObjectDisposedException
                || e is InvalidOperationException || e is NullReferenceException) // of a connection that is disposed
            {
                Error = _timedOut ? "Request timeout"
                    : _aborted ? "Request aborted"
                    : Status == 0 ? "Cannot connect to destination host" : "Curl error 56: Receiving data failed";
            }
            _timeout?.Dispose();
            _connection.Dispose();
            _over = true;
        }

        private void ReadHead(Stream stream)
        {
            string status = ReadLine(stream);
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            for (string line; (line = ReadLine(stream)).Length > 0;)
            {
                int colon = line.IndexOf(':');
                headers[line.Substring(0, colon)] = line.Substring(colon + 1).Trim();
            }
            Headers = headers;
            Volatile.Write(ref _status, int.Parse(status.Split(' ')[1], CultureInfo.InvariantCulture));
        }

        private void ReadBody(Stream stream)
        {
            if (!Headers.TryGetValue("Transfer-Encoding", out string encoding) || encoding != "chunked")
            {
                Copy(stream, Headers.TryGetValue("Content-Length", out string length) ? int.Parse(length) : 0);
                return;
            }
            for (int count; (count = int.Parse(ReadLine(stream), NumberStyles.HexNumber)) > 0;)
            {
                Copy(stream, count);
                ReadLine(stream);
            }
        }

        private void Copy(Stream stream, int count)
        {
            var buffer = new byte[16 * 1024];
            while (count > 0)
            {
                int read = stream.Read(buffer, 0, Math.Min(buffer.Length, count));
                if (read == 0)
                    throw new IOException("the connection broke");
                _came.Enqueue(buffer.AsSpan(0, read).ToArray());
                count -= read;
            }
        }

        private static string ReadLine(Stream stream)
        {
            var line = new StringBuilder();
            for (int read; (read = stream.ReadByte()) != '\n';)
            {
                if (read < 0)
                    throw new IOException("the connection broke");
                line.Append((char)read);
            }
            return line.ToString().TrimEnd('\r');
        }
    }
}
