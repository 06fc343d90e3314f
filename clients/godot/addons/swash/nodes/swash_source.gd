@tool
extends Node
## What the sounding nodes share: what to sound like, and through what to sound.
##
## A source does not play by itself: it feeds a player, its parent by default. So one set of nodes serves
## AudioStreamPlayer, AudioStreamPlayer2D and AudioStreamPlayer3D alike, and all that Godot's players do (buses,
## attenuation, panning, Doppler, the pause of the tree) stays theirs, set where everybody looks for it. Three
## kinds of every node would be the other way, each a copy of the others.

const Client := preload("../client/swash_client.gd")
const Fault := preload("../client/swash_error.gd")
const Options := preload("../client/sound_options.gd")
const Result := preload("../client/swash_result.gd")
const Sound := preload("../generated/sound.gd")

const MAX_SEED := 4_294_967_295

## English words, 1 to 1000 characters: "slow waves on a pebble beach". Or leave it empty and set [member effect].
@export_multiline var prompt := ""
## An effect, "rain", or a preset, "rain/tin_roof"; only with an empty [member prompt].
@export var effect := ""
## By name: numbers, or names of choices. With the plugin on, the inspector shows them as sliders. Others than
## these keep what the words or the effect say.
@export var parameters: Dictionary = {}:
	set(value):
		var before := parameters
		parameters = value
		_on_parameters_changed(before)
## Which performance: this step, this wave. The same seed gives the same sound.
@export_range(0, 4294967295) var sound_seed := 0
## Another seed each time instead, of [member random].
@export var vary_seed := false
## Which object: these boots, this crate.
@export_range(0, 4294967295) var object_seed := 0

@export_group("Playing")
## Through which AudioStreamPlayer, AudioStreamPlayer2D or AudioStreamPlayer3D. Empty: the parent, when it is one;
## else a plain one of its own.
@export var player: Node = null
## Which client asks. Empty: one that all such nodes share, at the project setting [code]swash/server_url[/code].
@export var client: Client = null
## Plays when the game begins.
@export var autoplay := false

## Where chance comes from: seed it, and what is chosen here is chosen again.
var random := RandomNumberGenerator.new()

var _own_player: AudioStreamPlayer = null


func _ready() -> void:
	if autoplay and not Engine.is_editor_hint():
		play()


func _get_configuration_warnings() -> PackedStringArray:
	var warnings: PackedStringArray = []
	if prompt.is_empty() == effect.is_empty():
		warnings.append("Set a prompt or an effect, exactly one of them.")
	if player != null and not _is_player(player):
		warnings.append("The player is no AudioStreamPlayer, AudioStreamPlayer2D or AudioStreamPlayer3D.")
	return warnings


## Begins to sound; what is not there yet is asked for first.
func play() -> void:
	pass


## Returns the player that sounds.
func audio_player() -> Node:
	if player != null and _is_player(player):
		return player
	if _is_player(get_parent()):
		return get_parent()
	if _own_player == null:
		_own_player = AudioStreamPlayer.new()
		add_child(_own_player, false, INTERNAL_MODE_BACK)
	return _own_player


## Returns the client that asks.
func swash() -> Client:
	return client if client != null else Client.shared(get_tree())


## Called when [member parameters] is set.
func _on_parameters_changed(_before: Dictionary) -> void:
	pass


## Returns the options that every way of asking knows.
func _sound_options() -> Dictionary:
	return {
		"effect": effect,
		"parameters": parameters,
		"seed": random.randi() if vary_seed else sound_seed,
		"object_seed": object_seed,
	}


## Lets a generated or mixed stream sound on the web, where players play only whole samples by default.
func _stream_on_web(sounding: Node) -> void:
	if OS.has_feature("web"):
		sounding.set("playback_type", AudioServer.PLAYBACK_TYPE_STREAM)


static func _is_player(node: Node) -> bool:
	return node is AudioStreamPlayer or node is AudioStreamPlayer2D or node is AudioStreamPlayer3D
