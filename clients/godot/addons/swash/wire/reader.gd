@tool
extends RefCounted
## Reads protobuf's wire format: https://protobuf.dev/programming-guides/encoding/
##
## It accepts and refuses what protobuf's own parsers do. What is wrong sets [member is_broken], after which next()
## returns false and every read_...() a zero or nothing: look at it once, at the end.
##
## 64-bit unsigned numbers are Godot's signed int: from 2^63 on they are negative there. A String of Godot has no
## room for U+0000: U+FFFD stands for it.

const MAX_DEPTH := 100
const MAX_TAG := 0xFFFFFFFF
const MAX_LENGTH := 0x7FFFFFFF
const HIGH_BITS := -0x7F7F7F7F7F7F7F80  # 0x80 in each of eight bytes
const BYTE_ORDER_MARK := 0xFEFF
const REPLACEMENT := "\uFFFD"

const WIRE_VARINT := 0
const WIRE_FIXED64 := 1
const WIRE_BYTES := 2
const WIRE_GROUP := 3
const WIRE_END_GROUP := 4
const WIRE_FIXED32 := 5

## The field's number and how its value is written: number << 3 | wire type.
var tag := 0
## Whether the bytes are no such message.
var is_broken := false

var _data: PackedByteArray
var _at := 0
var _end := 0
var _depth := 0


func _init(data: PackedByteArray) -> void:
	_data = data
	_end = data.size()


## Goes to the next field: its [member tag] is to be read or skipped. False at the end of the message.
func next() -> bool:
	if is_broken or _at >= _end:
		return false
	tag = _read_short_varint(MAX_TAG)
	if tag < 8:
		_break()
	return not is_broken


## Goes into a packed list whose length stands here; returns what leave_list() needs.
func enter_list() -> int:
	var outside := _end
	var start := _take(_read_short_varint(MAX_LENGTH))
	if not is_broken:
		_end = _at
		_at = start
	return outside


## Goes out again, when the list has been read to its end.
func leave_list(outside: int) -> void:
	_end = outside


## Goes into an inner message whose length stands here; returns what leave_message() needs.
func enter_message() -> int:
	_go_deeper()
	return enter_list()


## Goes out again, when the inner message has been read to its end.
func leave_message(outside: int) -> void:
	_depth -= 1
	_end = outside


## Reads an inner message into [param message], which a generated script has made.
func read_message(message: RefCounted) -> void:
	var outside := enter_message()
	message.merge_from(self)
	leave_message(outside)


## Whether a list or message has more values.
func has_more() -> bool:
	return not is_broken and _at < _end


## Goes past the value of a field that nobody knows.
func skip() -> void:
	match tag & 7:
		WIRE_VARINT:
			_read_varint()
		WIRE_FIXED64:
			_take(8)
		WIRE_BYTES:
			_take(_read_short_varint(MAX_LENGTH))
		WIRE_GROUP:
			_skip_group()
		WIRE_FIXED32:
			_take(4)
		_:
			_break()


func read_double() -> float:
	var at := _take(8)
	return 0.0 if is_broken else _data.decode_double(at)


func read_float() -> float:
	var at := _take(4)
	return 0.0 if is_broken else _data.decode_float(at)


func read_int32() -> int:
	return _signed(_read_varint() & 0xFFFFFFFF)


func read_int64() -> int:
	return _read_varint()


func read_uint32() -> int:
	return _read_varint() & 0xFFFFFFFF


func read_uint64() -> int:
	return _read_varint()


func read_sint32() -> int:
	var value := _read_varint() & 0xFFFFFFFF
	return (value >> 1) ^ -(value & 1)


func read_sint64() -> int:
	var value := _read_varint()
	return ((value >> 1) & 0x7FFFFFFFFFFFFFFF) ^ -(value & 1)  # >> repeats the sign


func read_fixed32() -> int:
	var at := _take(4)
	return 0 if is_broken else _data.decode_u32(at)


