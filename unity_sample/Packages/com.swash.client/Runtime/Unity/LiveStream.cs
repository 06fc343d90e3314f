using System;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;

namespace Swash
{
    /// <summary>
    /// One live session with one voice, from its opening to its end: its sound goes into a buffer on the session's
    /// thread, what else it says waits for the main thread.
    /// </summary>
    internal sealed class LiveStream : IDisposable
    {
        /// <summary>The voice's number.</summary>
        public const uint Voice = 1;

        private const int InboxEvents = 256;

        private readonly LiveBuffer _buffer;
        private readonly Inbox<PerformResponse> _inbox = new Inbox<PerformResponse>(InboxEvents);
        private readonly CancellationTokenSource _cancel = new CancellationTokenSource();
        private float[] _samples = new float[4096];

        /// <summary>Opens the session and starts the voice in it.</summary>
        /// <param name="client">Whose server plays.</param>
        /// <param name="buffer">Where the sound goes.</param>
        /// <param name="options">How it travels; 16-bit PCM.</param>
        /// <param name="start">The voice; its number is set here.</param>
        public LiveStream(SwashClient client, LiveBuffer buffer, OpenSession options, StartVoice start)
        {
            _buffer = buffer;
            start.Voice = Voice;
            Session = client.Perform(options, TakeInAsync);
            StartId = Session.Send(new PerformRequest { Start = start });
        }

        /// <summary>For commands.</summary>
        public LiveSession Session { get; }

        /// <summary>The id of the command that started the voice.</summary>
        public uint StartId { get; }

        /// <summary>Whether the session has ended, well or not: nothing more goes into the buffer.</summary>
        public bool IsOver => Session.Completion.IsCompleted;

        /// <summary>Why it ended; null when it closed as it should.</summary>
        public Exception Failure => Session.Completion.Exception?.InnerException;

        /// <summary>Takes out the next thing that the session said, audio apart.</summary>
        public bool TryTake(out PerformResponse said) => _inbox.TryTake(out said);

        /// <summary>Ends the session and the voice, at once.</summary>
        public void Dispose()
        {
            _cancel.Cancel();
            Session.Dispose();
        }

        private ValueTask TakeInAsync(PerformResponse response)
        {
            if (response.EventCase != PerformResponse.EventOneofCase.Audio)
                return _inbox.PutAsync(response, _cancel.Token);
            if (!_cancel.IsCancellationRequested) // the buffer may be another stream's by now
                Write(response.Audio.Data);
            return default;
        }

        private void Write(byte[] data)
        {
            if (_samples.Length < data.Length / 2)
                _samples = new float[data.Length];
            _buffer.Write(_samples, Pcm.DecodeS16(new ArraySegment<byte>(data), _samples));
        }
    }
}
