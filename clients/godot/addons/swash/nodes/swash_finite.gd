@tool
extends "swash_source.gd"
## What SwashSound and SwashBank share: sounds that end, or loop, and are whole before they play.

## The sound is there, and [method SwashSource.play] waits for nothing.
signal prepared
## It could not be made: what to show is [code]error.message[/code].
signal failed(error: Fault)

@export_group("Sound")
## Seconds, above 0 and at most 120; 0: the natural length.
@export_range(0.0, 120.0, 0.1, "suffix:s") var duration_s := 0.0
## An endless sound whose end joins its start.
@export var loop := false
## Frames a second, 8000 to 96000. Godot converts what is not its own rate.
@export_range(8000, 96000, 100, "suffix:Hz") var sample_rate := 48_000
## Asks for it when the game begins, so that [method SwashSource.play] waits for nothing.
@export var prepare_on_ready := true

## Why the last asking failed; null when it did not.
var error: Fault = null

var _streams: Array[AudioStream] = []
var _streams_key := ""


func _ready() -> void:
	super()
	if prepare_on_ready and not autoplay and not vary_seed and not Engine.is_editor_hint():
		prepare()


## Has it made, or finds it in the cache; true when it is there.
func prepare() -> bool:
	var request := Sound.RenderRequest.new()
	error = Options.fill_sound(request, prompt, _options(), Options.RENDER)
	if error != null:
		failed.emit(error)
		return false
	var key := Client.Cache.key_of(request)
	if key == _streams_key and not _streams.is_empty():
		return true
	var asking := swash()
	var result: Result = await asking.find_or_render(request)
	if not is_inside_tree():
		return false
	error = result.error
	if result.ok:
		var streams: Array[AudioStream] = []
		for take in result.takes:
			streams.append(take.to_stream())
		_streams = streams
		_streams_key = key
		prepared.emit()
	else:
		failed.emit(error)
	return result.ok


## Returns whether [method SwashSource.play] would wait for nothing; not asked again when a property has changed.
func is_prepared() -> bool:
	return not _streams.is_empty()


func _options() -> Dictionary:
	var options := _sound_options()
	options["loop"] = loop
	options["sample_rate"] = sample_rate
	if duration_s > 0.0:
		options["duration_s"] = duration_s
	return options
