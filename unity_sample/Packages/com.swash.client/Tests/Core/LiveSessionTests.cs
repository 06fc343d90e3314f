using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;
using Swash.V1;

namespace Swash.Tests
{
    [TestFixture(HttpWire.GrpcWeb)]
    [TestFixture(HttpWire.GrpcHttp2)]
    public sealed class LiveSessionTests
    {
        private readonly HttpWire _wire;
        private SwashClient _client;
        private Recording _recording;

        public LiveSessionTests(HttpWire wire)
        {
            _wire = wire;
        }

        [SetUp]
        public void Connect()
        {
            _client = TestServer.Client(_wire);
            _recording = new Recording();
        }

        [TearDown]
        public void Disconnect() => _client?.Dispose();

        [Test]
        public void A_session_sounds_as_the_same_commands_do_from_any_other_client()
        {
            string expected = TestServer.Named("SWASH_LIVE_SHA256"); // tests/clients/csharp/test_core.py has them
            Wait.For(async () =>
            {
                using (LiveSession session = _client.Perform(Unpaced(), _recording.Take))
                {
                    uint rain = session.StartVoice(effect: "rain", seed: 11, atFrame: 0);
                    var mud = new Dictionary<string, ParameterValue> { ["surface"] = new ParameterValue { Choice = "mud" } };
                    uint boots = session.StartVoice(effect: "footsteps", parameters: mud, seed: 5, armed: true, atFrame: 0);
                    session.SetParameter(rain, "intensity", 0.9, TimeSpan.FromSeconds(0.5), atFrame: 1600);
                    session.Trigger(boots, atFrame: 3200);
                    session.Trigger(boots, seed: 9, atFrame: 8000);
                    var wind = new CrossfadeVoice { Voice = rain, Effect = "wind", Seed = 3, FadeMs = 300 };
                    session.Crossfade(wind, atFrame: 9600);
                    session.Stop(release: TimeSpan.FromSeconds(0.2), atFrame: 16000);
                    session.Finish();
                    SessionClosed closed = await session.Completion;
                    string heard = string.Concat(closed.Sha256.Select(one => one.ToString("x2")));
                    Assert.AreEqual(expected, heard);
                    Assert.AreEqual(7, _recording.All(each => each.Applied).Count);
                }
            });
        }

