@tool
extends RefCounted
## What the dock "Swash" does, without its buttons: words to a sound, the next seed, and the one that pleases into
## the project as a file, with where it came from beside it.

## Something to show has changed.
signal changed
## A file has been written: res://sounds/boots.wav.
signal baked(path: String)

const Client := preload("../client/swash_client.gd")
const Fault := preload("../client/swash_error.gd")
const Options := preload("../client/sound_options.gd")
const Result := preload("../client/swash_result.gd")
const Sound := preload("../generated/sound.gd")
const Take := preload("../client/swash_take.gd")

const MAX_SEED := 4_294_967_295
const ENDINGS := {"wav": Sound.Encoding.WAV, "ogg": Sound.Encoding.OGG_VORBIS}
const PROVENANCE_ENDING := ".swash.json"

var prompt := ""
## 0: the natural length.
var duration_s := 0.0
var loop := false
var seed_in_use := 0

## The sound that was made last; null before the first.
var take: Take = null
## What the server understands from [member prompt]; null while it is not known.
var resolution: Sound.ResolvePromptResponse = null
## Why the last thing failed; null when it did not.
var error: Fault = null
## Something is under way.
var is_busy := false

var _client: Client
var _asked := 0  # how often: an answer that was overtaken is not shown
var _random := RandomNumberGenerator.new()


func _init(client: Client, random: RandomNumberGenerator = null) -> void:
	_client = client
	if random != null:
		_random = random


## Has the sound made that is described now; true when it is there. A newer asking overtakes an older one.
func hear() -> bool:
	_asked += 1
	var asked := _asked
	var request := _request()
	if request == null:
		return false
	is_busy = true
	changed.emit()
	var result: Result = await _client.find_or_render(request)
	if asked != _asked:
		return false
	is_busy = false
	error = result.error
	if result.ok:
		take = result.take
	changed.emit()
	return result.ok


## Asks what the server understands from the words, and makes no sound.
func understand() -> void:
	_asked += 1
	var asked := _asked
	var result: Result = await _client.resolve_prompt(prompt).done()
	if asked != _asked:
		return
	error = result.error
	resolution = result.response
	changed.emit()


## Goes to another seed: 1 the next, -1 the one before.
func step_seed(by: int) -> void:
	seed_in_use = posmod(seed_in_use + by, MAX_SEED + 1)
	changed.emit()


## Goes to any seed.
func roll_seed() -> void:
	seed_in_use = _random.randi()
	changed.emit()


## Overtakes what is under way.
func cancel() -> void:
	_asked += 1
	is_busy = false
	changed.emit()


## Writes the sound that is described now to a file, "res://sounds/boots.wav" or ".ogg", and where it came from
## beside it, "res://sounds/boots.swash.json"; true when both are there.
func bake(path: String) -> bool:
	var ending := path.get_extension().to_lower()
	if not ENDINGS.has(ending):
		return _failed(Fault.of_field("path", 'a file .wav or .ogg, got "%s"' % path))
	var request := _request()
	if request == null:
		return false
	request.encoding = ENDINGS[ending]
	is_busy = true
	changed.emit()
	var result: Result = await _client.find_or_render(request)
	is_busy = false
	if not result.ok:
		return _failed(result.error)
	DirAccess.make_dir_recursive_absolute(path.get_base_dir())
	if not _write(path, result.take.data):
		return false
	var told := JSON.stringify(provenance_of(request, result.take), "\t") + "\n"
	if not _write(path.get_basename() + PROVENANCE_ENDING, told.to_utf8_buffer()):
		return false
	error = null
	changed.emit()
	baked.emit(path)
	return true


## Returns all that it takes to make a sound again, in the words of [code]swash bake[/code].
static func provenance_of(request: Sound.RenderRequest, made: Take) -> Dictionary:
	var header := made.header
	var told := {}
	if request.effect.is_empty():
		told["prompt"] = request.prompt
	else:
		told["effect"] = request.effect
	told["layers"] = header.layers.map(_told_layer)
	if request.has_duration_s:
		told["duration_s"] = request.duration_s
	if header.loop != null:
		told["loop"] = {"start_frame": header.loop.start_frame, "end_frame": header.loop.end_frame}
	(
		told
		. merge(
			{
				"seed": header.seed,
				"object_seed": header.object_seed,
				"engine": header.engine,
				"engine_version": header.engine_version,
				"licence": header.licence,
				"key": header.key,
				"sample_rate": header.sample_rate,
				"channels": header.channels,
				"frames": made.trailer.frames,
				"pcm_sha256": made.trailer.sha256.hex_encode(),
			}
		)
	)
	return told


## Returns a name for a file that tells what is in it: "heavy_boots_on_wet_gravel_7".
func suggested_name() -> String:
	var words := ""
	for letter in prompt.to_lower().left(60):
		# Letters of any script stay; what file systems and shells trip over does not.
		words += letter if letter.is_valid_unicode_identifier() or letter.is_valid_int() else "_"
	while words.contains("__"):
		words = words.replace("__", "_")
	return "%s_%d" % [words.trim_prefix("_").trim_suffix("_"), seed_in_use]


## Says in a sentence what was understood; empty while nothing is known.
func understood() -> String:
	if resolution == null:
		return ""
	if resolution.layers.is_empty():
		return "Nothing. Try: %s" % ", ".join(resolution.suggestions)
	var layers := resolution.layers.map(
		func(layer: Sound.Layer) -> String:
			return layer.effect if layer.preset.is_empty() else "%s/%s" % [layer.effect, layer.preset]
	)
	var text := " + ".join(layers)
	if not resolution.unknown_words.is_empty():
		text += "; not understood: %s" % ", ".join(resolution.unknown_words)
	return text


static func _told_layer(layer: Sound.Layer) -> Dictionary:
	var parameters := {}
	for parameter: String in layer.parameters:
		var value: Sound.ParameterValue = layer.parameters[parameter]
		var is_number := value.kind_case == Sound.ParameterValue.KindCase.NUMBER
		parameters[parameter] = value.number if is_number else value.choice
	return {"effect": layer.effect, "preset": layer.preset, "level_db": layer.level_db, "parameters": parameters}


## Returns what is described now; null, and [member error], when it cannot be asked for.
func _request() -> Sound.RenderRequest:
	var request := Sound.RenderRequest.new()
	var options := {"seed": seed_in_use, "loop": loop}
	if duration_s > 0.0:
		options["duration_s"] = duration_s
	var wrong := Options.fill_sound(request, prompt, options, Options.RENDER)
	if wrong != null:
		_failed(wrong)
		return null
	return request


func _write(path: String, data: PackedByteArray) -> bool:
	var file := FileAccess.open(path, FileAccess.WRITE)
	if file == null or not file.store_buffer(data):
		var why := error_string(FileAccess.get_open_error())
		return _failed(Fault.new(Fault.Code.INTERNAL, "%s cannot be written: %s" % [path, why]))
	file.close()
	return true


func _failed(because: Fault) -> bool:
	is_busy = false
	error = because
	changed.emit()
	return false
