using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using NUnit.Framework;
using Swash.V1;

namespace Swash.Tests
{
    public sealed class DiskCacheTests
    {
        private const long Plenty = 1 << 20;
        private string _folder;

        [SetUp]
        public void MakeAName() => _folder = Path.Combine(Path.GetTempPath(), "swash-" + Guid.NewGuid().ToString("N"));

        [TearDown]
        public void TakeAway()
        {
            if (Directory.Exists(_folder))
                Directory.Delete(_folder, true);
        }

        [Test]
        public void A_take_that_is_kept_is_there_for_another_process()
        {
            Take kept = TakeOf(1000, 7);
            Assert.IsTrue(new DiskCache(_folder, Plenty).Put(Key(1), kept));
            Assert.IsTrue(new DiskCache(_folder, Plenty).TryGet(Key(1), out Take found));
            CollectionAssert.AreEqual(kept.Data, found.Data);
            CollectionAssert.AreEqual(kept.Header.ToByteArray(), found.Header.ToByteArray());
            CollectionAssert.AreEqual(kept.Trailer.ToByteArray(), found.Trailer.ToByteArray());
            Assert.IsFalse(new DiskCache(_folder, Plenty).TryGet(Key(2), out _));
            Assert.IsFalse(new DiskCache(_folder, Plenty).TryGet(null, out _));
        }

        [Test]
        public void A_file_with_one_wrong_byte_anywhere_is_a_miss_and_goes_away()
        {
            var cache = new DiskCache(_folder, Plenty);
            cache.Put(Key(1), TakeOf(20, 7));
            string path = Files().Single();
            byte[] whole = File.ReadAllBytes(path);
            for (int at = 0; at < whole.Length; at++)
            {
                byte[] damaged = (byte[])whole.Clone();
                damaged[at] ^= 1;
                File.WriteAllBytes(path, damaged);
                Assert.IsFalse(cache.TryGet(Key(1), out _));
                Assert.IsFalse(File.Exists(path));
            }
        }

        [Test]
        public void A_file_that_is_cut_off_is_a_miss_and_goes_away()
        {
            var cache = new DiskCache(_folder, Plenty);
            cache.Put(Key(1), TakeOf(20, 7));
            string path = Files().Single();
            byte[] whole = File.ReadAllBytes(path);
            for (int length = 0; length < whole.Length; length++)
            {
                File.WriteAllBytes(path, whole.Take(length).ToArray());
                Assert.IsFalse(cache.TryGet(Key(1), out _));
                Assert.IsFalse(File.Exists(path));
            }
            Assert.IsTrue(cache.Put(Key(1), TakeOf(20, 7)));
            Assert.IsTrue(cache.TryGet(Key(1), out _));
        }

        [Test]
        public void Files_of_others_stay_and_count_for_nothing()
        {
            Directory.CreateDirectory(_folder);
            foreach (string name in new[] { "notes.txt", "mine.swash", "download.part" })
            {
                File.WriteAllBytes(Path.Combine(_folder, name), new byte[5000]);
                File.SetLastWriteTimeUtc(Path.Combine(_folder, name), DateTime.UtcNow.AddDays(-9));
            }
            var cache = new DiskCache(_folder, 3000);
            for (int i = 0; i < 5; i++)
                Assert.IsTrue(cache.Put(Key(i), TakeOf(1000, i)));
            Assert.AreEqual(3, Directory.GetFiles(_folder).Count(path => new FileInfo(path).Length == 5000));
            Assert.IsTrue(cache.TryGet(Key(4), out _));
        }

        [Test]
        public void What_was_used_least_lately_makes_room()
        {
            var cache = new DiskCache(_folder, 3600); // for three
            for (int i = 0; i < 3; i++)
            {
                cache.Put(Key(i), TakeOf(1000, i));
                File.SetLastWriteTimeUtc(Path.Combine(_folder, Key(i) + ".swash"), DateTime.UtcNow.AddHours(i - 10));
            }
            Assert.IsTrue(cache.TryGet(Key(0), out _)); // now it is the latest
            Assert.IsTrue(cache.Put(Key(3), TakeOf(1000, 3)));
            Assert.IsFalse(cache.TryGet(Key(1), out _));
            foreach (int i in new[] { 0, 2, 3 })
                Assert.IsTrue(cache.TryGet(Key(i), out _));
            Assert.LessOrEqual(Files().Sum(path => new FileInfo(path).Length), 3600);
        }

        [Test]
        public void What_is_larger_than_the_cache_is_not_kept()
        {
            var cache = new DiskCache(_folder, 500);
            Assert.IsFalse(cache.Put(Key(1), TakeOf(1000, 1)));
            Assert.IsFalse(cache.TryGet(Key(1), out _));
        }

