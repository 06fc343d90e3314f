using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;
using Swash.Wire;

namespace Swash
{
    /// <summary>
    /// A live session: voices that are started, steered, triggered, crossfaded and stopped while they sound. It works
    /// on every transport: what sounds comes from one call (Listen), and commands go into others (Control). Commands
    /// may come from any thread and keep their order; what is commanded while a call is under way goes into the next.
    /// A broken call is repeated a few times, and nothing is done twice.
    /// </summary>
    /// <remarks>Commands return at once. Their answers, Applied or Refused, come as events.</remarks>
    public sealed partial class LiveSession : IDisposable
    {
        private const int MaxTries = 8;
        private static readonly TimeSpan ControlTimeout = TimeSpan.FromSeconds(10);
        private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
        private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

        private readonly ITransport _transport;
        private readonly Func<PerformResponse, ValueTask> _onEvent;
        private readonly TimeSpan? _timeout;
        private readonly Func<TimeSpan, CancellationToken, Task> _delay;
        private readonly SessionReader _reader = new SessionReader();

        // Whoever awaits goes on elsewhere, and so never holds up the call that brought the news. An await on Unity's
        // main thread goes on there, with WebGL too.
        private readonly TaskCompletionSource<SessionOpened> _opened =
            new TaskCompletionSource<SessionOpened>(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly TaskCompletionSource<SessionClosed> _completion =
            new TaskCompletionSource<SessionClosed>(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly CancellationTokenSource _over = new CancellationTokenSource();
        private readonly CancellationTokenSource _isOpen = new CancellationTokenSource();

        private readonly object _lock = new object(); // over everything below
        private readonly CommandQueue _commands = new CommandQueue();
        private readonly Dictionary<uint, TaskCompletionSource<Applied>> _awaited =
            new Dictionary<uint, TaskCompletionSource<Applied>>();

        private uint _lastId;
        private uint _lastVoice;
        private bool _isOver;
        private Exception _error;

        internal LiveSession(
            ITransport transport,
            OpenSession options,
            Func<PerformResponse, ValueTask> onEvent,
            TimeSpan? timeout,
            Func<TimeSpan, CancellationToken, Task> delay)
        {
            _transport = transport;
            _onEvent = onEvent;
            _timeout = timeout;
            _delay = delay;
            _ = ListenAsync(new ListenRequest { Open = options ?? new OpenSession() }.ToByteArray());
            _ = GiveUpOpeningAsync();
        }

        /// <summary>How the session sounds, once it is open; faults with the error that it ended with before.</summary>
        public Task<SessionOpened> Opened => _opened.Task;

        /// <summary>
        /// How the session was, once it is over; faults with a <see cref="SwashException"/> when it broke, was
        /// disposed, or what arrived is not what was made (DataLoss); and with what the handler of events threw.
        /// </summary>
        public Task<SessionClosed> Completion => _completion.Task;

        /// <summary>
        /// Sends a command and returns the id that it was given: Applied or Refused will bear it. The request may be
        /// changed and sent again afterwards.
        /// </summary>
        /// <exception cref="SwashException">
        /// The session is over, or has been finished (FailedPrecondition), or 10000 commands wait already
        /// (ResourceExhausted).
        /// </exception>
        public uint Send(PerformRequest request) => Send(request, null);

        /// <summary>
        /// Sends a command and waits until it takes effect, which one with AtFrame does when its frame is made.
        /// </summary>
        /// <exception cref="SwashException">
        /// The command was refused; its status is that of the refusal. Or as <see cref="Send(PerformRequest)"/>.
        /// Cancelled: nobody waits any longer, and the command may still be done.
        /// </exception>
        public async Task<Applied> SendAsync(PerformRequest request, CancellationToken cancel = default)
        {
            var answer = new TaskCompletionSource<Applied>(TaskCreationOptions.RunContinuationsAsynchronously);
            uint id = Send(request, answer);
            using (cancel.Register(() => StopWaiting(id, answer)))
                return await answer.Task;
        }

        /// <summary>
        /// Says that no more commands come: those that wait for their frame are done, then what sounds is released and
        /// the session closes. Again does nothing.
        /// </summary>
        public void Finish()
        {
            lock (_lock)
                _commands.Finish();
            BeginSending();
        }

        /// <summary>Ends the session at once, and every voice with it; Completion faults with Cancelled.</summary>
        public void Dispose() => End(new SwashException(SwashStatus.Cancelled, "the session was disposed"));

        private uint Send(PerformRequest request, TaskCompletionSource<Applied> answer)
        {
            byte[] bytes = request.ToByteArray();
            PerformRequest copy = PerformRequest.Parse(bytes);
            uint id;
            lock (_lock)
            {
                if (_isOver)
                    throw WhyOver();
                if (_commands.Finished)
                    throw new SwashException(SwashStatus.FailedPrecondition, "the session takes no more commands");
                id = copy.Id = _lastId + 1;
                _commands.Add(copy, bytes.Length);
                _lastId = id;
                if (answer != null)
                    _awaited.Add(id, answer);
            }
            BeginSending();
            return id;
        }

        private void StopWaiting(uint id, TaskCompletionSource<Applied> answer)
        {
            lock (_lock)
                _awaited.Remove(id);
            answer.TrySetException(new SwashException(SwashStatus.Cancelled, "nobody waits for the command any longer"));
        }

        private async Task ListenAsync(byte[] request)
        {
            Exception error = null;
            try
            {
                await _transport.CallAsync(SoundServiceMethods.Listen, request, null, OnMessage, _over.Token).InPlace();
                if (_reader.Closed == null)
                    error = new SwashException(SwashStatus.Unavailable, "the session ended before it was closed");
            }
            catch (Exception e) // of the transport or of the handler: whoever awaits Completion gets it
            {
                error = e;
            }
            End(error);
            _reader.Dispose();
        }

        private ValueTask OnMessage(ArraySegment<byte> bytes)
        {
            PerformResponse response = Messages.Parse(bytes, PerformResponse.Parse);
            _reader.TakeIn(response);
            switch (response.EventCase)
            {
                case PerformResponse.EventOneofCase.Opened:
                    Open(response.Opened);
                    break;
                case PerformResponse.EventOneofCase.Applied:
                    Awaited(response.Applied.Id)?.TrySetResult(response.Applied);
                    break;
                case PerformResponse.EventOneofCase.Refused:
                    Awaited(response.Refused.Id)?.TrySetException(ErrorOf(response.Refused));
                    break;
            }
            return _onEvent == null ? default : _onEvent(response);
        }

        private void Open(SessionOpened opened)
        {
            lock (_lock)
                _commands.Open(opened.Session);
            _isOpen.Cancel();
            _opened.TrySetResult(opened);
            BeginSending();
        }

        private TaskCompletionSource<Applied> Awaited(uint id)
        {
            lock (_lock)
            {
                if (_awaited.TryGetValue(id, out TaskCompletionSource<Applied> answer))
                    _awaited.Remove(id);
                return answer;
            }
        }

        private async Task GiveUpOpeningAsync()
        {
            if (!_timeout.HasValue)
                return;
            try
            {
                await _delay(_timeout.Value, _isOpen.Token).InPlace();
            }
            catch (OperationCanceledException)
            {
                return; // it is open, or over
            }
            End(new SwashException(
                SwashStatus.DeadlineExceeded, "no session was opened within " + _timeout.Value.TotalSeconds + " s"));
        }

        private void BeginSending()
        {
            lock (_lock)
            {
                if (_isOver || !_commands.Begin())
                    return;
            }
            _ = SendAllAsync();
        }

        private async Task SendAllAsync()
        {
            try
            {
                while (true)
                {
                    ControlRequest call;
                    lock (_lock)
                        call = _commands.Next();
                    if (call == null)
                        return;
                    await HandInAsync(call.ToByteArray()).InPlace();
                }
            }
            catch (Exception e) // hands it on to whoever awaits Completion; when the session is over, to nobody
            {
                End(e);
            }
        }

        private async Task HandInAsync(byte[] call)
        {
            TimeSpan pause = FirstPause;
            for (int tries = 1; ; tries++)
            {
                TimeSpan wait;
                try
                {
                    await _transport.CallAsync(
                        SoundServiceMethods.Control, call, ControlTimeout, _ => default, _over.Token).InPlace();
                    return;
                }
                catch (SwashException e) when (tries < MaxTries && MayHelpToRepeat(e.Status))
                {
                    wait = e.RetryAfter > pause ? e.RetryAfter.Value : pause;
                }
                catch (SwashException e) when (e.Status == SwashStatus.NotFound)
                {
                    // The session is over, and Listen is about to tell why, which is better than what is known here.
                    await _delay(LongestPause, _over.Token).InPlace();
                    throw;
                }
                await _delay(wait < LongestPause ? wait : LongestPause, _over.Token).InPlace();
                pause += pause;
            }
        }

        /// <summary>The server numbers calls, so that one which it has taken is not done again.</summary>
        private static bool MayHelpToRepeat(SwashStatus status) =>
            status == SwashStatus.Unavailable
            || status == SwashStatus.DeadlineExceeded
            || status == SwashStatus.ResourceExhausted; // until the answers to earlier commands have been read

        private static SwashException ErrorOf(Refused refused)
        {
            bool known = refused.Code > 0 && refused.Code <= (uint)SwashStatus.Unauthenticated;
            string field = refused.Field.Length > 0 ? refused.Field + ": " : "";
            var error = new SwashException(
                known ? (SwashStatus)refused.Code : SwashStatus.Unknown, field + refused.Message);
            error.Suggestions = refused.Suggestions;
            if (refused.Field.Length > 0)
                error.Violations = new[] { new FieldViolation(refused.Field, refused.Message) };
            return error;
        }

        private Exception WhyOver() =>
            _error ?? new SwashException(SwashStatus.FailedPrecondition, "the session is over");

        /// <summary>Ends the session for everybody who waits for something of it; only the first end counts.</summary>
        private void End(Exception error)
        {
            List<TaskCompletionSource<Applied>> awaited;
            Exception why;
            lock (_lock)
            {
                if (_isOver)
                    return;
                _isOver = true;
                _error = error;
                why = WhyOver();
                awaited = new List<TaskCompletionSource<Applied>>(_awaited.Values);
                _awaited.Clear();
            }
            foreach (TaskCompletionSource<Applied> answer in awaited)
                Fault(answer, why);
            Fault(_opened, why); // does nothing when it is open
            if (error == null)
                _completion.TrySetResult(_reader.Closed);
            else
                Fault(_completion, error);
            _isOpen.Cancel();
            _over.Cancel();
        }

        /// <summary>Faults a task; nobody has to await it.</summary>
        private static void Fault<T>(TaskCompletionSource<T> task, Exception why)
        {
            task.TrySetException(why);
            _ = task.Task.Exception; // looked at, so that it never counts as unobserved
        }
    }
}
