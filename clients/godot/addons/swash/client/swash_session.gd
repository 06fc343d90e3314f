@tool
class_name SwashSession
extends RefCounted
## A live session: voices that start, are steered while they sound, and stop, in one output on one clock.
## [codeblock]
## var session := client.perform({encoding = Sound.Encoding.PCM_F32LE})
## session.audio.connect(func(data: PackedByteArray, _first_frame: int) -> void: play(data))
## var rain := session.start("light rain on leaves")
## session.set_parameter(rain, "intensity", 0.9, {ramp_ms = 3000})
## [/codeblock]
## It travels as the rpcs Listen, which streams what comes, and Control, which hands commands in.
## Commands keep their order: those of one frame travel together, one call at a time, numbered, and a call that
## breaks is repeated without anything being done twice. A SwashAmbience plays one; use a session itself for what
## that does not do.

## The session is there.
signal opened(info: Sound.SessionOpened)
## A command has taken effect.
signal applied(info: Sound.Applied)
## A command could not be done; everything else goes on.
signal refused(id: int, error: Fault)
## The next frames, as the session's encoding has them.
signal audio(data: PackedByteArray, first_frame: int)
## A voice is over; [param frame] is the first without it.
signal voice_ended(voice: int, frame: int)
## It is over, as it should be: after [method finish].
signal closed(info: Sound.SessionClosed)
## It is over otherwise: CANCELLED after [method cancel].
signal failed(error: Fault)
## Whatever has come, as it came; before the signals above.
signal event(response: Sound.PerformResponse)

## Something has come that may be waited for.
signal answered

const Call := preload("swash_call.gd")
const Fault := preload("swash_error.gd")
const Options := preload("sound_options.gd")
const Result := preload("swash_result.gd")
const Sound := preload("../generated/sound.gd")

const MAX_BATCH := 200  # commands of one Control call; the server takes 1000
const MAX_WAITING := 10_000  # commands that have not been handed in: what a session may hold at the server
const MAX_ANSWERS := 1000  # that nobody has asked for
const MAX_TRIES := 8  # of one Control call: together some seven seconds
const RETRY_S := 0.1  # after the first try, then twice as long each time
const MAX_RETRY_S := 2.0
const CONTROL_TIMEOUT_S := 10.0
const FRAME_BYTES := {Sound.Encoding.PCM_S16LE: 2, Sound.Encoding.PCM_F32LE: 4}  # of one channel

## How it sounds; null before it is open.
var info: Sound.SessionOpened = null
## How it was; null before it has closed.
var end_info: Sound.SessionClosed = null
## Nothing more comes.
var is_over := false
## Why it failed; null when it did not.
var error: Fault = null
## Of the last command that was given: for [method answer].
var last_id := 0
## Its log lines so far, when it was opened with [code]log[/code]: one below the other they are a file for
## [code]swash replay[/code].
var log_lines: PackedStringArray = []

var _begin: Callable
var _open: Sound.OpenSession
var _listen: Call = null
var _control: Call = null
var _waiting: Array[Sound.PerformRequest] = []
var _batch := PackedByteArray()
var _number := 0
var _tries := 0
var _retry_at_ms := 0
var _is_finishing := false
var _has_ended_requests := false
var _last_voice := 0
var _answers := {}  # id -> Result, the oldest first
var _hash := HashingContext.new()
var _frames := 0


## Of SwashClient: [param begin] makes a call of a method, a request, a decoder and a time.
func _init(begin: Callable, open: Sound.OpenSession) -> void:
	_begin = begin
	_open = open
	_hash.start(HashingContext.HASH_SHA256)


## Of SwashClient: opens it.
func start_listening() -> void:
	var request := Sound.ListenRequest.new()
	request.open = _open
	var decode := Sound.PerformResponse.from_bytes
	_listen = _begin.call(Sound.METHOD_LISTEN, request.to_bytes(), decode, 0.0)
	_listen.message.connect(_on_event)
	_listen.finished.connect(_on_listen_finished)


## Waits until it is open; false when it failed instead, [member error] says why.
func is_open() -> bool:
	while info == null and not is_over:
		await answered
	return info != null


## Waits until it is over.
func done() -> Result:
	while not is_over:
		await answered
	var result := Result.failed(error)
	result.response = end_info
	return result


## Waits for the answer to a command: its [code]response[/code] is an Applied. One with an [code]at_frame[/code] is
## answered when that frame is made.
func answer(id: int) -> Result:
	while not _answers.has(id) and not is_over:
		await answered
	if not _answers.has(id):
		var why := error if error != null else Fault.new(Fault.Code.UNAVAILABLE, "the session is over")
		return Result.failed(why)
	var result: Result = _answers[id]
	_answers.erase(id)
	return result


