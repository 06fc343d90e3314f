@tool
@icon("../icons/swash_sound.svg")
class_name SwashSound
extends "swash_finite.gd"
## A sound from words, played through its parent: put it below an AudioStreamPlayer3D, write what it should sound
## like, and call [method play].
##
## It is asked for once and kept, in memory and in user://swash-cache: later it plays at once, without the server
## too. What is asked for while it is made plays when it is there. For steps and hits, which should vary, there is
## SwashBank; for what goes on, SwashAmbience.

## It has begun to sound.
signal started
## It has sounded to its end; a loop never does.
signal finished

var _is_wanted := false


func _ready() -> void:
	super()
	if not Engine.is_editor_hint():
		audio_player().connect("finished", finished.emit)


func _exit_tree() -> void:
	_is_wanted = false


## Plays it from its start, as soon as it is there. Called again before that, it plays once.
func play() -> void:
	if _is_wanted:
		return
	_is_wanted = true
	var is_there: bool = await prepare()
	if not _is_wanted:
		return
	_is_wanted = false
	if not is_there:
		return
	var sounding := audio_player()
	if sounding.get("stream") != _streams[0]:
		sounding.set("stream", _streams[0])  # stops what it played
	sounding.call("play")
	started.emit()


## Stops it, and does not play what is still being made.
func stop() -> void:
	_is_wanted = false
	if is_inside_tree():
		audio_player().call("stop")
