extends Node
## Reads messages and says what it made of them.
##
## res://codec/corpus.bin holds for each a line "SCRIPT CLASS VERB", a length (4 bytes, little-endian) and the
## bytes. The answers are printed in base64, in lines "ANSWERS ...": for each a length and, for the verb "write",
## the message written again, for "describe" its variables as text; 0xffffffff alone when it was refused.

const CORPUS := "res://codec/corpus.bin"
const REFUSED := 0xFFFFFFFF
const LINE_BYTES := 0xC000  # a multiple of three, so that each line is base64 of its own

var _answers := StreamPeerBuffer.new()


func _ready() -> void:
	var corpus := FileAccess.open(CORPUS, FileAccess.READ)
	while corpus.get_position() < corpus.get_length():
		var words := corpus.get_line().split(" ")
		_answer(load(words[0]).get_script_constant_map()[words[1]], words[2], corpus.get_buffer(corpus.get_32()))
	var answers := _answers.data_array
	for at in range(0, answers.size(), LINE_BYTES):
		print("ANSWERS ", Marshalls.raw_to_base64(answers.slice(at, at + LINE_BYTES)))
	get_tree().quit()


func _answer(type: GDScript, verb: String, data: PackedByteArray) -> void:
	var message: RefCounted = type.from_bytes(data)
	if message == null:
		_answers.put_u32(REFUSED)
		return
	var answer: PackedByteArray = message.to_bytes() if verb == "write" else _text(message).to_utf8_buffer()
	_answers.put_u32(answer.size())
	_answers.put_data(answer)


## Integers in decimal, of floating point the bits, text and bytes in hexadecimal; what has no order is sorted.
func _text(value: Variant) -> String:
	match typeof(value):
		TYPE_NIL:
			return "null"
		TYPE_BOOL:
			return str(int(value))
		TYPE_FLOAT:
			var bits := PackedFloat64Array([value]).to_byte_array()
			return "nan" if is_nan(value) else "d" + bits.hex_encode()
		TYPE_STRING:
			return "t" + value.to_utf8_buffer().hex_encode()
		TYPE_PACKED_BYTE_ARRAY:
			return "b" + value.hex_encode()
		TYPE_ARRAY:
			return "[%s]" % ",".join(value.map(_text))
		TYPE_DICTIONARY:
			var entries: Array = value.keys().map(func(key: Variant) -> String: return _entry(value, key))
			entries.sort()
			return "[%s]" % ",".join(entries)
		TYPE_OBJECT:
			return "{%s}" % ",".join(_variables(value))
	return str(value)


func _entry(map: Dictionary, key: Variant) -> String:
	return "%s:%s" % [_text(key), _text(map[key])]


func _variables(message: RefCounted) -> PackedStringArray:
	var variables: PackedStringArray = []
	for property in message.get_property_list():
		var variable: String = property.name
		if property.usage & PROPERTY_USAGE_SCRIPT_VARIABLE and not variable.begins_with("_"):
			variables.append("%s=%s" % [variable, _text(message.get(variable))])
	variables.sort()
	return variables
