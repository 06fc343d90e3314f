extends "res://tests/runner/suite.gd"
## What the addon's tests share: what the tests outside the engine tell, and the gate that they keep.


## Returns what was told: --name=value.
func argument(wanted: String) -> String:
	for given in OS.get_cmdline_user_args():
		if given.begins_with("--%s=" % wanted):
			return given.get_slice("=", 1)
	return ""


## Has the gate stall, flow or cut, and waits until it has.
func gate(what: String) -> void:
	var request := HTTPRequest.new()
	add_child(request)
	request.request("%s/%s" % [argument("gate_control"), what])
	await request.request_completed
	request.queue_free()
