extends "res://tests/addon_suite.gd"
## Live sessions over Listen and Control, against a real server.

const Client := preload("res://addons/swash/client/swash_client.gd")
const Fault := preload("res://addons/swash/client/swash_error.gd")
const Session := preload("res://addons/swash/client/swash_session.gd")
const Sound := preload("res://addons/swash/generated/sound.gd")

const SMALL := {"sample_rate": 16_000, "channels": 1}

var client: Client
var heard := PackedByteArray()


func before_each() -> void:
	limit_s = 20.0
	client = Client.new()
	client.server_url = server
	add_child(client)


func test_a_session_of_two_calls_sounds_like_one_of_two_directions() -> void:
	var session := _open({"unpaced": true, "log": true})
	var rain := session.start("", {"effect": "rain", "seed": 4, "at_frame": 0})
	session.set_parameter(rain, "intensity", 0.9, {"ramp_ms": 500, "at_frame": 3200})
	var boots := session.start(
		"", {"effect": "footsteps", "seed": 5, "object_seed": 6, "armed": true, "at_frame": 0}
	)
	session.trigger(boots, {"at_frame": 4800})
	session.trigger(boots, {"parameters": {"surface": "wood"}, "at_frame": 8000})
	session.set_parameter(boots, "surface", "snow", {"at_frame": 9600})
	session.trigger(boots, {"seed": 9, "at_frame": 11_200})
	session.crossfade(rain, "strong wind", {"seed": 7, "fade_ms": 300, "at_frame": 8000})
	session.stop_all({"release_ms": 200, "at_frame": 16_000})
	session.finish()
	var result := await session.done()
	if check(result.ok, str(result.error)):
		# Python has made the same over Perform, with the same seeds.
		equal(session.end_info.sha256.hex_encode(), argument("perform_sha256"))
		equal(session.end_info.frames, session.end_info.frames)
		check(session.log_lines.size() > 5, "no log")


func test_commands_are_answered_with_the_frame_at_which_they_hold() -> void:
	var session := _open()
	check(await session.is_open(), str(session.error))
	equal(session.info.sample_rate, 16_000)
	var rain := session.start("light rain on leaves", {"seed": 1})
	var started := await session.answer(session.last_id)
	if check(started.ok, str(started.error)):
		equal(started.response.layers[0].effect, "rain")
		equal(started.response.seed, 1)
	var moved := await session.answer(session.set_parameter(rain, "intensity", 0.9))
	if check(moved.ok, str(moved.error)):
		check(moved.response.frame >= started.response.frame, "before its start")
	session.finish()
	check((await session.done()).ok, str(session.error))


func test_commands_keep_their_order_however_many_there_are() -> void:
	var session := _open({"unpaced": true})
	var boots := session.start("", {"effect": "ui_click", "seed": 1, "armed": true})
	var ids := [1]
	var heard_ids := []
	session.applied.connect(func(info: Sound.Applied) -> void: heard_ids.append(info.id))
	for i in 450:  # three calls of Control
		ids.append(session.trigger(boots, {"at_frame": i * 160}))
	ids.append(session.stop(boots, {"at_frame": 450 * 160}))
	session.finish()
	check((await session.done()).ok, str(session.error))
	equal(heard_ids, ids)


func test_a_control_call_that_breaks_is_repeated_and_nothing_is_done_twice() -> void:
	var session := _open()
	var applied := []
	session.applied.connect(func(info: Sound.Applied) -> void: applied.append(info.id))
	var click := session.start("", {"effect": "ui_click", "seed": 1, "armed": true})
	check((await session.answer(session.last_id)).ok, str(session.error))
	client.server_url = argument("gate")  # for Control: what the session hears comes as before
	session.set_parameter(click, "gain_db", -3.0)
	await session.answer(session.last_id)  # the browser has asked whether it may, and remembers
	await gate("cut")  # it repeats by itself what breaks on a connection that was used before
	await gate("stall")
	var first := session.trigger(click)
	await until(func() -> bool: return first in applied, "the server has done it")
	await gate("cut")  # and its answer to Control never comes
	await gate("flow")
	var second := session.trigger(click)
	await until(func() -> bool: return second in applied, "the next one is done")
	equal(applied, [1, 2, first, second])
	session.finish()
	check((await session.done()).ok, str(session.error))


func test_a_refused_command_disturbs_nothing_else() -> void:
	var session := _open()
	var rain := session.start("", {"effect": "rain", "seed": 1})
	var wrong := await session.answer(session.set_parameter(rain, "intensity", 99.0))
	equal(wrong.error.code, Fault.Code.INVALID_ARGUMENT as int)
	check(not wrong.error.violations.is_empty(), "no field")
	session.start("zxqv wvutr")
	var unknown := await session.answer(session.last_id)
	equal(unknown.error.code, Fault.Code.NOT_FOUND as int)
	check(unknown.error.suggestions.size() > 0, "no suggestions")
	session.start("rain", {"sede": 3})
	equal((await session.answer(session.last_id)).error.violations[0].field, "sede")
	check((await session.answer(session.set_parameter(rain, "intensity", 0.9))).ok, "the rain has gone")
	session.finish()
	check((await session.done()).ok, str(session.error))


func test_a_voice_that_ends_is_told() -> void:
	var session := _open()
	var ended := []
	session.voice_ended.connect(func(voice: int, _frame: int) -> void: ended.append(voice))
	var click := session.start("", {"effect": "ui_click", "seed": 1})
	await until(func() -> bool: return click in ended, "the click ended")
	session.finish()
	check((await session.done()).ok, str(session.error))


func test_a_cancelled_session_ends_and_takes_no_more() -> void:
	var session := _open()
	session.start("", {"effect": "rain", "seed": 1})
	await until(func() -> bool: return not heard.is_empty(), "it sounds")
	session.cancel()
	equal((await session.done()).error.code, Fault.Code.CANCELLED as int)
	var late := await session.answer(session.trigger(1))
	check(not late.ok, "a command after the end")


func test_cancelled_sessions_leave_their_connections_free() -> void:
	for i in 8:  # browsers have six for each server
		var session := _open()
		session.start("", {"effect": "rain", "seed": i})
		await until(func() -> bool: return not heard.is_empty(), "session %d sounds" % i)
		session.cancel()


func test_a_session_with_a_wrong_option_fails_by_its_signal() -> void:
	var session := client.perform({"sample_rat": 16_000})
	check(not await session.is_open(), "it opened")
	equal(session.error.violations[0].field, "sample_rat")
	session = client.perform({"sample_rate": 16_001})
	check(not await session.is_open(), "it opened")
	equal(session.error.violations[0].field, "open.sample_rate")


func test_a_session_without_a_server_fails() -> void:
	client.server_url = argument("nobody")
	var session := client.perform()
	session.start("rain")
	equal((await session.done()).error.code, Fault.Code.UNAVAILABLE as int)
	check(not (await session.answer(session.last_id)).ok, "answered")


func _open(options: Dictionary = {}) -> Session:
	heard = PackedByteArray()
	var session := client.perform(SMALL.merged(options))
	session.audio.connect(func(data: PackedByteArray, _first: int) -> void: heard.append_array(data))
	return session
