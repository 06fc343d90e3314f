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
    public sealed class RenderTests
    {
        private readonly HttpWire _wire;

        public RenderTests(HttpWire wire)
        {
            _wire = wire;
        }

        [Test]
        public void A_whole_sound_is_what_the_server_made()
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(_wire))
                {
                    Take take = await client.RenderAsync(Rain(1.0, 4));
                    Assert.AreEqual(16000, take.Trailer.Frames);
                    Assert.AreEqual(16000 * 2 * 2, take.Data.Length);
                    Assert.AreEqual(4, take.Header.Seed);
                    Assert.AreEqual("rain", take.Header.Layers[0].Effect);
                    float[] samples = take.ToSamples();
                    Assert.AreEqual(16000 * 2, samples.Length);
                    Assert.Greater(samples.Max(), 0.01f);
                    Assert.LessOrEqual(samples.Max(), 1f);
                }
            });
        }

        [Test]
        public void A_sound_is_heard_while_it_is_made_and_leaving_stops_the_making()
        {
            Wait.For(async () =>
            {
                double before = await TestServer.MetricAsync("swash_calls_total", "Render", "CANCELLED");
                using (SwashClient client = TestServer.Client(_wire))
                using (var leave = new CancellationTokenSource())
                {
                    bool whole = false;
                    int heard = 0;
                    SwashException error = await Wait.ErrorOf(() => client.RenderAsync(
                        TestServer.LongSound(),
                        response =>
                        {
                            heard += response.Audio == null ? 0 : 1;
                            whole |= response.Trailer != null;
                            if (heard == 1)
                                leave.Cancel();
                            return default;
                        },
                        leave.Token));
                    Assert.AreEqual(SwashStatus.Cancelled, error.Status);
                    Assert.AreEqual(1, heard);
                    Assert.IsFalse(whole);
                    await TestServer.UntilMetric(value => value > before, "swash_calls_total", "Render", "CANCELLED");
                }
            });
        }

        [Test]
        public void Events_come_in_order_and_one_at_a_time()
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(_wire))
                {
                    var kinds = new List<RenderResponse.EventOneofCase>();
                    ulong frames = 0;
                    int handling = 0;
                    await client.RenderAsync(Rain(2.0, 9), async response =>
                    {
                        Assert.AreEqual(1, Interlocked.Increment(ref handling));
                        await Task.Yield();
                        kinds.Add(response.EventCase);
                        if (response.Audio != null)
                        {
                            Assert.AreEqual(frames, response.Audio.FirstFrame);
                            frames += (ulong)response.Audio.Data.Length / 4;
                        }
                        Interlocked.Decrement(ref handling);
                    });
                    Assert.AreEqual(32000, frames);
                    Assert.AreEqual(RenderResponse.EventOneofCase.Header, kinds.First());
                    Assert.AreEqual(RenderResponse.EventOneofCase.Trailer, kinds.Last());
                    Assert.IsTrue(kinds.Skip(1).Take(kinds.Count - 2).All(kind => kind == RenderResponse.EventOneofCase.Audio));
                    Assert.Greater(kinds.Count, 3);
                }
            });
        }

        [Test]
        public void Takes_come_in_the_order_of_their_seeds_and_differ()
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(_wire))
                {
                    IReadOnlyList<Take> takes = await client.RenderTakesAsync(new RenderRequest
                    {
                        Effect = "footsteps", Seed = 20, Takes = 3, SampleRate = 16000,
                    });
                    CollectionAssert.AreEqual(new uint[] { 20, 21, 22 }, takes.Select(take => take.Header.Seed).ToArray());
                    CollectionAssert.AreEqual(new uint[] { 0, 1, 2 }, takes.Select(take => take.Header.Take).ToArray());
                    Assert.IsFalse(takes[0].Data.SequenceEqual(takes[1].Data));
                }
            });
        }

        [Test]
        public void Float_samples_are_the_integer_ones_but_for_rounding()
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(_wire))
                {
                    RenderRequest request = Rain(0.5, 3);
                    float[] integers = (await client.RenderAsync(request)).ToSamples();
                    request.Encoding = Encoding.PcmF32Le;
                    float[] floats = (await client.RenderAsync(request)).ToSamples();
                    Assert.AreEqual(integers.Length, floats.Length);
                    Assert.Less(integers.Zip(floats, (one, other) => Math.Abs(one - other)).Max(), 2f / 32768f);
                }
            });
        }

        [Test]
        public void A_file_comes_as_its_bytes()
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(_wire))
                {
                    RenderRequest request = Rain(0.5, 3);
                    request.Encoding = Encoding.Flac;
                    Take take = await client.RenderAsync(request);
                    CollectionAssert.AreEqual(new[] { (byte)'f', (byte)'L', (byte)'a', (byte)'C' }, take.Data.Take(4).ToArray());
                    Assert.Throws<InvalidOperationException>(() => take.ToSamples());
                }
            });
        }

        [Test]
        public void The_rest_of_a_take_can_be_asked_for()
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(_wire))
                {
                    RenderRequest request = Rain(0.5, 3);
                    byte[] whole = (await client.RenderAsync(request)).Data;
                    request.FirstFrame = 5000;
                    CollectionAssert.AreEqual(whole.Skip(5000 * 4).ToArray(), (await client.RenderAsync(request)).Data);
                }
            });
        }

        [Test]
        public void The_server_tells_what_it_is_and_what_it_understands()
        {
            Wait.For(async () =>
            {
                using (SwashClient client = TestServer.Client(_wire))
                {
                    Task<GetServerInfoResponse> info = client.GetServerInfoAsync();
                    Task<ListEffectsResponse> effects = client.ListEffectsAsync();
                    ResolvePromptResponse resolution = await client.ResolvePromptAsync("starker Regen auf einem Blechdach");
                    Assert.AreEqual("procedural", (await info).DefaultEngine);
                    Assert.Greater((await effects).Effects.Count, 30);
                    Assert.AreEqual("rain", resolution.Layers[0].Effect);
                    Assert.AreEqual("tin_roof", resolution.Layers[0].Preset);
                }
            });
        }

        [Test]
        public void Sounds_are_kept_under_a_tag_until_they_are_unloaded()
        {
            Wait.For(async () =>
            {
                string tag = "csharp " + _wire;
                using (SwashClient client = TestServer.Client(_wire))
                {
                    var request = new PreloadRequest { Tag = tag, Sounds = new PreloadSounds() };
                    request.Sounds.Sounds.Add(Rain(0.5, 1));
                    request.Sounds.Sounds.Add(Rain(0.5, 2));
                    var done = new List<uint>();
                    await client.PreloadAsync(request, response =>
                    {
                        done.Add(response.Done);
                        Assert.AreEqual("", response.Take.Failure);
                        return default;
                    });
                    CollectionAssert.AreEqual(new uint[] { 1, 2 }, done);
                    Assert.AreEqual(2, (await client.UnloadAsync(tag)).Takes);
                    Assert.AreEqual(SwashStatus.NotFound, (await Wait.ErrorOf(() => client.UnloadAsync(tag))).Status);
                }
            });
        }

        [Test]
        public void A_thread_that_may_not_be_gone_back_to_hinders_nothing()
        {
            // As Unity's main thread is, while it waits for something else.
            Task<Take> take = null;
            using (SwashClient client = TestServer.Client(_wire))
            {
                var thread = new Thread(() =>
                {
                    SynchronizationContext.SetSynchronizationContext(new DeadContext());
                    take = client.RenderAsync(Rain(0.5, 8));
                });
                thread.Start();
                thread.Join();
                Assert.IsTrue(take.Wait(TimeSpan.FromSeconds(30)));
                Assert.AreEqual(8000, take.Result.Trailer.Frames);
            }
        }

        private static RenderRequest Rain(double durationS, uint seed) => new RenderRequest
        {
            Effect = "rain", DurationS = durationS, Seed = seed, SampleRate = 16000, Channels = 2,
        };

    }
}
