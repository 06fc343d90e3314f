extends "res://tests/runner/suite.gd"
## Tests that fail, each in its way; see test_harness.py.


func test_that_passes() -> void:
	equal(server, "http://somewhere", "the server")
	check(OS.get_cmdline_user_args().has("--flag"), "the flag")


func test_that_finds_something_wrong() -> void:
	await get_tree().process_frame
	equal(1 + 1, 3, "a sum")


func test_that_checks_nothing() -> void:
	pass


func test_that_makes_the_engine_complain() -> void:
	check(true, "so far")
	push_error("this is wrong")


func test_that_expects_the_complaint() -> void:
	expected_errors = ["this is wrong"]
	check(true, "so far")
	push_error("this is wrong, and known to be")


func test_that_waits_for_what_never_comes() -> void:
	limit_s = 0.2
	check(true, "so far")
	await script_changed


func test_that_wants_too_much() -> void:
	limit_s = 0.2
	await until(func() -> bool: return false, "a wonder")


func test_that_tears_the_engine_down() -> void:
	OS.crash("on purpose")


func test_that_comes_after_it() -> void:
	check(true, "so far")
