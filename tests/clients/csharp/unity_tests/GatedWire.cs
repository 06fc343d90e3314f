using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace Swash.Tests
{
    /// <summary>A way to the server that a test can hold up or cut.</summary>
    public sealed class GatedWire : IDisposable
    {
        private readonly Uri _server;
        private readonly TcpListener _listener = new TcpListener(IPAddress.Loopback, 0);
        private readonly List<TcpClient> _open = new List<TcpClient>();
        private readonly object _lock = new object();
        private TaskCompletionSource<bool> _gate = Opened();
        private bool _disposed;

        /// <summary>Begins to forward, on a port of its own.</summary>
        public GatedWire(string server)
        {
            _server = new Uri(server);
            _listener.Start();
            _ = AcceptAsync();
        }

        /// <summary>Where to connect to.</summary>
        public string Address => "http://127.0.0.1:" + ((IPEndPoint)_listener.LocalEndpoint).Port;

        /// <summary>From now on nothing that the server sends arrives.</summary>
        public void Hold()
        {
            lock (_lock)
                _gate = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        /// <summary>What was held up arrives, and all that follows.</summary>
        public void Release()
        {
            lock (_lock)
                _gate.TrySetResult(true);
        }

        /// <summary>Breaks every connection; new ones may be made.</summary>
        public void Cut()
        {
            lock (_lock)
            {
                foreach (TcpClient connection in _open)
                    connection.Dispose();
                _open.Clear();
                _gate.TrySetResult(true);
            }
        }

        public void Dispose()
        {
            _disposed = true;
            _listener.Stop();
            Cut();
        }

        private static TaskCompletionSource<bool> Opened()
        {
            var gate = new TaskCompletionSource<bool>();
            gate.SetResult(true);
            return gate;
        }

        private async Task AcceptAsync()
        {
            while (!_disposed)
            {
                try
                {
                    TcpClient caller = await _listener.AcceptTcpClientAsync().ConfigureAwait(false);
                    var server = new TcpClient();
                    await server.ConnectAsync(_server.Host, _server.Port).ConfigureAwait(false);
                    lock (_lock)
                        _open.AddRange(new[] { caller, server });
                    _ = ForwardAsync(caller, server, false);
                    _ = ForwardAsync(server, caller, true);
                }
                catch (Exception e) when (e is SocketException || e is ObjectDisposedException)
                {
                    // It was disposed, or the server is not there: the caller sees a broken connection.
                }
            }
        }

        private async Task ForwardAsync(TcpClient from, TcpClient to, bool gated)
        {
            try
            {
                var buffer = new byte[16 * 1024];
                for (int read; (read = await from.GetStream().ReadAsync(buffer, 0, buffer.Length).ConfigureAwait(false)) > 0;)
                {
                    Task gate;
                    lock (_lock)
                        gate = _gate.Task;
                    if (gated)
                        await gate.ConfigureAwait(false);
                    await to.GetStream().WriteAsync(buffer, 0, read).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is System.IO.IOException || e is ObjectDisposedException || e is InvalidOperationException)
            {
                // Cut, or one side has gone.
            }
            from.Dispose();
            to.Dispose();
        }
    }
}
