@tool
@icon("../icons/swash_ambience.svg")
class_name SwashAmbience
extends "swash_source.gd"
## An endless sound, live: ocean, wind, rain, an engine. It goes on until [method stop], and is steered while it
## does.
##
## Put it below a player and call [method play]. Each is a live session of its own. When the network is late it
## fades to silence and back; when the connection breaks it connects again, with the same seed and the parameters
## of then. On the web its player needs [code]playback_type = Stream[/code], which it sets.

## It sounds: the first frames have been handed to the player. Again after every new connection.
signal started
## It is over: after [method stop], or because it failed.
signal stopped
## It cannot go on: what to show is [code]error.message[/code].
signal failed(error: Fault)
## The connection broke; it connects again after so many seconds.
signal reconnecting(error: Fault, in_s: float)
## A parameter or another sound was refused; what sounds goes on.
signal refused(error: Fault)
## It ran dry for the so-manieth time since it connected.
signal underrun(count: int)

const LiveBuffer := preload("../audio/live_buffer.gd")
const Session := preload("../client/swash_session.gd")

const DEFAULT_RATE := 48_000
const RATE_STEP := 100  # of the contract: a session's rate is a multiple of it
const MIN_RATE := 8000
const MAX_RATE := 96_000
const LOW_S := 0.06  # the generator has less: several frames of the game, at 60 or 30 a second
const MAX_GATHERED_S := 0.4  # beyond what it gathers at first
const RECONNECT_S := 0.5  # the first time, then twice as long each time
const MAX_RECONNECT_S := 10.0
const REJOIN_FADE_S := 0.1  # after a new connection
const CHANNELS := 2

@export_group("Live")
## How far ahead of play-out the server makes frames: what the network may stall without a gap, and what a change
## takes to be heard.
@export_range(20, 2000, 10, "suffix:ms") var ahead_ms := 200
## How much it gathers before it sounds.
@export_range(0.02, 1.0, 0.01, "suffix:s") var prime_s := 0.08
## How much it hands to the player in advance: the game may stand still for so long.
@export_range(0.1, 1.0, 0.01, "suffix:s") var buffer_s := 0.15
## How softly it begins.
@export_range(0.0, 60.0, 0.1, "suffix:s") var fade_in_s := 0.5
## How often it connects again until it fails; counted anew whenever it sounds.
@export_range(0, 100) var max_reconnects := 10

## It has been asked to play, and not to stop.
var is_playing := false
## The seed that sounds; for [member vary_seed].
var seed_in_use := 0
## Why it failed; null when it did not.
var error: Fault = null

var _session: Session = null
var _voice := 0
var _start_id := 0
var _buffer: LiveBuffer = null
var _playback: AudioStreamGeneratorPlayback = null
var _capacity_frames := 0
var _mix_rate := DEFAULT_RATE
var _has_sounded := false
var _is_stopping := false
var _reconnects := 0
var _reconnect_in_s := 0.0
var _is_sounding := false
var _is_adopting := false


func _exit_tree() -> void:
	_cut()


func _process(delta: float) -> void:
	if Engine.is_editor_hint():
		return
	if _reconnect_in_s > 0.0:
		_reconnect_in_s -= delta
		if _reconnect_in_s <= 0.0:
			_connect()
	if _buffer != null:
		_pump()


## Begins to sound. While it sounds already, it does nothing.
func play() -> void:
	if is_playing:
		return
	_cut()
	is_playing = true
	error = null
	_reconnects = 0
	_has_sounded = false
	_is_sounding = false
	_mix_rate = _session_rate()
	_buffer = LiveBuffer.new(_mix_rate, prime_s, prime_s + MAX_GATHERED_S)
	seed_in_use = random.randi() if vary_seed else sound_seed
	_connect()


## Ends it softly, within [param release_s] seconds, 0 to 60.
func stop(release_s := 0.5) -> void:
	if not is_playing:
		return
	is_playing = false
	if _session == null or _session.info == null:
		_end(null)
		return
	_is_stopping = true
	_session.stop(_voice, {"release_ms": roundi(clampf(release_s, 0.0, 60.0) * 1000.0)})
	_session.finish()


## Moves a parameter within [param ramp_s] seconds, 0 to 600: a live number, by its name. It stays when the
## connection is made again.
func set_parameter(parameter: String, value: Variant, ramp_s := 0.03) -> void:
	var moved := parameters.duplicate()  # scenes share what they were saved with
	moved[parameter] = value
	_adopt(moved)
	if is_playing and _session != null:
		var ramp_ms := roundi(clampf(ramp_s, 0.0, 600.0) * 1000.0)
		_session.set_parameter(_voice, parameter, value, {"ramp_ms": ramp_ms})


## Changes what it sounds like within [param fade_s] seconds, 0.01 to 60: other words, or with an empty prompt
## another effect.
func crossfade(to_prompt: String, to_effect := "", to_parameters: Dictionary = {}, fade_s := 1.0) -> void:
	prompt = to_prompt
	effect = to_effect
	_adopt(to_parameters)
	if is_playing and _session != null:
		var options := _voice_options()
		options["fade_ms"] = roundi(clampf(fade_s, 0.01, 60.0) * 1000.0)
		_session.crossfade(_voice, prompt, options)


