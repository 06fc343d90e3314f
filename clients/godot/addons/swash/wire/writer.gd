@tool
extends RefCounted
## Writes protobuf's wire format: https://protobuf.dev/programming-guides/encoding/
##
## Each put_...() appends one value; put_tag() what stands before it. 64-bit unsigned numbers are Godot's signed
## int: from 2^63 on they are negative there.

const MAX_INT32 := 0x7FFFFFFF
const MAX_UINT32 := 0xFFFFFFFF

## What has been written.
var bytes: PackedByteArray = []


## Whether a field of implicit presence is left out: only +0.0 is, -0.0 is not.
static func is_zero(value: float) -> bool:
	return value == 0.0 and atan2(value, -1.0) > 0.0  # pi of +0.0, -pi of -0.0


## The keys of a map in the order in which they are written: that of their numbers, or of their code points.
static func sorted_keys(map: Dictionary) -> Array:
	var keys := map.keys()
	keys.sort()
	return keys


## As [method sorted_keys], of 64-bit unsigned numbers.
static func sorted_unsigned_keys(map: Dictionary) -> Array:
	var keys := map.keys()
	keys.sort_custom(_is_below)
	return keys


func put_tag(tag: int) -> void:
	_put_varint(tag)


func put_double(value: float) -> void:
	bytes.resize(bytes.size() + 8)
	bytes.encode_double(bytes.size() - 8, value)


func put_float(value: float) -> void:
	bytes.resize(bytes.size() + 4)
	bytes.encode_float(bytes.size() - 4, value)


func put_int32(value: int) -> void:
	_put_varint(_within(value, -MAX_INT32 - 1, MAX_INT32))


func put_int64(value: int) -> void:
	_put_varint(value)


func put_uint32(value: int) -> void:
	_put_varint(_within(value, 0, MAX_UINT32))


func put_uint64(value: int) -> void:
	_put_varint(value)


func put_sint32(value: int) -> void:
	put_sint64(_within(value, -MAX_INT32 - 1, MAX_INT32))


func put_sint64(value: int) -> void:
	_put_varint((value << 1) ^ (value >> 63))


func put_fixed32(value: int) -> void:
	bytes.resize(bytes.size() + 4)
	bytes.encode_u32(bytes.size() - 4, _within(value, 0, MAX_UINT32))


func put_fixed64(value: int) -> void:
	put_sfixed64(value)


func put_sfixed32(value: int) -> void:
	bytes.resize(bytes.size() + 4)
	bytes.encode_s32(bytes.size() - 4, _within(value, -MAX_INT32 - 1, MAX_INT32))


func put_sfixed64(value: int) -> void:
	bytes.resize(bytes.size() + 8)
	bytes.encode_s64(bytes.size() - 8, value)


func put_bool(value: bool) -> void:
	bytes.append(1 if value else 0)


func put_enum(value: int) -> void:
	put_int32(value)


func put_string(value: String) -> void:
	put_bytes(value.to_utf8_buffer())


## A length and then these bytes: also what an inner message or a packed list is written as.
func put_bytes(value: PackedByteArray) -> void:
	_put_varint(value.size())
	bytes.append_array(value)


func _put_varint(value: int) -> void:
	var rest := value
	while rest & ~0x7F:
		bytes.append(rest & 0x7F | 0x80)
		rest = (rest >> 7) & 0x01FFFFFFFFFFFFFF  # >> repeats the sign
	bytes.append(rest)


func _within(value: int, lowest: int, highest: int) -> int:
	if value < lowest or value > highest:
		push_error("A message's number: from %d to %d, got %d; the nearest is sent" % [lowest, highest, value])
	return clampi(value, lowest, highest)


static func _is_below(a: int, b: int) -> bool:
	return a < b if (a < 0) == (b < 0) else b < 0
