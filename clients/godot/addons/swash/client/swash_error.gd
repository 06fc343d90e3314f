@tool
class_name SwashError
extends RefCounted
## Why a call failed: a gRPC status code, the server's words, and what it tells beyond them.

## gRPC's status codes, with gRPC's numbers.
enum Code {
	OK = 0,
	CANCELLED = 1,
	UNKNOWN = 2,
	INVALID_ARGUMENT = 3,
	DEADLINE_EXCEEDED = 4,
	NOT_FOUND = 5,
	ALREADY_EXISTS = 6,
	PERMISSION_DENIED = 7,
	RESOURCE_EXHAUSTED = 8,
	FAILED_PRECONDITION = 9,
	ABORTED = 10,
	OUT_OF_RANGE = 11,
	UNIMPLEMENTED = 12,
	INTERNAL = 13,
	UNAVAILABLE = 14,
	DATA_LOSS = 15,
	UNAUTHENTICATED = 16,
}

const Sound := preload("../generated/sound.gd")
const Status := preload("../generated/status.gd")


## A field of the request, and what is wrong with it: its range and what was got.
class Violation:
	extends RefCounted

	var field := ""
	var description := ""


## One of [enum Code].
var code: int = Code.UNKNOWN
## What to show: of the server, in its words.
var message := ""
## The fields at fault, of INVALID_ARGUMENT.
var violations: Array[Violation] = []
## What to try instead of a prompt that matches nothing.
var suggestions: PackedStringArray = []
## Words of the prompt that meant nothing.
var unknown_words: PackedStringArray = []
## Whether the server said when to come back.
var has_retry_after := false
## Seconds after which it is worth asking again, when [member has_retry_after].
var retry_after_s := 0.0


func _init(of_code: int = Code.UNKNOWN, of_message := "") -> void:
	code = of_code
	message = of_message


## Returns an INVALID_ARGUMENT that names a field, as the server's are.
static func of_field(field: String, description: String) -> SwashError:
	var error := SwashError.new(Code.INVALID_ARGUMENT, "%s: %s" % [field, description])
	error._add_violation(field, description)
	return error


## Returns what a live session's answer to a command says against it.
static func of_refused(refused: Sound.Refused) -> SwashError:
	var error := SwashError.new(refused.code, refused.message)
	if not refused.field.is_empty():
		error.message = "%s: %s" % [refused.field, refused.message]
		error._add_violation(refused.field, refused.message)
	error.suggestions = PackedStringArray(refused.suggestions)
	return error


## Takes in the details of a serialised google.rpc.Status; what cannot be read changes nothing.
func add_details(status_bytes: PackedByteArray) -> void:
	var status := Status.Status.from_bytes(status_bytes)
	if status == null:
		return
	for detail: Status.Any in status.details:
		match detail.type_url.get_slice("/", detail.type_url.get_slice_count("/") - 1):
			"google.rpc.BadRequest":
				_add_bad_request(Status.BadRequest.from_bytes(detail.value))
			"google.rpc.RetryInfo":
				_add_retry(Status.RetryInfo.from_bytes(detail.value))
			"swash.v1.ResolvePromptResponse":
				_add_resolution(Sound.ResolvePromptResponse.from_bytes(detail.value))


## Returns whether the same call may succeed later, unchanged.
func is_temporary() -> bool:
	return code in [Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED]


func _to_string() -> String:
	return "%s: %s" % [Code.find_key(code), message]


func _add_violation(field: String, description: String) -> void:
	var violation := Violation.new()
	violation.field = field
	violation.description = description
	violations.append(violation)


func _add_bad_request(bad_request: Status.BadRequest) -> void:
	if bad_request != null:
		for violation: Status.BadRequestFieldViolation in bad_request.field_violations:
			_add_violation(violation.field, violation.description)


func _add_retry(retry: Status.RetryInfo) -> void:
	if retry != null and retry.retry_delay != null:
		has_retry_after = true
		retry_after_s = retry.retry_delay.seconds + retry.retry_delay.nanos * 1e-9


func _add_resolution(resolution: Sound.ResolvePromptResponse) -> void:
	if resolution != null:
		suggestions = PackedStringArray(resolution.suggestions)
		unknown_words = PackedStringArray(resolution.unknown_words)
