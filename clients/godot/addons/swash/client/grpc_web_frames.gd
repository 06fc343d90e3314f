@tool
extends RefCounted
## Reads the body of a gRPC-Web answer, in pieces of any size: messages, then one frame of trailers.
##
## A frame is a byte of flags, four bytes of length (big-endian), and so many bytes
## (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md).

const HEAD_BYTES := 5
const FLAG_COMPRESSED := 0x01
const FLAG_TRAILERS := 0x80
const MAX_TRAILERS_BYTES := 1 << 20

## The largest message that is accepted.
var max_message_bytes := 16 << 20
## Messages that have come and nobody has taken.
var messages: Array[PackedByteArray] = []
## By name in lower case; empty until they have come.
var trailers: Dictionary = {}
## The trailers have come: nothing may follow.
var ended := false
## What is wrong with the body; empty when nothing is. Nothing more is read then.
var problem := ""
## The message was too large: not a fault of the body.
var too_large := false

var _buffer := PackedByteArray()


## Takes the next bytes.
func feed(data: PackedByteArray) -> void:
	if not problem.is_empty() or data.is_empty():
		return
	_buffer.append_array(data)
	var at := 0
	while problem.is_empty() and _buffer.size() - at >= HEAD_BYTES:
		var flags := _buffer[at]
		var length := (_buffer[at + 1] << 24) | (_buffer[at + 2] << 16) | (_buffer[at + 3] << 8) | _buffer[at + 4]
		_check(flags, length)
		if not problem.is_empty() or _buffer.size() - at - HEAD_BYTES < length:
			break
		var frame := _buffer.slice(at + HEAD_BYTES, at + HEAD_BYTES + length)
		at += HEAD_BYTES + length
		if flags & FLAG_TRAILERS:
			ended = true
			_read_trailers(frame.get_string_from_utf8())
		else:
			messages.append(frame)
	if ended and at < _buffer.size() and problem.is_empty():
		problem = "%d bytes follow the trailers" % (_buffer.size() - at)
	if at > 0:
		_buffer = _buffer.slice(at)


## Returns whether the body has stopped within a frame.
func is_within_frame() -> bool:
	return not _buffer.is_empty()


func _check(flags: int, length: int) -> void:
	if flags & FLAG_COMPRESSED or flags & ~(FLAG_TRAILERS | FLAG_COMPRESSED):
		problem = "a frame with the flags 0x%02x, which nobody asked for" % flags
	elif flags & FLAG_TRAILERS:
		if length > MAX_TRAILERS_BYTES:
			problem = "trailers of %d bytes, at most %d" % [length, MAX_TRAILERS_BYTES]
	elif length > max_message_bytes:
		too_large = true
		problem = "a message of %d bytes, at most %d" % [length, max_message_bytes]


func _read_trailers(block: String) -> void:
	for line in block.split("\n", false):
		var colon := line.find(":")
		if colon > 0:
			trailers[line.substr(0, colon).strip_edges().to_lower()] = (line.substr(colon + 1).strip_edges())
