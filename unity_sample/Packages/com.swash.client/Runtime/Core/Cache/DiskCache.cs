using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Swash.V1;
using Swash.Wire;

namespace Swash
{
    /// <summary>
    /// Takes kept on disk, so that a sound that was heard once is there without a server. Any thread may use it, and
    /// several processes one folder. A file that is damaged is a miss and goes away; files of others stay untouched;
    /// a disk that fails is as good as no cache: nothing is thrown for it.
    /// </summary>
    /// <remarks>
    /// A file is its mark, the SHA-256 of all behind it, then the header, the trailer and the data, each after its
    /// length in four bytes (little-endian). It appears whole, by a rename. What was used least lately goes first when
    /// the folder is full; the file's time tells.
    /// </remarks>
    public sealed class DiskCache
    {
        private const string Extension = ".swash";
        private const string Unfinished = ".part";
        private const int DigestBytes = 32;
        private static readonly byte[] Mark = { (byte)'s', (byte)'w', (byte)'a', (byte)'s', (byte)'h', 0, 0, 1 };
        private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1); // a file that nobody will finish

        private readonly string _folder;
        private readonly long _maxBytes;
        private readonly object _lock = new object();

        /// <summary>Uses a folder, which is made when the first take is kept.</summary>
        /// <param name="folder">Where the files are.</param>
        /// <param name="maxBytes">What all of them may take together, more than 0.</param>
        public DiskCache(string folder, long maxBytes)
        {
            if (string.IsNullOrEmpty(folder))
                throw new ArgumentException("a folder's path", nameof(folder));
            if (maxBytes < 1)
                throw new ArgumentOutOfRangeException(nameof(maxBytes), maxBytes, "more than 0");
            _folder = folder;
            _maxBytes = maxBytes;
        }

        /// <summary>
        /// Returns the name of the take that a request makes, 64 hex digits, however its parameters are ordered; null
        /// when every answer may be another one: without a seed, with several takes, or of a part of a take.
        /// </summary>
        public static string KeyOf(RenderRequest request)
        {
            if (!request.Seed.HasValue || (request.Takes ?? 1) != 1 || (request.FirstFrame ?? 0) != 0)
                return null;
            using (SHA256 hash = SHA256.Create())
                return Hex(hash.ComputeHash(request.ToByteArray())); // maps are written in the order of their keys
        }

        /// <summary>Looks for a take; null is a key that nothing has.</summary>
        public bool TryGet(string key, out Take take)
        {
            take = null;
            if (key == null)
                return false;
            string path = PathOf(key);
            lock (_lock)
            {
                try
                {
                    if (!File.Exists(path))
                        return false;
                    take = Unpacked(File.ReadAllBytes(path));
                    if (take == null)
                        File.Delete(path);
                    else
                        File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
                }
                catch (Exception e) when (IsOfTheDisk(e))
                {
                    // Another process has just taken it away, or may not share it: what was read counts.
                }
            }
            return take != null;
        }

        /// <summary>
        /// Keeps a take, and returns whether it is kept. It is not when it is larger than the whole cache, when the key
        /// is null, when another engine made it than was asked for, or when the disk fails.
        /// </summary>
        public bool Put(string key, Take take)
        {
            if (key == null || take.Header.Fallback)
                return false;
            string path = PathOf(key);
            byte[] file = Packed(take);
            if (file.LongLength > _maxBytes)
                return false;
            string part = path + "." + Guid.NewGuid().ToString("N") + Unfinished;
            lock (_lock)
            {
                try
                {
                    Directory.CreateDirectory(_folder);
                    File.WriteAllBytes(part, file);
                    if (!File.Exists(path))
                        File.Move(part, path);
                    MakeRoom(path);
                }
                catch (Exception e) when (IsOfTheDisk(e))
                {
                    // Two that keep the same take: the first has won, and theirs is as good as ours.
                }
                Remove(part);
                return File.Exists(path);
            }
        }

