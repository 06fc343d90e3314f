# Made from google/rpc/status.proto by protoc-gen-swash: do not edit.
# gdlint: disable=class-variable-name,enum-name,max-file-lines,sub-class-name
@tool
extends RefCounted
## What error details and durations need of Google's messages.
##
## Every message has to_bytes() and a static from_bytes(), which returns null for bytes that are no such message.
## A field that may be absent has has_...; a message is absent when it is null; of several fields that exclude each
## other ..._case names the one that is set. Names that Godot has already end with an underscore: Curve_.
## 64-bit unsigned numbers are Godot's signed int: from 2^63 on they are negative.

const Reader := preload("../wire/reader.gd")
const Writer := preload("../wire/writer.gd")


class Any:
	extends RefCounted

	var type_url: String = ""
	var value: PackedByteArray = PackedByteArray()

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not type_url.is_empty():
			writer.put_tag(10)
			writer.put_string(type_url)
		if not value.is_empty():
			writer.put_tag(18)
			writer.put_bytes(value)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Any:
		var reader := Reader.new(data)
		var message := Any.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					type_url = reader.read_string()
				18:
					value = reader.read_bytes()
				_:
					reader.skip()


class Duration:
	extends RefCounted

	var seconds: int = 0
	var nanos: int = 0

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if seconds != 0:
			writer.put_tag(8)
			writer.put_int64(seconds)
		if nanos != 0:
			writer.put_tag(16)
			writer.put_int32(nanos)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Duration:
		var reader := Reader.new(data)
		var message := Duration.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					seconds = reader.read_int64()
				16:
					nanos = reader.read_int32()
				_:
					reader.skip()


class Status:
	extends RefCounted

	var code: int = 0
	var message: String = ""
	var details: Array[Any] = []

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if code != 0:
			writer.put_tag(8)
			writer.put_int32(code)
		if not message.is_empty():
			writer.put_tag(18)
			writer.put_string(message)
		for element in details:
			writer.put_tag(26)
			writer.put_bytes(element.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Status:
		var reader := Reader.new(data)
		var message := Status.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					code = reader.read_int32()
				18:
					message = reader.read_string()
				26:
					details.append(Any.new())
					reader.read_message(details.back())
				_:
					reader.skip()


class BadRequest:
	extends RefCounted

	var field_violations: Array[BadRequestFieldViolation] = []

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		for element in field_violations:
			writer.put_tag(10)
			writer.put_bytes(element.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> BadRequest:
		var reader := Reader.new(data)
		var message := BadRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					field_violations.append(BadRequestFieldViolation.new())
					reader.read_message(field_violations.back())
				_:
					reader.skip()


class BadRequestFieldViolation:
	extends RefCounted

	var field: String = ""
	var description: String = ""
	var reason: String = ""
	var localized_message: LocalizedMessage = null

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not field.is_empty():
			writer.put_tag(10)
			writer.put_string(field)
		if not description.is_empty():
			writer.put_tag(18)
			writer.put_string(description)
		if not reason.is_empty():
			writer.put_tag(26)
			writer.put_string(reason)
		if localized_message != null:
			writer.put_tag(34)
			writer.put_bytes(localized_message.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> BadRequestFieldViolation:
		var reader := Reader.new(data)
		var message := BadRequestFieldViolation.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					field = reader.read_string()
				18:
					description = reader.read_string()
				26:
					reason = reader.read_string()
				34:
					if localized_message == null:
						localized_message = LocalizedMessage.new()
					reader.read_message(localized_message)
				_:
					reader.skip()


class LocalizedMessage:
	extends RefCounted

	var locale: String = ""
	var message: String = ""

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not locale.is_empty():
			writer.put_tag(10)
			writer.put_string(locale)
		if not message.is_empty():
			writer.put_tag(18)
			writer.put_string(message)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> LocalizedMessage:
		var reader := Reader.new(data)
		var message := LocalizedMessage.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					locale = reader.read_string()
				18:
					message = reader.read_string()
				_:
					reader.skip()


class RetryInfo:
	extends RefCounted

	var retry_delay: Duration = null

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if retry_delay != null:
			writer.put_tag(10)
			writer.put_bytes(retry_delay.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> RetryInfo:
		var reader := Reader.new(data)
		var message := RetryInfo.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					if retry_delay == null:
						retry_delay = Duration.new()
					reader.read_message(retry_delay)
				_:
					reader.skip()
