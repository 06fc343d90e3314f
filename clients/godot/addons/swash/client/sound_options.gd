@tool
extends RefCounted
## Fills messages from dictionaries, checking names, types and what a number of the wire can hold: a mistake is
## told by its name here, the ranges by the server.

const Fault := preload("swash_error.gd")
const Sound := preload("../generated/sound.gd")

const MAX_UINT32 := 4_294_967_295
# By option: the type it has. TYPE_INT: 0 to 4294967295.
const RENDER := {
	"engine": TYPE_STRING,
	"duration_s": TYPE_FLOAT,
	"seed": TYPE_INT,
	"object_seed": TYPE_INT,
	"loop": TYPE_BOOL,
	"takes": TYPE_INT,
	"sample_rate": TYPE_INT,
	"channels": TYPE_INT,
	"encoding": TYPE_INT,
	"loudness_lufs": TYPE_FLOAT,
	"ceiling_dbtp": TYPE_FLOAT,
	"trim": TYPE_BOOL,
	"first_frame": TYPE_INT,
	"steps": TYPE_INT,
	"guidance": TYPE_FLOAT,
	"negative_prompt": TYPE_STRING,
	"init_key": TYPE_STRING,
	"init_noise_level": TYPE_FLOAT,
	"short_window": TYPE_BOOL,
	"loop_method": TYPE_INT,
	"fallback": TYPE_BOOL,
	"priority": TYPE_INT,
}
const OPEN := {
	"sample_rate": TYPE_INT,
	"channels": TYPE_INT,
	"encoding": TYPE_INT,
	"ceiling_dbtp": TYPE_FLOAT,
	"ahead_ms": TYPE_INT,
	"unpaced": TYPE_BOOL,
	"log": TYPE_BOOL,
}
const START := {"seed": TYPE_INT, "object_seed": TYPE_INT, "armed": TYPE_BOOL, "fade_in_ms": TYPE_INT}
const CROSSFADE := {"seed": TYPE_INT, "object_seed": TYPE_INT, "fade_ms": TYPE_INT}


## Fills a message that asks for a sound (RenderRequest, StartVoice, CrossfadeVoice): a prompt, or the option
## [code]effect[/code], the option [code]parameters[/code], and those of [param known]. Returns what is wrong,
## null when nothing is.
static func fill_sound(message: RefCounted, prompt: String, options: Dictionary, known: Dictionary) -> Fault:
	var rest := options.duplicate()
	var effect: Variant = rest.get("effect", "")
	var parameters: Variant = rest.get("parameters", {})
	rest.erase("effect")
	rest.erase("parameters")
	if not effect is String:
		return Fault.of_field("effect", "a String, got %s" % type_string(typeof(effect)))
	if prompt.is_empty() == (effect as String).is_empty():
		return Fault.of_field("prompt", 'give a prompt or {effect = "..."}, exactly one of them')
	if prompt.is_empty():
		message.set("effect", effect)
	else:
		message.set("prompt", prompt)
	if not parameters is Dictionary:
		var got := type_string(typeof(parameters))
		return Fault.of_field("parameters", "a Dictionary, got %s" % got)
	var error := fill_parameters(message.get("parameters"), parameters)
	return error if error != null else fill(message, rest, known)


## Sets fields of a message. Returns what is wrong, null when nothing is.
static func fill(message: RefCounted, options: Dictionary, known: Dictionary) -> Fault:
	for name: Variant in options:
		if not known.has(name):
			return Fault.of_field(str(name), "no such option; there are %s" % ", ".join(known.keys()))
		var value: Variant = options[name]
		var wanted: int = known[name]
		if wanted == TYPE_FLOAT and value is int:
			value = float(value)
		if typeof(value) != wanted:
			var got := type_string(typeof(value))
			return Fault.of_field(name, "%s, got %s" % [type_string(wanted), got])
		if wanted == TYPE_INT:
			var error := check_uint32(name, value)
			if error != null:
				return error
		message.set(name, value)
	return null


## Fills a map of ParameterValue from numbers and names of choices. Returns what is wrong, null when nothing is.
static func fill_parameters(map: Dictionary, parameters: Dictionary) -> Fault:
	for name: Variant in parameters:
		var value := value_of(parameters[name])
		if value == null:
			var got := type_string(typeof(parameters[name]))
			return Fault.of_field("parameters.%s" % name, "a number or a choice's name, got %s" % got)
		map[str(name)] = value
	return null


## Returns a number or the name of a choice as it travels; null when it is neither.
static func value_of(value: Variant) -> Sound.ParameterValue:
	var message := Sound.ParameterValue.new()
	match typeof(value):
		TYPE_INT, TYPE_FLOAT:
			message.number = value
		TYPE_STRING, TYPE_STRING_NAME:
			message.choice = value
		_:
			return null
	return message


## Returns what is wrong with a whole number that travels in 32 bits, null when nothing is.
static func check_uint32(name: String, value: int) -> Fault:
	if value < 0 or value > MAX_UINT32:
		return Fault.of_field(name, "0 to %d, got %d" % [MAX_UINT32, value])
	return null
