using System;
using System.Collections.Generic;
using System.IO;
using Swash.V1;

namespace Swash
{
    /// <summary>Keeps the takes of a Render call.</summary>
    internal sealed class TakeRecorder : IDisposable
    {
        private readonly uint _count;
        private readonly TakeReader _reader;
        private readonly MemoryStream _data = new MemoryStream();
        private readonly List<Take> _takes = new List<Take>();

        internal TakeRecorder(RenderRequest request)
        {
            _count = request.Takes ?? 1;
            _reader = new TakeReader(request.FirstFrame ?? 0);
        }

        /// <summary>Returns the take of a Fetch, proved as one that streams.</summary>
        /// <exception cref="SwashException">DataLoss: it is not what was made.</exception>
        internal static Take TakeOf(FetchResponse response)
        {
            if (response.Header == null || response.Trailer == null)
                throw new SwashException(SwashStatus.DataLoss, "the answer holds no whole take");
            using (var recorder = new TakeRecorder(new RenderRequest()))
            {
                recorder.TakeIn(new RenderResponse { Header = response.Header });
                recorder.TakeIn(new RenderResponse { Audio = new Audio { Data = response.Data } });
                recorder.TakeIn(new RenderResponse { Trailer = response.Trailer });
                return recorder.Whole()[0];
            }
        }

        public void Dispose() => _reader.Dispose();

        /// <summary>Keeps what an event brings.</summary>
        internal void TakeIn(RenderResponse response)
        {
            _reader.TakeIn(response);
            if (response.EventCase == RenderResponse.EventOneofCase.Audio)
                _data.Write(response.Audio.Data, 0, response.Audio.Data.Length);
            if (response.EventCase == RenderResponse.EventOneofCase.Trailer)
            {
                _takes.Add(new Take(_reader.Header, _data.ToArray(), _reader.Trailer));
                _data.SetLength(0);
            }
        }

        /// <summary>Returns the takes once the call has ended.</summary>
        /// <exception cref="SwashException">DataLoss: there are fewer than were asked for.</exception>
        internal IReadOnlyList<Take> Whole()
        {
            _reader.End();
            if (_takes.Count != _count)
                throw new SwashException(SwashStatus.DataLoss, _takes.Count + " of " + _count + " takes arrived");
            return _takes;
        }
    }
}