        private static bool IsOfTheDisk(Exception e) =>
            e is IOException || e is UnauthorizedAccessException || e is NotSupportedException;

        private static void Remove(string path)
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception e) when (IsOfTheDisk(e))
            {
                // It goes another time.
            }
        }

        private static string Hex(byte[] bytes)
        {
            var text = new StringBuilder(bytes.Length * 2);
            foreach (byte one in bytes)
                text.Append(one.ToString("x2"));
            return text.ToString();
        }

        private static bool IsKey(string text)
        {
            foreach (char c in text)
            {
                if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
                    return false;
            }
            return text.Length == DigestBytes * 2;
        }

        private static byte[] Packed(Take take)
        {
            using (var file = new MemoryStream())
            using (SHA256 hash = SHA256.Create())
            {
                file.Write(Mark, 0, Mark.Length);
                file.Write(new byte[DigestBytes], 0, DigestBytes);
                foreach (byte[] part in new[] { take.Header.ToByteArray(), take.Trailer.ToByteArray(), take.Data })
                {
                    for (int i = 0; i < 4; i++)
                        file.WriteByte((byte)(part.Length >> (8 * i)));
                    file.Write(part, 0, part.Length);
                }
                byte[] whole = file.ToArray();
                int head = Mark.Length + DigestBytes;
                hash.ComputeHash(whole, head, whole.Length - head).CopyTo(whole, Mark.Length);
                return whole;
            }
        }

        /// <summary>Returns the take of a file; null when it is damaged.</summary>
        private static Take Unpacked(byte[] file)
        {
            int at = Mark.Length + DigestBytes;
            if (file.Length < at || !new ReadOnlySpan<byte>(file, 0, Mark.Length).SequenceEqual(Mark))
                return null;
            using (SHA256 hash = SHA256.Create())
            {
                byte[] digest = hash.ComputeHash(file, at, file.Length - at);
                if (!new ReadOnlySpan<byte>(file, Mark.Length, DigestBytes).SequenceEqual(digest))
                    return null;
            }
            try
            {
                Header header = Header.Parse(NextPart(file, ref at));
                Trailer trailer = Trailer.Parse(NextPart(file, ref at));
                return new Take(header, NextPart(file, ref at), trailer);
            }
            catch (Exception e) when (e is ProtoException || e is ArgumentException || e is OverflowException)
            {
                return null;
            }
        }

        private static byte[] NextPart(byte[] file, ref int at)
        {
            uint length = (uint)(file[at] | file[at + 1] << 8 | file[at + 2] << 16 | file[at + 3] << 24);
            var part = new byte[checked((int)length)];
            Buffer.BlockCopy(file, at + 4, part, 0, part.Length);
            at += 4 + part.Length;
            return part;
        }

        private string PathOf(string key)
        {
            if (!IsKey(key))
                throw new ArgumentException("64 hex digits, as KeyOf gives them, got " + key, nameof(key));
            return Path.Combine(_folder, key + Extension);
        }

        /// <summary>Takes away what was used least lately until the rest fits, and never what was just kept.</summary>
        private void MakeRoom(string kept)
        {
            long bytes = 0;
            var files = new List<FileInfo>();
            foreach (FileInfo file in new DirectoryInfo(_folder).GetFiles())
            {
                if (!IsKey(file.Name.Split('.')[0]))
                    continue; // somebody else's
                if (file.Extension == Extension)
                {
                    bytes += file.Length;
                    files.Add(file);
                }
                else if (file.Extension == Unfinished && DateTime.UtcNow - file.LastWriteTimeUtc > Abandoned)
                {
                    Remove(file.FullName);
                }
            }
            files.Sort((one, other) => one.LastWriteTimeUtc.CompareTo(other.LastWriteTimeUtc));
            foreach (FileInfo file in files)
            {
                if (bytes <= _maxBytes)
                    return;
                if (file.Name == Path.GetFileName(kept))
                    continue;
                Remove(file.FullName);
                bytes -= file.Length;
            }
        }
    }
}
