using System;
using System.Collections.Generic;
using Swash.V1;

namespace Swash
{
    /// <summary>
    /// A voice that goes on although connections break: it asks for a session, follows it, and after a failure that
    /// may pass asks for another one, after longer and longer pauses. On the main thread; <see cref="Follow"/> is
    /// called once a frame, and everything happens in there.
    /// </summary>
    internal sealed class LiveVoice : IDisposable
    {
        private const double FirstPauseS = 0.25;
        private const double LongestPauseS = 8.0;

        private readonly LiveBuffer _buffer;
        private readonly Func<LiveStream> _connect;
        private readonly int _reconnects;
        private LiveStream _stream;
        private int _tries;
        private double _retryAtS;

        /// <summary>Prepares; asks with the first Follow.</summary>
        /// <param name="buffer">Where the sound goes.</param>
        /// <param name="connect">Opens a session and starts the voice in it, as it is to sound by then.</param>
        /// <param name="reconnects">How often it may fail, one time after the other, before it is given up.</param>
        public LiveVoice(LiveBuffer buffer, Func<LiveStream> connect, int reconnects)
        {
            _buffer = buffer;
            _connect = connect;
            _reconnects = reconnects;
            State = AmbienceState.Reconnecting;
        }

        /// <summary>Is told whenever the voice has started.</summary>
        public event Action Started;

        /// <summary>Is told why a command was refused.</summary>
        public event Action<string> Refused;

        /// <summary>Is told, once, when it is over: why it failed, null when it ended as it should.</summary>
        public event Action<string> Ended;

        /// <summary>What it is doing; Silent when it is over.</summary>
        public AmbienceState State { get; private set; }

        /// <summary>What sounds, the loudest first; null before the server has said it.</summary>
        public IReadOnlyList<Layer> Layers { get; private set; }

        /// <summary>How often it has connected again.</summary>
        public int Reconnections { get; private set; }

        /// <summary>Whether commands reach the voice now.</summary>
        public bool Listens => _stream != null && State != AmbienceState.Stopping;

        /// <summary>Does what there is to do.</summary>
        /// <param name="nowS">Seconds, as they pass.</param>
        public void Follow(double nowS)
        {
            if (_stream != null)
                FollowStream(nowS);
            else if (State == AmbienceState.Reconnecting && nowS >= _retryAtS)
                Connect(nowS);
            if (State == AmbienceState.Stopping && _buffer.Drained)
                End(null);
        }

        /// <summary>Gives a command, when there is a session to give it to.</summary>
        public void Tell(Action<LiveSession> command)
        {
            if (!Listens)
                return;
            try
            {
                command(_stream.Session);
            }
            catch (SwashException) when (_stream.IsOver)
            {
                // Follow will see it, and the next session begins as everything stands by then.
            }
        }

        /// <summary>Fades, and is over when that was heard.</summary>
        /// <param name="fade">0 to 60 s.</param>
        public void Stop(TimeSpan fade)
        {
            if (State == AmbienceState.Stopping)
                return;
            if (_stream == null || _stream.IsOver)
            {
                End(null);
                return;
            }
            Tell(session =>
            {
                session.Stop(LiveStream.Voice, fade);
                session.Finish();
            });
            State = AmbienceState.Stopping;
        }

        /// <summary>Is over at once; tells nobody.</summary>
        public void Dispose()
        {
            LeaveStream();
            State = AmbienceState.Silent;
        }

        private void Connect(double nowS)
        {
            try
            {
                State = AmbienceState.Starting;
                _stream = _connect();
            }
            catch (SwashException e) // a seed is outside its range, the address is none
            {
                FollowEnd(e, nowS);
            }
        }

        private void FollowStream(double nowS)
        {
            LiveStream stream = _stream;
            bool over = stream.IsOver; // before what it said is looked at: then nothing is missed
            while (_stream == stream && stream.TryTake(out PerformResponse said))
                TakeIn(said, nowS);
            if (over && _stream == stream)
                FollowEnd(stream.Failure, nowS);
        }

        private void TakeIn(PerformResponse said, double nowS)
        {
            switch (said.EventCase)
            {
                case PerformResponse.EventOneofCase.Applied:
                    if (said.Applied.Layers.Count > 0) // of a start or a crossfade
                        Layers = said.Applied.Layers;
                    if (said.Applied.Id == _stream.StartId)
                        BeginPlaying();
                    break;
                case PerformResponse.EventOneofCase.Refused:
                    TakeInRefused(said.Refused, nowS);
                    break;
                case PerformResponse.EventOneofCase.VoiceEnded: // by itself; a stopped one is Stopping already
                    Stop(TimeSpan.Zero);
                    break;
            }
        }

        private void BeginPlaying()
        {
            _tries = 0;
            if (State != AmbienceState.Starting)
                return; // stopped in the meantime
            State = AmbienceState.Playing;
            Started?.Invoke();
        }

        private void TakeInRefused(Refused refused, double nowS)
        {
            string why = Problem.Text(refused);
            if (refused.Id != _stream.StartId)
            {
                if (State != AmbienceState.Stopping) // a voice that has ended by itself cannot be stopped
                    Refused?.Invoke(why);
            }
            else if (refused.Code == (uint)SwashStatus.ResourceExhausted)
            {
                Reconnect(why, TimeSpan.Zero, nowS);
            }
            else
            {
                End(why);
            }
        }

        private void FollowEnd(Exception failure, double nowS)
        {
            if (State == AmbienceState.Stopping && failure == null)
            {
                _stream = null;
                _buffer.End(); // and when that was heard, it is over
            }
            else if (State == AmbienceState.Stopping || (failure != null && Problem.IsOurs(failure)))
            {
                End(null);
            }
            else if (failure == null || Problem.MayPass(failure))
            {
                string why = failure == null ? "the session ended" : Problem.Text(failure);
                Reconnect(why, (failure as SwashException)?.RetryAfter ?? TimeSpan.Zero, nowS);
            }
            else
            {
                End(Problem.Text(failure));
            }
        }

        private void Reconnect(string why, TimeSpan after, double nowS)
        {
            LeaveStream();
            if (_tries >= _reconnects)
            {
                End(why);
                return;
            }
            double pauseS = Math.Min(LongestPauseS, FirstPauseS * Math.Pow(2.0, _tries));
            _tries++;
            Reconnections++;
            _retryAtS = nowS + Math.Max(pauseS, after.TotalSeconds);
            State = AmbienceState.Reconnecting;
        }

        private void End(string failure)
        {
            Dispose();
            Ended?.Invoke(failure);
        }

        /// <summary>Leave the session, and the voice is gone; what still waits to be heard fades.</summary>
        private void LeaveStream()
        {
            _stream?.Dispose();
            _stream = null;
            _buffer.Restart();
        }
    }
}
