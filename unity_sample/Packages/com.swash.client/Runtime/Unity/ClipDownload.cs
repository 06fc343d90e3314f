using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;
using UnityEngine;
using Object = UnityEngine.Object;

namespace Swash
{
    /// <summary>
    /// One sound on its way from the server into a clip, which can be played while it grows. The call's thread decodes;
    /// the main thread pumps what came into the clip.
    /// </summary>
    internal sealed class ClipDownload : IDisposable
    {
        private const int InboxEvents = 32; // of up to 64 KB
        private const int EventsAFrame = 16; // 1 MB: what SetData takes in without costing a frame

        private readonly string _name;
        private readonly bool _onlyWhole;
        private readonly CancellationTokenSource _cancel = new CancellationTokenSource();
        private readonly Inbox<Piece> _inbox = new Inbox<Piece>(InboxEvents);
        private readonly List<Piece> _pieces = new List<Piece>();
        private readonly Task _call;
        private Trailer _trailer;

        /// <summary>Begins the call.</summary>
        /// <param name="name">Of the clip.</param>
        /// <param name="client">Whom to ask.</param>
        /// <param name="request">For one take, of PCM.</param>
        /// <param name="onlyWhole">Whether the clip is made when everything is there, as WebGL needs it.</param>
        public ClipDownload(string name, SwashClient client, RenderRequest request, bool onlyWhole)
        {
            _name = name;
            _onlyWhole = onlyWhole;
            CancellationToken cancel = _cancel.Token;
            _call = onlyWhole
                ? FetchAsync(client, request, cancel)
                : client.RenderAsync(request, response => TakeInAsync(response, cancel), cancel);
        }

        /// <summary>What is coming; null until the server has said it.</summary>
        public Header Header { get; private set; }

        /// <summary>The sound so far; null before its length is known.</summary>
        public AudioClip Clip { get; private set; }

        /// <summary>Frames of the clip that are there.</summary>
        public int ReceivedFrames { get; private set; }

        /// <summary>Whether everything is there, and proved.</summary>
        public bool IsWhole { get; private set; }

        /// <summary>Why the call failed; null while it has not.</summary>
        public Exception Failure { get; private set; }

        /// <summary>Takes in some of what has come; once a frame.</summary>
        public void Pump()
        {
            for (int i = 0; i < EventsAFrame; i++)
            {
                bool over = _call.IsCompleted; // before the inbox is looked at: then nothing is missed
                if (_inbox.TryTake(out Piece piece))
                {
                    TakeIn(piece);
                    continue;
                }
                if (over && !IsWhole && Failure == null)
                    Conclude();
                return;
            }
        }

        /// <summary>Returns the whole take, to be kept.</summary>
        public Take ToTake()
        {
            int length = 0;
            foreach (Piece piece in _pieces)
                length += piece.Data.Length;
            var data = new byte[length];
            int at = 0;
            foreach (Piece piece in _pieces)
            {
                Buffer.BlockCopy(piece.Data, 0, data, at, piece.Data.Length);
                at += piece.Data.Length;
            }
            return new Take(Header, data, _trailer);
        }

        /// <summary>Ends the call, on the server too, and destroys a clip that did not become whole.</summary>
        public void Dispose()
        {
            _cancel.Cancel();
            _ = _call.ContinueWith( // so that nobody misses that its end was looked at
                call => call.Exception,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            if (!IsWhole && Clip != null)
                Object.Destroy(Clip);
        }

        /// <summary>What is not heard before its end comes in one message.</summary>
        private async Task FetchAsync(SwashClient client, RenderRequest request, CancellationToken cancel)
        {
            Take take = await client.FetchAsync(request, cancel);
            await TakeInAsync(new RenderResponse { Header = take.Header }, cancel);
            await TakeInAsync(new RenderResponse { Audio = new Audio { Data = take.Data } }, cancel);
            await TakeInAsync(new RenderResponse { Trailer = take.Trailer }, cancel);
        }

        /// <summary>On the call's thread: decode, and wait until the main thread keeps up.</summary>
        private async ValueTask TakeInAsync(RenderResponse response, CancellationToken cancel)
        {
            switch (response.EventCase)
            {
                case RenderResponse.EventOneofCase.Header:
                    await _inbox.PutAsync(new Piece { Header = response.Header }, cancel);
                    break;
                case RenderResponse.EventOneofCase.Audio:
                    byte[] data = response.Audio.Data;
                    var piece = new Piece { Data = data, Samples = Pcm.Decode(data, Encoding.PcmS16Le) };
                    await _inbox.PutAsync(piece, cancel);
                    break;
                case RenderResponse.EventOneofCase.Trailer:
                    await _inbox.PutAsync(new Piece { Trailer = response.Trailer }, cancel);
                    break;
            }
        }

        private void TakeIn(Piece piece)
        {
            if (piece.Header != null)
            {
                LoadedClip.CheckHeader(piece.Header);
                Header = piece.Header;
                if (Header.Frames.HasValue && !_onlyWhole)
                    Clip = LoadedClip.Empty(_name, Header, Header.Frames.Value);
            }
            else if (piece.Trailer != null)
            {
                _trailer = piece.Trailer;
            }
            else if (piece.Samples.Length > 0)
            {
                int frames = piece.Samples.Length / (int)Header.Channels;
                LoadedClip.CheckFrames((ulong)(ReceivedFrames + frames), Header.Frames);
                _pieces.Add(piece);
                if (Clip != null)
                {
                    Clip.SetData(piece.Samples, ReceivedFrames);
                    piece.Samples = null; // the clip has them
                }
                ReceivedFrames += frames;
            }
        }

        private void Conclude()
        {
            try
            {
                _call.GetAwaiter().GetResult(); // throws why the call failed; RenderAsync has proved what came
                if (Clip == null)
                    MakeWholeClip();
                IsWhole = true;
            }
            catch (Exception e) // whatever it is, the component tells it on
            {
                Failure = e;
            }
        }

        private void MakeWholeClip()
        {
            Clip = LoadedClip.Empty(_name, Header, (ulong)ReceivedFrames);
            int frame = 0;
            foreach (Piece piece in _pieces)
            {
                Clip.SetData(piece.Samples, frame);
                frame += piece.Samples.Length / (int)Header.Channels;
            }
        }

        /// <summary>What one event brought.</summary>
        private sealed class Piece
        {
            public Header Header;
            public byte[] Data;
            public float[] Samples;
            public Trailer Trailer;
        }
    }
}
