using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;

namespace Swash
{
    /// <summary>Brings the takes of a bank into memory: from there, from disk, and what is missing from the server.</summary>
    internal static class BankLoader
    {
        /// <summary>Returns the takes in the order of their seeds, each with a user more; on the main thread.</summary>
        /// <param name="connection">Whose memory, disk and server.</param>
        /// <param name="name">Of the clips.</param>
        /// <param name="request">For one take; the others have the seeds behind its own.</param>
        /// <param name="count">How many, 1 to 32.</param>
        /// <param name="cancel">Whoever cancels gets nothing, and nothing is in use.</param>
        /// <exception cref="SwashException">They cannot be had; Cancelled too.</exception>
        public static async Task<LoadedClip[]> LoadAsync(
            SwashConnection connection, string name, RenderRequest request, int count, CancellationToken cancel)
        {
            CheckSeeds(request, count);
            var takes = new LoadedClip[count];
            try
            {
                for (int take = 0; take < count; take++)
                    takes[take] = await FindAsync(connection, name, RequestOf(request, take), cancel);
                await AskAsync(connection, name, request, takes, cancel);
                return takes;
            }
            catch
            {
                foreach (LoadedClip take in takes)
                {
                    if (take != null)
                        connection.Clips.Return(take);
                }
                throw;
            }
        }

        private static void CheckSeeds(RenderRequest request, int count)
        {
            if (request.Seed.HasValue && request.Seed.Value > uint.MaxValue - (uint)(count - 1))
            {
                throw new SwashException(
                    SwashStatus.InvalidArgument,
                    "seed: the last of " + count + " takes has the seed " + ((long)request.Seed.Value + count - 1)
                    + ", and there is none above " + uint.MaxValue);
            }
        }

        private static RenderRequest RequestOf(RenderRequest first, int take)
        {
            RenderRequest request = RenderRequest.Parse(first.ToByteArray());
            if (request.Seed.HasValue)
                request.Seed += (uint)take;
            return request;
        }

        private static async Task<LoadedClip> FindAsync(
            SwashConnection connection, string name, RenderRequest request, CancellationToken cancel)
        {
            string key = DiskCache.KeyOf(request);
            LoadedClip shared = connection.Clips.Borrow(key);
            DiskCache disk = connection.Disk;
            if (shared != null || key == null || disk == null)
                return shared;
            Take kept = await Background.Run(() => disk.TryGet(key, out Take take) ? take : null);
            ThrowIfCancelled(cancel);
            return kept == null ? null : Add(connection, name, key, kept);
        }

        /// <summary>Ask for the takes from the first that is missing to the last one, in one call.</summary>
        private static async Task AskAsync(
            SwashConnection connection, string name, RenderRequest request, LoadedClip[] takes, CancellationToken cancel)
        {
            int first = Array.IndexOf(takes, null);
            int last = Array.LastIndexOf(takes, null);
            if (first < 0)
                return;
            RenderRequest missing = RequestOf(request, first);
            missing.Takes = (uint)(last - first + 1);
            IReadOnlyList<Take> made = missing.Takes == 1
                ? new[] { await connection.Client.FetchAsync(missing, cancel) }
                : await connection.Client.RenderTakesAsync(missing, cancel);
            ThrowIfCancelled(cancel);
            DiskCache disk = connection.Disk;
            for (int take = first; take <= last; take++)
            {
                if (takes[take] != null)
                    continue;
                string key = DiskCache.KeyOf(RequestOf(request, take));
                Take came = made[take - first];
                takes[take] = Add(connection, name, key, came);
                if (disk != null && key != null)
                    _ = Background.Run(() => disk.Put(key, came));
            }
        }

        private static LoadedClip Add(SwashConnection connection, string name, string key, Take take) =>
            connection.Clips.Add(key, take.Header, LoadedClip.ClipOf(name, take.Header, take.ToSamples()));

        private static void ThrowIfCancelled(CancellationToken cancel)
        {
            if (cancel.IsCancellationRequested)
                throw new SwashException(SwashStatus.Cancelled, "the loading was cancelled");
        }
    }
}
