@tool
@icon("../icons/swash_bank.svg")
class_name SwashBank
extends "swash_finite.gd"
## Takes of one sound, for what happens often: steps, hits, shots. Each [method play] sounds another than the last,
## a little off in pitch and level; they may overlap.
##
## It plays through its parent, or [member player], as one polyphonic stream of it.

## A take has been played, so far off pitch and level.
signal played(take: int, pitch_scale: float, gain_db: float)

const Picker := preload("../audio/picker.gd")

@export_group("Variation")
## How many takes: seeds [member sound_seed], [member sound_seed] + 1, ...
@export_range(1, 32) var takes := 5
## Up to so much higher or lower.
@export_range(0.0, 12.0, 0.05, "suffix:semitones") var pitch_jitter_semitones := 0.5
## Up to so much louder or softer.
@export_range(0.0, 24.0, 0.1, "suffix:dB") var gain_jitter_db := 1.5
## How many may sound at one time.
@export_range(1, 64) var polyphony := 8

var _picker := Picker.new(random)
var _is_wanted := false


func _exit_tree() -> void:
	_is_wanted = false


## Plays a take, louder by [param gain_db]. When the takes are not there yet, one is played as soon as they are.
func play(gain_db := 0.0) -> void:
	if not is_prepared():
		if _is_wanted:
			return
		_is_wanted = true
		var is_there: bool = await prepare()
		if not is_there or not _is_wanted:
			_is_wanted = false
			return
		_is_wanted = false
	var pick := _picker.next(_streams.size(), pitch_jitter_semitones, gain_jitter_db)
	var playback := _playback()
	if playback == null:
		return
	var sounding := audio_player()
	playback.play_stream(
		_streams[pick.take],
		0.0,
		gain_db + pick.gain_db,
		pick.pitch_scale,
		sounding.get("playback_type"),
		sounding.get("bus")
	)
	played.emit(pick.take, pick.pitch_scale, gain_db + pick.gain_db)


## Stops what sounds.
func stop() -> void:
	_is_wanted = false
	if is_inside_tree():
		audio_player().call("stop")


func _playback() -> AudioStreamPlaybackPolyphonic:
	var sounding := audio_player()
	var stream := sounding.get("stream") as AudioStreamPolyphonic
	if stream == null or stream.polyphony != polyphony:
		stream = AudioStreamPolyphonic.new()
		stream.polyphony = polyphony
		_stream_on_web(sounding)
		sounding.set("stream", stream)
	if not sounding.get("playing"):
		sounding.call("play")
	return sounding.call("get_stream_playback") as AudioStreamPlaybackPolyphonic


func _options() -> Dictionary:
	var options := super()
	options["takes"] = takes
	return options