func read_fixed64() -> int:
	return read_sfixed64()


func read_sfixed32() -> int:
	var at := _take(4)
	return 0 if is_broken else _data.decode_s32(at)


func read_sfixed64() -> int:
	var at := _take(8)
	return 0 if is_broken else _data.decode_s64(at)


func read_bool() -> bool:
	return _read_varint() != 0


func read_enum() -> int:
	return read_int32()


func read_string() -> String:
	var start := _take(_read_short_varint(MAX_LENGTH))
	if is_broken:
		return ""
	if not _is_utf8(start, _at):
		_break()
		return ""
	return _string_of(_data.slice(start, _at))


func read_bytes() -> PackedByteArray:
	var start := _take(_read_short_varint(MAX_LENGTH))
	return PackedByteArray() if is_broken else _data.slice(start, _at)


## The start of the next bytes, which are thereby read.
func _take(count: int) -> int:
	if is_broken or count > _end - _at:
		_break()
		return 0
	_at += count
	return _at - count


func _read_varint() -> int:
	var value := 0
	for shift in range(0, 70, 7):
		if _at >= _end:
			break
		var byte := _data[_at]
		_at += 1
		value |= (byte & 0x7F) << shift
		if byte < 0x80:
			return value
	_break()
	return 0


## A varint that protobuf allows five bytes and so many bits.
func _read_short_varint(highest: int) -> int:
	if _at < _end and _data[_at] < 0x80:
		_at += 1
		return _data[_at - 1]
	var start := _at
	var value := _read_varint()
	if _at - start > 5 or value < 0 or value > highest:
		_break()
		return 0
	return value


## Goes to the end of a group, which only an unknown field can be. Protobuf lets a field 0 pass in there.
func _skip_group() -> void:
	var end_tag := tag >> 3 << 3 | WIRE_END_GROUP
	_go_deeper()
	while has_more():
		tag = _read_short_varint(MAX_TAG)
		if tag == end_tag:
			_depth -= 1
			return
		skip()
	_break()


func _go_deeper() -> void:
	_depth += 1
	if _depth > MAX_DEPTH:
		_break()


func _break() -> void:
	is_broken = true
	_at = _end


## Whether the bytes from [param start] to [param end] are UTF-8: not overlong, no surrogates, at most U+10FFFF.
func _is_utf8(start: int, end: int) -> bool:
	var at := start
	while at < end:
		if end - at >= 8 and not _data.decode_s64(at) & HIGH_BITS:
			at += 8
			continue
		var lead := _data[at]
		at += 1
		if lead < 0x80:
			continue
		var more := 1 if lead < 0xE0 else 2 if lead < 0xF0 else 3
		if lead < 0xC2 or lead > 0xF4 or end - at < more:
			return false
		var second := _data[at]
		match lead:  # which second bytes are overlong, surrogates or beyond the last code point
			0xE0 when second < 0xA0:
				return false
			0xED when second > 0x9F:
				return false
			0xF0 when second < 0x90:
				return false
			0xF4 when second > 0x8F:
				return false
		for _i in more:
			if _data[at] & 0xC0 != 0x80:
				return false
			at += 1
	return true


## What Godot's own reading of UTF-8 gives, but for what it leaves out: U+0000 and a byte order mark.
static func _string_of(text: PackedByteArray) -> String:
	if text.has(0):
		var parts: PackedStringArray = []
		var at := 0
		while at <= text.size():
			var null_at := text.find(0, at)
			var end := null_at if null_at >= 0 else text.size()
			parts.append(_string_of(text.slice(at, end)))
			at = end + 1
		return REPLACEMENT.join(parts)
	if text.size() >= 3 and text[0] == 0xEF and text[1] == 0xBB and text[2] == 0xBF:
		return char(BYTE_ORDER_MARK) + text.slice(3).get_string_from_utf8()
	return text.get_string_from_utf8()


static func _signed(value: int) -> int:
	return value - 0x100000000 if value > 0x7FFFFFFF else value