## Returns how often it ran dry since it was asked to play.
func underruns() -> int:
	return 0 if _buffer == null else _buffer.underruns


func _on_parameters_changed(before: Dictionary) -> void:
	if _is_adopting or not is_playing or _session == null:
		return
	for parameter: String in parameters:
		if not before.has(parameter) or before[parameter] != parameters[parameter]:
			_session.set_parameter(_voice, parameter, parameters[parameter])


## Sets [member parameters] without moving what sounds.
func _adopt(values: Dictionary) -> void:
	_is_adopting = true
	parameters = values
	_is_adopting = false


func _voice_options() -> Dictionary:
	var options := _sound_options()
	options["seed"] = seed_in_use
	return options


func _connect() -> void:
	var options := {
		"encoding": Sound.Encoding.PCM_F32LE,
		"channels": CHANNELS,
		"sample_rate": _mix_rate,
		"ahead_ms": ahead_ms,
	}
	_session = swash().perform(options)
	_session.audio.connect(_on_audio)
	_session.refused.connect(_on_refused)
	_session.voice_ended.connect(_on_voice_ended)
	_session.closed.connect(_on_closed)
	_session.failed.connect(_on_failed)
	options = _voice_options()
	options["fade_in_ms"] = roundi((REJOIN_FADE_S if _has_sounded else fade_in_s) * 1000.0)
	_voice = _session.start(prompt, options)
	_start_id = _session.last_id


func _on_audio(data: PackedByteArray, _first_frame: int) -> void:
	_buffer.feed(data.to_vector2_array())


func _on_refused(id: int, because: Fault) -> void:
	if id != _start_id:
		refused.emit(because)
		return
	_let_go()
	_recover(because)


func _on_voice_ended(_voice_number: int, _frame: int) -> void:
	_session.finish()  # nothing else sounds in it


func _on_closed(_info: Sound.SessionClosed) -> void:
	_session = null
	_buffer.end()  # what is left is still played


func _on_failed(because: Fault) -> void:
	if _session != null:  # else it was let go of
		_session = null
		_recover(because)


## Connects again, or ends.
func _recover(because: Fault) -> void:
	if _is_stopping or not because.is_temporary() or _reconnects >= max_reconnects:
		_end(because)
		return
	_buffer.break_off()
	_reconnect_in_s = minf(RECONNECT_S * pow(2.0, _reconnects), MAX_RECONNECT_S)
	if because.has_retry_after:
		_reconnect_in_s = maxf(_reconnect_in_s, because.retry_after_s)
	_reconnects += 1
	reconnecting.emit(because, _reconnect_in_s)


## Has the player play what is pushed to it.
func _open_player() -> void:
	var sounding := audio_player()
	var generator := AudioStreamGenerator.new()
	generator.mix_rate = _mix_rate
	generator.buffer_length = buffer_s
	_stream_on_web(sounding)
	sounding.set("stream", generator)
	sounding.call("play")
	_playback = sounding.call("get_stream_playback") as AudioStreamGeneratorPlayback
	_capacity_frames = 0 if _playback == null else _playback.get_frames_available()


## Hands the player as much as it should have now.
func _pump() -> void:
	var sounding := audio_player()
	if sounding.get("stream_paused") or not sounding.can_process():
		return  # it says that it does not play, and goes on later
	if _playback == null or not sounding.get("playing"):  # the device may have gone, and come back
		_open_player()
		if _playback == null:
			return
	var queued := _capacity_frames - _playback.get_frames_available()
	var wanted := mini(roundi(buffer_s * _mix_rate), _capacity_frames) - queued
	if wanted > 0:
		var before := _buffer.underruns
		var frames := _buffer.pull(wanted, queued < LOW_S * _mix_rate)
		if not frames.is_empty():
			_playback.push_buffer(frames)
			_note_started()
		if _buffer.underruns > before:
			_is_sounding = false
			underrun.emit(_buffer.underruns)
	if _buffer.is_drained() and queued == 0:
		_end(null)


func _note_started() -> void:
	if _is_sounding:
		return
	_is_sounding = true
	_has_sounded = true
	_reconnects = 0
	started.emit()


## Ends it, and says so.
func _end(because: Fault) -> void:
	_cut()
	error = because
	if because != null:
		failed.emit(because)
	stopped.emit()


## Ends it at once: the session, what waits, the player.
func _cut() -> void:
	is_playing = false
	_is_stopping = false
	_reconnect_in_s = 0.0
	_let_go()
	if _buffer != null:
		_buffer = null
		_playback = null
		audio_player().call("stop")


func _let_go() -> void:
	if _session != null:
		var ending := _session
		_session = null
		ending.cancel()


static func _session_rate() -> int:
	var rate := roundi(AudioServer.get_mix_rate())
	if rate < MIN_RATE or rate > MAX_RATE or rate % RATE_STEP != 0:
		return DEFAULT_RATE  # the player converts
	return rate