## Begins a voice; returns its number. Options: effect (with an empty prompt), parameters, seed, object_seed,
## armed, fade_in_ms, at_frame.
func start(prompt: String, options: Dictionary = {}) -> int:
	_last_voice += 1
	var request := Sound.PerformRequest.new()
	var command := Sound.StartVoice.new()
	command.voice = _last_voice
	request.start = command
	var rest := _timed(request, options)
	_give(request, Options.fill_sound(command, prompt, rest, Options.START))
	return _last_voice


## Moves a control of a voice: a number or the name of a choice. Options: ramp_ms, layer, at_frame. Returns the
## command's id.
func set_parameter(voice: int, name: String, value: Variant, options: Dictionary = {}) -> int:
	var request := Sound.PerformRequest.new()
	var command := Sound.SetParameter.new()
	command.voice = voice
	command.name = name
	command.value = Options.value_of(value)
	request.set_parameter = command
	if command.value == null:
		var got := type_string(typeof(value))
		return _give(request, Fault.of_field("value", "a number or a choice's name, got %s" % got))
	var known := {"ramp_ms": TYPE_INT, "layer": TYPE_INT}
	return _give(request, Options.fill(command, _timed(request, options), known))


## Sounds an armed voice once more. Options: parameters (for this once), seed, at_frame. Returns the command's id.
func trigger(voice: int, options: Dictionary = {}) -> int:
	var request := Sound.PerformRequest.new()
	var command := Sound.TriggerVoice.new()
	command.voice = voice
	request.trigger = command
	var rest := _timed(request, options)
	var wrong := Options.fill_parameters(command.parameters, rest.get("parameters", {}))
	rest.erase("parameters")
	if wrong == null:
		wrong = Options.fill(command, rest, {"seed": TYPE_INT})
	return _give(request, wrong)


## Changes what a voice sounds like. Options: effect, parameters, seed, object_seed, fade_ms, at_frame. Returns the
## command's id.
func crossfade(voice: int, prompt: String, options: Dictionary = {}) -> int:
	var request := Sound.PerformRequest.new()
	var command := Sound.CrossfadeVoice.new()
	command.voice = voice
	request.crossfade = command
	var rest := _timed(request, options)
	return _give(request, Options.fill_sound(command, prompt, rest, Options.CROSSFADE))


## Ends a voice. Options: release_ms, at_frame. Returns the command's id.
func stop(voice: int, options: Dictionary = {}) -> int:
	var request := Sound.PerformRequest.new()
	var command := Sound.StopVoice.new()
	command.voice = voice
	request.stop = command
	return _give(request, Options.fill(command, _timed(request, options), {"release_ms": TYPE_INT}))


## Ends every voice. Options: release_ms, at_frame. Returns the command's id.
func stop_all(options: Dictionary = {}) -> int:
	var request := Sound.PerformRequest.new()
	var command := Sound.StopVoice.new()
	request.stop = command
	return _give(request, Options.fill(command, _timed(request, options), {"release_ms": TYPE_INT}))


## Gives a command as a message; gives it an id and returns that.
func send(request: Sound.PerformRequest) -> int:
	return _give(request, null)


## Says that no more commands come: those that wait are done, what sounds is released, and the session closes.
func finish() -> void:
	_is_finishing = true
	_hand_in.call_deferred()


## Ends it at once, and every voice with it.
func cancel() -> void:
	fail(Fault.new(Fault.Code.CANCELLED, "cancelled"))


## Of SwashClient: goes on with what is waiting.
func poll() -> void:
	_hand_in()


## Of SwashClient: ends it.
func fail(because: Fault) -> void:
	if is_over:
		return
	_end(because)
	failed.emit(because)
	_forget_listeners()


func _give(request: Sound.PerformRequest, wrong: Fault) -> int:
	last_id += 1
	request.id = last_id
	if wrong == null and (_is_finishing or is_over):
		wrong = Fault.new(Fault.Code.UNAVAILABLE, "the session takes no more commands")
	if wrong == null and _waiting.size() >= MAX_WAITING:
		var text := "at most %d commands may wait to be handed in" % MAX_WAITING
		wrong = Fault.new(Fault.Code.RESOURCE_EXHAUSTED, text)
	if wrong != null:
		_refuse.call_deferred(last_id, wrong)  # as the server's answers come: later
	else:
		_waiting.append(request)
		_hand_in.call_deferred()  # the commands of one frame travel together
	return last_id


func _refuse(id: int, wrong: Fault) -> void:
	_keep_answer(id, Result.failed(wrong))
	refused.emit(id, wrong)
	answered.emit()


## Takes [code]at_frame[/code] out of options, and returns the others.
func _timed(request: Sound.PerformRequest, options: Dictionary) -> Dictionary:
	var rest := options.duplicate()
	if rest.has("at_frame"):
		request.at_frame = rest.at_frame
		rest.erase("at_frame")
	return rest


