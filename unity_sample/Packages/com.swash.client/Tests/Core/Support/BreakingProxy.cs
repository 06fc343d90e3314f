using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;

namespace Swash.Tests
{
    /// <summary>A network on the way to the server that breaks: a connection is cut after so many bytes of answers.</summary>
    internal sealed class BreakingProxy : IDisposable
    {
        private readonly TcpListener _listener = new TcpListener(IPAddress.Loopback, 0);
        private readonly List<TcpClient> _clients = new List<TcpClient>();
        private readonly Uri _server;
        private readonly int _bytes;
        private int _breaks;

        /// <summary>Cuts the first so many connections, each after so many bytes; later ones hold.</summary>
        internal BreakingProxy(string server, int bytes, int breaks)
        {
            _server = new Uri(server);
            _bytes = bytes;
            _breaks = breaks;
            _listener.Start();
            _ = AcceptAsync();
        }

        internal Uri Address => new Uri("http://127.0.0.1:" + ((IPEndPoint)_listener.LocalEndpoint).Port);

        /// <summary>Cuts every connection, and takes no new ones.</summary>
        public void Dispose()
        {
            _listener.Stop();
            lock (_clients)
            {
                foreach (TcpClient client in _clients)
                    client.Close();
                _clients.Clear();
            }
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    TcpClient near = await _listener.AcceptTcpClientAsync();
                    var far = new TcpClient();
                    lock (_clients)
                        _clients.AddRange(new[] { near, far });
                    await far.ConnectAsync(_server.Host, _server.Port);
                    bool breaks = _breaks-- > 0;
                    _ = PumpAsync(near, far, int.MaxValue);
                    _ = PumpAsync(far, near, breaks ? _bytes : int.MaxValue);
                }
            }
            catch (Exception e) when (IsOver(e))
            {
            }
        }

        private static async Task PumpAsync(TcpClient from, TcpClient to, int bytes)
        {
            var buffer = new byte[4096];
            try
            {
                while (bytes > 0)
                {
                    int read = await from.GetStream().ReadAsync(buffer, 0, Math.Min(buffer.Length, bytes));
                    if (read <= 0)
                        break;
                    await to.GetStream().WriteAsync(buffer, 0, read);
                    bytes -= bytes == int.MaxValue ? 0 : read;
                }
            }
            catch (Exception e) when (IsOver(e))
            {
            }
            from.Close();
            to.Close();
        }

        private static bool IsOver(Exception e) =>
            e is SocketException || e is System.IO.IOException || e is ObjectDisposedException
            || e is InvalidOperationException;
    }
}
