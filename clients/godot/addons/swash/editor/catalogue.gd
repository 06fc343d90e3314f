@tool
extends Node
## What the server can make, asked for once: the effect that a node sounds like.

const Client := preload("../client/swash_client.gd")
const Fault := preload("../client/swash_error.gd")
const Result := preload("../client/swash_result.gd")
const Sound := preload("../generated/sound.gd")

var client := Client.new()
## Why the last asking failed; null when it did not.
var error: Fault = null

var _effects := {}  # id -> Effect
var _asking: RefCounted = null


func _init() -> void:
	add_child(client)


## Returns the effect behind "rain" or "rain/tin_roof", or else that of a prompt's first layer; null when there is
## none or the server does not answer: [member error].
func effect_of(effect: String, prompt: String) -> Sound.Effect:
	if not await _is_loaded():
		return null
	if not effect.is_empty():
		return _effects.get(effect.get_slice("/", 0))
	if prompt.is_empty():
		return null
	var result: Result = await client.resolve_prompt(prompt).done()
	error = result.error
	if not result.ok or result.response.layers.is_empty():
		return null
	return _effects.get(result.response.layers[0].effect)


func _is_loaded() -> bool:
	if not _effects.is_empty():
		return true
	if _asking == null:
		_asking = client.list_effects()
	var result: Result = await _asking.done()
	_asking = null
	error = result.error
	if result.ok:
		for effect: Sound.Effect in result.response.effects:
			_effects[effect.id] = effect
	return result.ok
