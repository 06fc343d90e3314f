using System;
using System.Collections.Generic;
using System.IO;
using Swash.V1;

namespace Swash
{
    /// <summary>Keeps the takes of a Render call.</summary>
    internal sealed class TakeRecorder : IDisposable
    {
        private readonly RenderRequest _request;
        private readonly TakeReader _reader;
        private readonly MemoryStream _data = new MemoryStream();
        private readonly List<Take> _takes = new List<Take>();

        internal TakeRecorder(RenderRequest request)
        {
            _request = RenderRequest.Parse(request.ToByteArray()); // the caller may change theirs meanwhile
            _reader = new TakeReader(request.FirstFrame ?? 0);
        }

        /// <summary>Whether the rest can be asked for: one take of PCM began that can be made again.</summary>
        internal bool CanResume =>
            _request.Seed.HasValue && (_request.Takes ?? 1) == 1 && _reader.Header != null && _reader.Trailer == null
            && Pcm.SampleBytes(_reader.Header.Encoding) > 0;

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

        /// <summary>Returns the request for what has not come yet.</summary>
        internal RenderRequest Rest()
        {
            RenderRequest rest = RenderRequest.Parse(_request.ToByteArray());
            rest.FirstFrame = _reader.NextFrame;
            _reader.Resume();
            return rest;
        }

        /// <summary>Returns the takes once the call has ended.</summary>
        /// <exception cref="SwashException">DataLoss: there are fewer than were asked for.</exception>
        internal IReadOnlyList<Take> Whole()
        {
            _reader.End();
            uint count = _request.Takes ?? 1;
            if (_takes.Count != count)
                throw new SwashException(SwashStatus.DataLoss, _takes.Count + " of " + count + " takes arrived");
            return _takes;
        }
    }
}