        [Test]
        public void What_another_engine_made_instead_is_not_kept()
        {
            Take take = TakeOf(100, 1);
            take.Header.Fallback = true;
            Assert.IsFalse(new DiskCache(_folder, Plenty).Put(Key(1), take));
        }

        [Test]
        public void What_a_crash_left_unfinished_goes_away_in_time()
        {
            var cache = new DiskCache(_folder, Plenty);
            cache.Put(Key(1), TakeOf(100, 1));
            string old = Path.Combine(_folder, Key(2) + ".swash.0123.part");
            string young = Path.Combine(_folder, Key(3) + ".swash.4567.part");
            File.WriteAllBytes(old, new byte[9]);
            File.WriteAllBytes(young, new byte[9]);
            File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));
            cache.Put(Key(4), TakeOf(100, 4));
            Assert.IsFalse(File.Exists(old));
            Assert.IsTrue(File.Exists(young));
        }

        [Test]
        public void Two_who_write_and_read_the_same_never_meet_half_a_file()
        {
            var caches = new[] { new DiskCache(_folder, Plenty), new DiskCache(_folder, Plenty) };
            Wait.For(() => Task.WhenAll(Enumerable.Range(0, 4).Select(who => Task.Run(() =>
            {
                DiskCache cache = caches[who % 2];
                for (int round = 0; round < 50; round++)
                {
                    int which = round % 5;
                    cache.Put(Key(which), TakeOf(5000, which));
                    Assert.IsTrue(cache.TryGet(Key(which), out Take take));
                    CollectionAssert.AreEqual(TakeOf(5000, which).Data, take.Data);
                }
            }))));
            for (int i = 0; i < 5; i++)
                Assert.IsTrue(caches[0].TryGet(Key(i), out _));
            Assert.AreEqual(0, Directory.GetFiles(_folder, "*.part").Length);
        }

        [Test]
        public void A_folder_that_cannot_be_is_as_good_as_no_cache()
        {
            File.WriteAllText(_folder, "a file where the folder should be");
            try
            {
                var cache = new DiskCache(Path.Combine(_folder, "below"), Plenty);
                Assert.IsFalse(cache.Put(Key(1), TakeOf(10, 1)));
                Assert.IsFalse(cache.TryGet(Key(1), out _));
            }
            finally
            {
                File.Delete(_folder);
            }
        }

        [Test]
        public void A_key_is_the_same_however_the_parameters_are_ordered()
        {
            RenderRequest one = Request("intensity", "wind");
            RenderRequest other = Request("wind", "intensity");
            Assert.AreEqual(DiskCache.KeyOf(one), DiskCache.KeyOf(other));
            Assert.AreEqual(64, DiskCache.KeyOf(one).Length);
            other.Seed = 2;
            Assert.AreNotEqual(DiskCache.KeyOf(one), DiskCache.KeyOf(other));
        }

        [Test]
        public void What_may_differ_each_time_has_no_key()
        {
            RenderRequest request = Request("intensity");
            request.Takes = 1;
            request.FirstFrame = 0;
            Assert.IsNotNull(DiskCache.KeyOf(request));
            request.Takes = 2;
            Assert.IsNull(DiskCache.KeyOf(request));
            request.Takes = null;
            request.FirstFrame = 1;
            Assert.IsNull(DiskCache.KeyOf(request));
            request.FirstFrame = null;
            request.Seed = null;
            Assert.IsNull(DiskCache.KeyOf(request));
        }

        [Test]
        public void A_key_that_is_a_path_is_refused()
        {
            var cache = new DiskCache(_folder, Plenty);
            Assert.Throws<ArgumentException>(() => cache.TryGet("../../etc/passwd", out _));
            Assert.Throws<ArgumentException>(() => cache.Put(Key(1).ToUpperInvariant() + "é", TakeOf(1, 1)));
        }

        private static string Key(int number) => number.ToString("x").PadLeft(64, '0');

        private static Take TakeOf(int bytes, int seed)
        {
            var data = new byte[bytes];
            new Random(seed).NextBytes(data);
            var header = new Header { Seed = (uint)seed, SampleRate = 48000, Channels = 1, Encoding = Encoding.PcmS16Le };
            return new Take(header, data, new Trailer { Frames = (ulong)bytes / 2 });
        }

        private static RenderRequest Request(params string[] parameters)
        {
            var request = new RenderRequest { Effect = "rain", Seed = 1 };
            foreach (string name in parameters)
                request.Parameters[name] = new ParameterValue { Number = name.Length };
            return request;
        }

        private string[] Files() => Directory.GetFiles(_folder, "*.swash");
    }
}
