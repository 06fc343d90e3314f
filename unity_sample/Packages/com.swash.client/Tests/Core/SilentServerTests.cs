using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using NUnit.Framework;
using Swash.V1;

namespace Swash.Tests
{
    public sealed class SilentServerTests
    {
        [Test]
        public void A_session_that_no_server_opens_is_given_up()
        {
            Wait.For(async () =>
            {
                using (var server = new CannedServer(CannedServer.GrpcWeb(), stalls: true))
                using (var client = new SwashClient(new HttpTransport(server.Address)))
                {
                    client.Timeout = TimeSpan.FromMilliseconds(100);
                    using (LiveSession session = client.Perform(null, null))
                    {
                        Task<Applied> waiting = session.SendAsync(new PerformRequest { Stop = new StopVoice() });
                        Assert.AreEqual(SwashStatus.DeadlineExceeded, (await Wait.ErrorOf(() => session.Opened)).Status);
                        Assert.AreEqual(SwashStatus.DeadlineExceeded, (await Wait.ErrorOf(() => waiting)).Status);
                    }
                }
            });
        }

        [Test]
        public void Commands_that_no_server_takes_are_bounded()
        {
            using (var server = new CannedServer(CannedServer.GrpcWeb(), stalls: true))
            using (var client = new SwashClient(new HttpTransport(server.Address)))
            using (LiveSession session = client.Perform(null, null))
            {
                for (int i = 0; i < 10000; i++)
                    session.Stop();
                Assert.AreEqual(SwashStatus.ResourceExhausted, Assert.Throws<SwashException>(() => session.Stop()).Status);
            }
        }

        [Test]
        public void A_session_that_nobody_looks_after_troubles_nobody()
        {
            string trouble = "";
            EventHandler<UnobservedTaskExceptionEventArgs> note = (_, unobserved) =>
            {
                unobserved.SetObserved();
                trouble += unobserved.Exception;
            };
            CollectAll(); // what others have left
            TaskScheduler.UnobservedTaskException += note;
            try
            {
                Wait.For(DropSessionsAsync);
                CollectAll();
            }
            finally
            {
                TaskScheduler.UnobservedTaskException -= note;
            }
            Assert.AreEqual("", trouble);
        }

        private static void CollectAll()
        {
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)] // so that nothing of it stays
        private static async Task DropSessionsAsync()
        {
            var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            int port = ((IPEndPoint)listener.LocalEndpoint).Port;
            listener.Stop();
            using (var client = new SwashClient("http://127.0.0.1:" + port))
            {
                for (int i = 0; i < 5; i++)
                {
                    LiveSession session = client.Perform(null, null);
                    while (!session.Completion.IsCompleted)
                        await Task.Yield();
                }
                client.Perform(null, null).Dispose();
            }
        }
    }
}
