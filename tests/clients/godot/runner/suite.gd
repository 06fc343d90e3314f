extends Node
## What tests extend: `extends "res://tests/runner/suite.gd"`, in a file test_*.gd, and each `func test_...`
## is a test. It may await, but not longer than [member limit_s].
##
## The engine is a release build: a call on null, or an array's end, is no error of the script there. It does
## nothing, or it ends the engine; so check what a value is before using it.

## Where the swash server listens over HTTP: "http://127.0.0.1:8080".
var server := ""
## How long a test may take before it has failed.
var limit_s := 20.0
## Why the test that runs has failed.
var failures: PackedStringArray = []
## How many checks the test that runs has made: without any it has proven nothing.
var checks := 0
## Errors that the test wants the engine to report, by a part of their text; others fail it.
var expected_errors: PackedStringArray = []


## Runs before each test.
func before_each() -> void:
	pass


## Runs after each test, however it ended.
func after_each() -> void:
	pass


## Fails the test, which goes on, unless it is so.
func check(is_so: bool, what: String) -> bool:
	checks += 1
	if not is_so:
		failures.append(what)
	return is_so


## Fails the test, which goes on, unless both are of one type and equal.
func equal(got: Variant, wanted: Variant, what := "") -> bool:
	var same: bool = typeof(got) == typeof(wanted) and got == wanted
	return check(same, "%s: wanted %s, got %s" % [what, _shown(wanted), _shown(got)])


## Waits until it is so, at most until the test's time is over; false then.
func until(is_so: Callable, what: String) -> bool:
	var end_ms := Time.get_ticks_msec() + limit_s * 1000.0 * 0.9
	while not is_so.call():
		if Time.get_ticks_msec() > end_ms:
			return check(false, "never so: " + what)
		await get_tree().process_frame
	return check(true, what)


func _shown(value: Variant) -> String:
	var text := var_to_str(value)
	return text if text.length() < 300 else text.left(300) + "..."
