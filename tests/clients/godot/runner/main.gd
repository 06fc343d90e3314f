extends Node
## Runs every test of res://tests/test_*.gd and prints "PASS file.test", "FAIL file.test: why" and a last line
## "N passed, N failed". With `--only=text` only those whose name contains it.

const Suite := preload("res://tests/runner/suite.gd")
const FOLDER := "res://tests"


## Gathers what the engine complains of: a script's error ends its function, and would else pass unseen.
class Complaints:
	extends Logger

	var lines: PackedStringArray = []

	func _log_error(
		function: String,
		file: String,
		line: int,
		code: String,
		rationale: String,
		_editor_notify: bool,
		error_type: int,
		_script_backtraces: Array[ScriptBacktrace]
	) -> void:
		if error_type != ERROR_TYPE_WARNING:
			lines.append("%s (%s, %s:%d)" % [rationale if rationale else code, function, file, line])


var _complaints := Complaints.new()
var _ended := false
var _passed := 0
var _failed := 0


func _ready() -> void:
	OS.add_logger(_complaints)
	var server := ""
	var only := ""
	for argument in OS.get_cmdline_user_args():
		if argument.begins_with("--server="):
			server = argument.trim_prefix("--server=")
		elif argument.begins_with("--only="):
			only = argument.trim_prefix("--only=")
	for file in DirAccess.get_files_at(FOLDER):
		if file.begins_with("test_") and file.ends_with(".gd"):
			await _run_file(file, server, only)
	print("%d passed, %d failed" % [_passed, _failed])
	OS.remove_logger(_complaints)
	get_tree().quit(1 if _failed or not _passed else 0)


func _run_file(file: String, server: String, only: String) -> void:
	var script: GDScript = load(FOLDER.path_join(file))
	if script == null or not script.can_instantiate():
		_say(file.get_basename() + ".loads", ["the script has an error"])
		return
	for method in script.get_script_method_list():
		var test: String = method.name
		var test_name := "%s.%s" % [file.get_basename(), test]
		if test.begins_with("test_") and (only.is_empty() or test_name.contains(only)):
			var suite: Suite = script.new()
			suite.server = server
			add_child(suite)
			_say(test_name, await _run_test(suite, test))
			suite.queue_free()
			await get_tree().process_frame


func _run_test(suite: Suite, test: String) -> PackedStringArray:
	_complaints.lines.clear()
	_ended = false
	_drive(suite, test)
	var end_ms := Time.get_ticks_msec() + suite.limit_s * 1000.0
	while not _ended and Time.get_ticks_msec() < end_ms:
		await get_tree().process_frame
	var why := suite.failures.duplicate()
	if not _ended:
		why.append("did not end within %s s" % suite.limit_s)
	elif suite.checks == 0:
		why.append("checked nothing")
	for line in _complaints.lines:
		if not _is_expected(line, suite.expected_errors):
			why.append("the engine said: " + line)
	return why


## Goes through the test to its end, or hangs when a function it awaits breaks: the caller waits only so long.
func _drive(suite: Suite, test: String) -> void:
	await suite.before_each()
	await suite.call(test)
	await suite.after_each()
	_ended = true


func _is_expected(line: String, expected: PackedStringArray) -> bool:
	for part in expected:
		if line.contains(part):
			return true
	return false


func _say(test_name: String, why: PackedStringArray) -> void:
	if why.is_empty():
		_passed += 1
		print("PASS ", test_name)
	else:
		_failed += 1
		print("FAIL ", test_name, ": ", "; ".join(why).replace("\n", " "))
