extends Node
## Makes the calls of res://script.tsv with the addon and prints a line of what it sees of each; the lines are told
## in tests/conformance/README.md.

const Call := preload("res://addons/swash/client/swash_call.gd")
const Client := preload("res://addons/swash/client/swash_client.gd")
const Fault := preload("res://addons/swash/client/swash_error.gd")
const Result := preload("res://addons/swash/client/swash_result.gd")
const Sound := preload("res://addons/swash/generated/sound.gd")

const ABSENT := "-"

var _client := Client.new()
var _events: PackedStringArray = []


func _ready() -> void:
	for argument in OS.get_cmdline_user_args():
		if argument.begins_with("--server="):
			_client.server_url = argument.trim_prefix("--server=")
	add_child(_client)
	for line in FileAccess.get_file_as_string("res://script.tsv").split("\n", false):
		var parts := line.split("\t")
		var requests: Array[PackedByteArray] = []
		for request in parts[2].split(","):
			requests.append(Marshalls.base64_to_raw(request) if not request.is_empty() else PackedByteArray())
		_events.clear()
		_client.token = "" if parts[5] == ABSENT else parts[5]
		var within_s := _client.timeout_s if parts[3] == ABSENT else int(parts[3]) / 1000.0
		var leave_after := 0 if parts[4] == ABSENT else int(parts[4])
		_say(parts[0], await _make(parts[1], requests, within_s, leave_after))
	get_tree().quit(0)


func _make(rpc: String, requests: Array[PackedByteArray], within_s: float, leave_after: int) -> Result:
	var data := requests[0]
	match rpc:
		"Render":
			return await _seen(_client.render(Sound.RenderRequest.from_bytes(data), within_s), leave_after)
		"Fetch":
			return await _seen(_client.fetch(Sound.FetchRequest.from_bytes(data).render, within_s), leave_after)
		"ListEffects":
			return await _seen(_client.list_effects(within_s), leave_after)
		"ResolvePrompt":
			var prompt := Sound.ResolvePromptRequest.from_bytes(data).prompt
			return await _seen(_client.resolve_prompt(prompt, within_s), leave_after)
		"GetServerInfo":
			return await _seen(_client.server_info(within_s), leave_after)
		"Preload":
			return await _seen(
				_client.preload_sounds(Sound.PreloadRequest.from_bytes(data), within_s), leave_after
			)
		"Unload":
			return await _seen(_client.unload(Sound.UnloadRequest.from_bytes(data).tag, within_s), leave_after)
		"Perform":
			return await _perform(requests, leave_after)
	return Result.failed(Fault.new(Fault.Code.UNIMPLEMENTED, "%s is no rpc of this client" % rpc))


func _seen(call: Call, leave_after: int) -> Result:
	call.message.connect(
		func(response: RefCounted) -> void:
			_events.append(Marshalls.raw_to_base64(response.call("to_bytes")))
			if _events.size() == leave_after:
				call.cancel()
	)
	return await call.done()


func _perform(requests: Array[PackedByteArray], leave_after: int) -> Result:
	var session := _client.perform_as(Sound.PerformRequest.from_bytes(requests[0]).open)
	session.event.connect(
		func(response: Sound.PerformResponse) -> void:
			_events.append(Marshalls.raw_to_base64(response.to_bytes()))
			if _events.size() == leave_after:
				session.cancel()
	)
	for data in requests.slice(1):
		session.send(Sound.PerformRequest.from_bytes(data))
	session.finish()
	return await session.done()


func _say(call_name: String, result: Result) -> void:
	var error := result.error if result.error != null else Fault.new(Fault.Code.OK)
	var field := ABSENT if error.violations.is_empty() else error.violations[0].field
	var retry := str(roundi(error.retry_after_s * 1000.0)) if error.has_retry_after else ABSENT
	var events := ABSENT if _events.is_empty() else ",".join(_events)
	var suggestions := _text(";".join(error.suggestions))
	var parts := ["CALL", call_name, str(error.code), _text(error.message), field, suggestions, retry, events]
	print("\t".join(parts))


func _text(text: String) -> String:
	return ABSENT if text.is_empty() else Marshalls.utf8_to_base64(text)