        [Test]
        public void Commands_of_several_threads_keep_their_order_and_share_calls()
        {
            Wait.For(async () =>
            {
                var counting = new LostAnswers(TestServer.Transport(_wire), losses: 0);
                using (var client = new SwashClient(counting))
                using (LiveSession session = client.Perform(Unpaced(), _recording.Take))
                {
                    uint voice = session.StartVoice(effect: "rain", seed: 1, atFrame: 0);
                    await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
                    {
                        uint last = 0;
                        for (int i = 0; i < 50; i++)
                        {
                            uint id = session.SetParameter(voice, "intensity", 0.5, atFrame: 1600);
                            Assert.Greater(id, last);
                            last = id;
                        }
                    })));
                    session.Stop(release: TimeSpan.Zero, atFrame: 3200);
                    session.Finish();
                    await session.Completion;
                    uint[] ids = _recording.All(each => each.Applied).Select(applied => applied.Id).ToArray();
                    CollectionAssert.AreEqual(Enumerable.Range(1, 202).Select(id => (uint)id).ToArray(), ids);
                    Assert.Less(counting.Calls, 202);
                }
            });
        }

        [Test]
        public void More_commands_than_a_call_may_hold_all_arrive()
        {
            Wait.For(async () =>
            {
                using (LiveSession session = _client.Perform(Unpaced(), _recording.Take))
                {
                    uint voice = session.StartVoice(effect: "rain", seed: 1, atFrame: 0);
                    for (int i = 0; i < 2500; i++)
                        session.SetParameter(voice, "intensity", 0.5, atFrame: 1600);
                    session.Stop(release: TimeSpan.Zero, atFrame: 3200);
                    session.Finish();
                    await session.Completion;
                    Assert.AreEqual(2502, _recording.All(each => each.Applied).Count);
                }
            });
        }

        [Test]
        public void A_call_whose_answer_is_lost_is_repeated_and_nothing_is_done_twice()
        {
            Wait.For(async () =>
            {
                var lossy = new LostAnswers(TestServer.Transport(_wire), losses: 4);
                using (var client = new SwashClient(lossy))
                {
                    client.Delay = Hurried;
                    using (LiveSession session = client.Perform(null, _recording.Take))
                    {
                        await session.SendAsync(new PerformRequest { Start = new StartVoice { Voice = 1, Effect = "rain" } });
                        await session.SendAsync(new PerformRequest { Stop = new StopVoice { Voice = 1, ReleaseMs = 0 } });
                        session.Finish();
                        await session.Completion;
                        uint[] ids = _recording.All(each => each.Applied).Select(applied => applied.Id).ToArray();
                        CollectionAssert.AreEqual(new uint[] { 1, 2 }, ids);
                        Assert.Greater(lossy.Calls, 4);
                    }
                }
            });
        }

        [Test]
        public void A_network_that_loses_every_answer_ends_the_session()
        {
            Wait.For(async () =>
            {
                using (var client = new SwashClient(new LostAnswers(TestServer.Transport(_wire), losses: 1000)))
                {
                    client.Delay = Hurried;
                    using (LiveSession session = client.Perform(null, _recording.Take))
                    {
                        await session.Opened;
                        session.StartVoice(effect: "rain");
                        SwashException error = await Wait.ErrorOf(() => session.Completion);
                        Assert.AreEqual(SwashStatus.Unavailable, error.Status);
                        Assert.AreSame(error, Assert.Throws<SwashException>(() => session.Stop()));
                    }
                }
            });
        }

        [Test]
        public void A_command_is_answered_with_its_frame_or_with_what_is_wrong()
        {
            Wait.For(async () =>
            {
                using (LiveSession session = _client.Perform(null, _recording.Take))
                {
                    SessionOpened opened = await session.Opened;
                    Assert.AreEqual(48000, opened.SampleRate);
                    var start = new PerformRequest { Start = new StartVoice { Voice = 7, Effect = "rain", Seed = 6 } };
                    Applied applied = await session.SendAsync(start);
                    Assert.AreEqual(7, applied.Voice);
                    Assert.AreEqual(6, applied.Seed);
                    Assert.AreEqual("rain", applied.Layers[0].Effect);

                    var loud = new SetParameter { Voice = 7, Name = "loudness", Value = new ParameterValue { Number = 1 } };
                    SwashException error = await Wait.ErrorOf(
                        () => session.SendAsync(new PerformRequest { SetParameter = loud }));
                    Assert.AreEqual(SwashStatus.InvalidArgument, error.Status);
                    StringAssert.Contains("loudness", error.Message);
                    Assert.AreEqual(1, error.Violations.Count);

                    error = await Wait.ErrorOf(() => session.SendAsync(
                        new PerformRequest { Start = new StartVoice { Voice = 8, Prompt = "zwurbels" } }));
                    Assert.AreEqual(SwashStatus.NotFound, error.Status);

                    await session.SendAsync(new PerformRequest { Stop = new StopVoice { ReleaseMs = 0 } });
                    session.Finish();
                    Assert.Greater((await session.Completion).Frames, 0);
                }
            });
        }

        [Test]
        public void A_command_that_nobody_waits_for_any_longer_is_let_go()
        {
            Wait.For(async () =>
            {
                using (LiveSession session = _client.Perform(null, _recording.Take))
                using (var cancel = new CancellationTokenSource())
                {
                    var start = new PerformRequest { Start = new StartVoice { Voice = 1, Effect = "rain" }, AtFrame = 48000 };
                    Task<Applied> waiting = session.SendAsync(start, cancel.Token);
                    cancel.Cancel();
                    Assert.AreEqual(SwashStatus.Cancelled, (await Wait.ErrorOf(() => waiting)).Status);
                    Assert.IsFalse(session.Completion.IsCompleted);
                }
            });
        }

        [Test]
        public void A_request_can_be_changed_and_sent_again()
        {
            Wait.For(async () =>
            {
                using (LiveSession session = _client.Perform(Unpaced(), _recording.Take))
                {
                    var start = new StartVoice { Voice = 1, Effect = "rain", Seed = 1 };
                    var request = new PerformRequest { Start = start, AtFrame = 0 };
                    uint first = session.Send(request);
                    start.Voice = 2;
                    start.Seed = 2;
                    uint second = session.Send(request);
                    session.Stop(atFrame: 1600);
                    session.Finish();
                    await session.Completion;
                    List<Applied> applied = _recording.All(each => each.Applied);
                    CollectionAssert.AreEqual(new[] { first, second }, applied.Take(2).Select(each => each.Id).ToArray());
                    CollectionAssert.AreEqual(new uint[] { 1, 2 }, applied.Take(2).Select(each => each.Seed).ToArray());
                }
            });
        }

        [Test]
        public void A_finished_session_takes_no_more_commands()
        {
            Wait.For(async () =>
            {
                using (LiveSession session = _client.Perform(null, _recording.Take))
                {
                    session.Finish();
                    SwashException error = Assert.Throws<SwashException>(() => session.Stop());
                    Assert.AreEqual(SwashStatus.FailedPrecondition, error.Status);
                    session.Finish();
                    Assert.AreEqual(0, (await session.Completion).Frames);
                    Assert.Throws<SwashException>(() => session.Stop());
                    session.Finish();
                }
            });
        }

        [Test]
        public void A_disposed_session_is_over_and_its_voices_are_gone()
        {
            Wait.For(async () =>
            {
                LiveSession session = _client.Perform(null, _recording.Take);
                await session.SendAsync(new PerformRequest { Start = new StartVoice { Voice = 1, Effect = "rain" } });
                await TestServer.UntilMetric(value => value == 1, "swash_live_voices");
                var late = new PerformRequest { Stop = new StopVoice(), AtFrame = 480000 };
                Task<Applied> waiting = session.SendAsync(late);
                session.Dispose();
                session.Dispose();
                Assert.AreEqual(SwashStatus.Cancelled, (await Wait.ErrorOf(() => waiting)).Status);
                Assert.AreEqual(SwashStatus.Cancelled, (await Wait.ErrorOf(() => session.Completion)).Status);
                Assert.AreEqual(SwashStatus.Cancelled, Assert.Throws<SwashException>(() => session.Stop()).Status);
                await TestServer.UntilMetric(value => value == 0, "swash_live_voices");
                await TestServer.UntilMetric(value => value == 0, "swash_live_sessions");
            });
        }

        [Test]
        public void A_session_whose_connection_breaks_says_so_to_everybody()
        {
            Wait.For(async () =>
            {
                using (var proxy = new BreakingProxy(TestServer.AddressFor(_wire), int.MaxValue, 0))
                using (var client = new SwashClient(new HttpTransport(proxy.Address, _wire)))
                using (LiveSession session = client.Perform(null, _recording.Take))
                {
                    await session.SendAsync(new PerformRequest { Start = new StartVoice { Voice = 1, Effect = "rain" } });
                    var late = new PerformRequest { Stop = new StopVoice(), AtFrame = 480000 };
                    Task<Applied> waiting = session.SendAsync(late);
                    proxy.Dispose();
                    Assert.AreEqual(SwashStatus.Unavailable, (await Wait.ErrorOf(() => session.Completion)).Status);
                    Assert.AreEqual(SwashStatus.Unavailable, (await Wait.ErrorOf(() => waiting)).Status);
                    Assert.AreEqual(SwashStatus.Unavailable, Assert.Throws<SwashException>(() => session.Stop()).Status);
                }
            });
        }

        [Test]
        public void A_session_that_is_refused_says_why()
        {
            Wait.For(async () =>
            {
                using (LiveSession session = _client.Perform(new OpenSession { SampleRate = 44123 }, _recording.Take))
                {
                    SwashException error = await Wait.ErrorOf(() => session.Opened);
                    Assert.AreEqual(SwashStatus.InvalidArgument, error.Status);
                    Assert.AreEqual("open.sample_rate", error.Violations[0].Field);
                    Assert.AreSame(error, await Wait.ErrorOf(() => session.Completion));
                }
            });
        }

        [Test]
        public void What_a_handler_of_events_throws_ends_the_session()
        {
            Wait.For(async () =>
            {
                var thrown = new InvalidOperationException("no room");
                using (LiveSession session = _client.Perform(null, _ => throw thrown))
                {
                    try
                    {
                        await session.Completion;
                    }
                    catch (InvalidOperationException e)
                    {
                        Assert.AreSame(thrown, e);
                    }
                    Assert.IsTrue(session.Completion.IsFaulted);
                    await TestServer.UntilMetric(value => value == 0, "swash_live_sessions");
                }
            });
        }

        [Test]
        public void Many_sessions_play_at_once()
        {
            Wait.For(async () =>
            {
                LiveSession[] sessions = Enumerable.Range(0, 12).Select(_ => _client.Perform(null, _recording.Take)).ToArray();
                try
                {
                    foreach (LiveSession session in sessions)
                        await session.SendAsync(new PerformRequest { Stop = new StopVoice() });
                }
                finally
                {
                    foreach (LiveSession session in sessions)
                        session.Dispose();
                }
            });
        }

        [Test]
        public void A_thread_that_may_not_be_gone_back_to_hinders_no_command()
        {
            LiveSession session = null;
            var thread = new Thread(() =>
            {
                SynchronizationContext.SetSynchronizationContext(new DeadContext());
                session = _client.Perform(Unpaced(), _recording.Take);
                for (uint voice = 1; voice <= 3; voice++)
                    session.StartVoice(effect: "rain", seed: voice, atFrame: 0);
                session.Stop(atFrame: 1600);
                session.Finish();
            });
            thread.Start();
            thread.Join();
            Wait.For(async () => await session.Completion);
            Assert.AreEqual(4, _recording.All(each => each.Applied).Count);
        }

        private static OpenSession Unpaced() => new OpenSession { SampleRate = 16000, Channels = 2, Unpaced = true };

        /// <summary>Waits for nothing but a cancelled call; a session that is not opened waits for ever.</summary>
        private static Task Hurried(TimeSpan pause, CancellationToken cancel) =>
            pause > TimeSpan.FromSeconds(10) ? Task.Delay(pause, cancel) : Task.CompletedTask;
    }
}
