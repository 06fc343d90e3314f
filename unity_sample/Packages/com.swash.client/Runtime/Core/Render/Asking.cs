using Swash.V1;

namespace Swash
{
    /// <summary>
    /// What has come of a sound, and what to ask for next, so that its events are those of one call, however many it
    /// takes. PCM goes on at the frame after the last, with the seed, the object and the engine that its header told;
    /// the takes that are left follow in a call of their own.
    /// </summary>
    internal sealed class Asking
    {
        private readonly byte[] _request; // the caller may change theirs meanwhile
        private readonly uint _takes;
        private readonly ulong _firstFrame;
        private Header _first;
        private Header _header; // of the take that is arriving
        private ulong _frames;
        private uint _done;
        private uint _offset; // the number of the first take of the call in flight
        private bool _goingOn; // the header that comes next has been heard

        internal Asking(RenderRequest request)
        {
            _request = request.ToByteArray();
            _takes = request.Takes ?? 1;
            _firstFrame = _frames = request.FirstFrame ?? 0;
        }

        /// <summary>Whether a break loses nothing: a file that has begun cannot go on.</summary>
        internal bool CanResume => _header == null || Pcm.SampleBytes(_header.Encoding) > 0;

        /// <summary>Returns what the next call is to ask for.</summary>
        internal RenderRequest Next()
        {
            _offset = _done;
            _goingOn = _header != null;
            RenderRequest request = RenderRequest.Parse(_request);
            if (_header != null)
                AskForRest(request);
            else if (_first != null)
                AskForTakesLeft(request);
            return request;
        }

        /// <summary>Takes an event in; returns whether it is new.</summary>
        /// <exception cref="SwashException">DataLoss: the server goes on with another sound.</exception>
        internal bool TakeIn(RenderResponse response)
        {
            switch (response.EventCase)
            {
                case RenderResponse.EventOneofCase.Progress:
                    response.Progress.Take += _offset;
                    break;
                case RenderResponse.EventOneofCase.Header:
                    response.Header.Take += _offset;
                    if (_goingOn)
                    {
                        CheckSame(response.Header);
                        return false;
                    }
                    _header = response.Header;
                    _first = _first ?? _header;
                    break;
                case RenderResponse.EventOneofCase.Audio:
                    int frameBytes = _header == null ? 0 : Pcm.SampleBytes(_header.Encoding) * (int)_header.Channels;
                    if (frameBytes > 0)
                        _frames += (ulong)(response.Audio.Data.Length / frameBytes);
                    break;
                case RenderResponse.EventOneofCase.Trailer:
                    response.Trailer.Take += _offset;
                    _header = null;
                    _frames = _firstFrame;
                    _done++;
                    break;
            }
            return true;
        }

        /// <summary>Says that a call ended well; returns whether that was all.</summary>
        internal bool End() => !_goingOn || _header != null || _done >= _takes;

        private void CheckSame(Header header)
        {
            if (header.Key != _header.Key || header.Encoding != _header.Encoding
                || header.SampleRate != _header.SampleRate || header.Channels != _header.Channels)
            {
                throw new SwashException(
                    SwashStatus.DataLoss, "the connection broke, and asked again the server makes another sound");
            }
        }

        private void AskForRest(RenderRequest request)
        {
            if (request.Takes.HasValue)
                request.Takes = 1;
            request.Seed = _header.Seed;
            request.ObjectSeed = _header.ObjectSeed;
            request.Engine = _header.Engine;
            request.FirstFrame = _frames;
            if (_header.Fallback)
                ClearNeural(request);
        }

        private void AskForTakesLeft(RenderRequest request)
        {
            request.Takes = _takes - _done;
            request.Seed = unchecked((request.Seed ?? _first.ReplacedSeed ?? _first.Seed) + _done);
            request.ObjectSeed = _first.ObjectSeed;
            if (!_first.Fallback)
                request.Engine = _first.Engine;
        }

        /// <summary>Take away what only the neural engine may be asked: the one that stood in for it refuses it.</summary>
        private static void ClearNeural(RenderRequest request)
        {
            request.Steps = null;
            request.Guidance = null;
            request.NegativePrompt = null;
            request.ClearInit();
            request.InitNoiseLevel = null;
            request.ShortWindow = false;
            request.LoopMethod = LoopMethod.Unspecified;
            request.Fallback = false;
        }
    }
}