func _hand_in() -> void:
	if is_over or info == null or _control != null or Time.get_ticks_msec() < _retry_at_ms:
		return
	if _batch.is_empty():
		var ends := _is_finishing and not _has_ended_requests
		if _waiting.is_empty() and not ends:
			return
		var request := Sound.ControlRequest.new()
		request.session = info.session
		request.number = _number
		request.requests.assign(_waiting.slice(0, MAX_BATCH))
		_waiting = _waiting.slice(MAX_BATCH)
		request.end = ends and _waiting.is_empty()
		_has_ended_requests = request.end
		_batch = request.to_bytes()
	var decode := Sound.ControlResponse.from_bytes
	_control = _begin.call(Sound.METHOD_CONTROL, _batch, decode, CONTROL_TIMEOUT_S)
	_control.finished.connect(_on_control_finished)


func _on_control_finished(result: Result) -> void:
	_control = null
	if is_over:
		return
	if result.ok:
		_batch = PackedByteArray()
		_number += 1
		_tries = 0
		_hand_in()
		return
	_tries += 1
	if not result.error.is_temporary() or _tries >= MAX_TRIES:
		fail(result.error)
		return
	var wait_s := minf(RETRY_S * pow(2.0, _tries - 1), MAX_RETRY_S)
	if result.error.has_retry_after:
		wait_s = clampf(result.error.retry_after_s, 0.0, MAX_RETRY_S)
	_retry_at_ms = Time.get_ticks_msec() + roundi(wait_s * 1000.0)


func _on_event(response: Sound.PerformResponse) -> void:
	event.emit(response)
	if is_over:
		return
	match response.event_case:
		Sound.PerformResponse.EventCase.OPENED:
			_on_opened(response.opened)
		Sound.PerformResponse.EventCase.APPLIED:
			_keep_line(response.applied.log_line)
			var result := Result.new()
			result.response = response.applied
			_keep_answer(response.applied.id, result)
			applied.emit(response.applied)
		Sound.PerformResponse.EventCase.REFUSED:
			_refuse(response.refused.id, Fault.of_refused(response.refused))
		Sound.PerformResponse.EventCase.AUDIO:
			_on_audio(response.audio)
		Sound.PerformResponse.EventCase.VOICE_ENDED:
			voice_ended.emit(response.voice_ended.voice, response.voice_ended.frame)
		Sound.PerformResponse.EventCase.CLOSED:
			_on_closed(response.closed)
	answered.emit()


func _on_opened(opening: Sound.SessionOpened) -> void:
	if not FRAME_BYTES.has(opening.encoding) or opening.channels < 1 or opening.channels > 2:
		var text := "a session of %d channels, encoding %d" % [opening.channels, opening.encoding]
		fail(Fault.new(Fault.Code.INTERNAL, text))
		return
	info = opening
	_keep_line(opening.log_line)
	opened.emit(opening)
	_hand_in()


func _on_audio(message: Sound.Audio) -> void:
	var frame_bytes: int = 1 if info == null else info.channels * FRAME_BYTES[info.encoding]
	if info == null or message.first_frame != _frames or message.data.size() % frame_bytes != 0:
		fail(Fault.new(Fault.Code.DATA_LOSS, "audio is missing after frame %d" % _frames))
		return
	_frames += message.data.size() / frame_bytes
	if not message.data.is_empty():
		_hash.update(message.data)
	audio.emit(message.data, message.first_frame)


func _on_closed(closing: Sound.SessionClosed) -> void:
	_keep_line(closing.log_line)
	if closing.frames != _frames:
		var text := "%d of %d frames arrived" % [_frames, closing.frames]
		fail(Fault.new(Fault.Code.DATA_LOSS, text))
	elif closing.sha256 != _hash.finish():
		var text := "the SHA-256 of the samples that arrived is not the server's"
		fail(Fault.new(Fault.Code.DATA_LOSS, text))
	else:
		end_info = closing


func _on_listen_finished(result: Result) -> void:
	if is_over:
		return
	if result.ok and end_info != null:
		_end(null)
		closed.emit(end_info)
		_forget_listeners()
	elif result.ok:
		fail(Fault.new(Fault.Code.UNAVAILABLE, "the session ended before it was closed"))
	else:
		fail(result.error)


func _end(because: Fault) -> void:
	is_over = true
	error = because
	_waiting.clear()
	if _listen != null:
		_listen.cancel()
	if _control != null:
		_control.cancel()
	answered.emit()


## Whoever listens often holds this very session: that circle would never be freed. A command that is given too
## late is still answered.
func _forget_listeners() -> void:
	for heard: Signal in [event, opened, applied, audio, voice_ended, closed, failed]:
		for connection in heard.get_connections():
			heard.disconnect(connection.callable)


func _keep_answer(id: int, result: Result) -> void:
	_answers[id] = result
	if _answers.size() > MAX_ANSWERS:
		_answers.erase(_answers.keys()[0])


func _keep_line(line: String) -> void:
	if not line.is_empty():
		log_lines.append(line)
