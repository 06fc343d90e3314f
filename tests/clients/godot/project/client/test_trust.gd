extends "res://tests/addon_suite.gd"
## A server that asks who calls, connections that break, and sounds in one message.

const Client := preload("res://addons/swash/client/swash_client.gd")
const Fault := preload("res://addons/swash/client/swash_error.gd")
const ServerUrl := preload("res://addons/swash/client/server_url.gd")
const Sound := preload("res://addons/swash/generated/sound.gd")

const CLICK := {"effect": "ui_click", "seed": 1, "sample_rate": 16_000}
const SECOND_BYTES := 4 * 48_000

var client: Client


func before_each() -> void:
	limit_s = 30.0
	client = Client.new()
	client.server_url = argument("guarded")
	client.token = argument("token")
	add_child(client)


func after_each() -> void:
	client.queue_free()
	ProjectSettings.set_setting(Client.SETTING_TOKEN, "")


func test_a_token_lets_every_call_in() -> void:
	var result := await client.render_sound("", CLICK)
	check(result.ok, str(result.error))
	result = await client.list_effects().done()
	check(result.ok, str(result.error))
	var session := client.perform()
	session.start("", {"effect": "ui_click"})
	session.finish()
	result = await session.done()
	check(result.error == null, str(result.error))
	result = await client.unload("nothing").done()
	equal(result.error.code, Fault.Code.PERMISSION_DENIED as int)


func test_the_project_may_set_the_token() -> void:
	client.token = ""
	ProjectSettings.set_setting(Client.SETTING_TOKEN, argument("token"))
	var result := await client.server_info().done()
	check(result.ok, str(result.error))


func test_who_has_no_token_or_a_wrong_one_is_told_so() -> void:
	for wrong: String in ["", "swash_wrong"]:
		client.token = wrong
		var result := await client.render_sound("", CLICK)
		equal(result.error.code, Fault.Code.UNAUTHENTICATED as int, wrong)
		var session := client.perform()
		equal((await session.done()).error.code, Fault.Code.UNAUTHENTICATED as int, wrong)


func test_a_token_is_never_sent_in_the_clear_to_another_machine() -> void:
	client.server_url = "http://sounds.example:8080"
	var result := await client.server_info().done()
	equal(result.error.code, Fault.Code.INVALID_ARGUMENT as int)
	equal(result.error.violations[0].field, "token")
	check(result.error.message.contains("sounds.example"), result.error.message)
	check(not result.error.message.contains(client.token), "the token is shown")
	client.token = "a b"
	result = await client.server_info().done()
	check(result.error.message.contains("printable ASCII"), result.error.message)


func test_nobody_listens_on_the_way_to_this_machine_or_over_https() -> void:
	for address: String in ["http://localhost:80", "http://127.0.0.9:80", "http://[::1]:80", "https://a.example"]:
		check(ServerUrl.new(address).is_private(), address)
	for address: String in ["http://a.example", "http://127.0.0.1.a.example", "http://192.168.0.1"]:
		check(not ServerUrl.new(address).is_private(), address)


func test_a_sound_goes_on_where_the_connection_broke() -> void:
	var whole := await client.render(_rain(2.0)).done()
	client.server_url = argument("breaking")
	var headers := []
	var call := client.render(_rain(2.0))
	call.message.connect(
		func(event: Sound.RenderResponse) -> void:
			if event.event_case == Sound.RenderResponse.EventCase.HEADER:
				headers.append(event.header.seed)
	)
	var result := await call.done()
	if check(result.ok and whole.ok, str(result.error)):
		check(result.take.data == whole.take.data, "other samples")
		equal(headers, [33])


func test_takes_and_a_sound_without_a_seed_go_on_too() -> void:
	client.server_url = argument("breaking")
	var request := _rain(1.0)
	request.takes = 2
	var result := await client.render(request).done()
	if check(result.ok, str(result.error)):
		equal(result.takes.map(func(take: Variant) -> int: return take.header.seed), [33, 34])
		equal(result.takes.map(func(take: Variant) -> int: return take.header.take), [0, 1])
	request = _rain(2.0)
	request.has_seed = false
	result = await client.render(request).done()
	check(result.ok, str(result.error))


func test_a_sound_is_not_asked_for_for_ever() -> void:
	client.server_url = argument("hopeless")
	equal((await client.render(_rain(2.0)).done()).error.code, Fault.Code.UNAVAILABLE as int)
	client.server_url = argument("breaking")
	client.retries = 0
	equal((await client.render(_rain(2.0)).done()).error.code, Fault.Code.UNAVAILABLE as int)


func test_what_waits_for_its_next_try_can_be_cancelled() -> void:
	client.server_url = argument("nobody")
	client.retries = 100
	var call := client.render(_rain(2.0))
	for frame in 20:
		await get_tree().process_frame
	call.cancel()
	equal((await call.done()).error.code, Fault.Code.CANCELLED as int)


func test_a_sound_in_one_message_is_the_one_that_streams() -> void:
	var request := _rain(0.5)
	request.priority = Sound.Priority.INTERACTIVE
	var fetched := await client.fetch(request).done()
	var rendered := await client.render(request).done()
	if check(fetched.ok and rendered.ok, str(fetched.error)):
		check(fetched.take.data == rendered.take.data, "other samples")
		check(fetched.response is Sound.FetchResponse, "it streamed")


func test_what_is_too_large_for_one_message_streams() -> void:
	var fetched := await client.fetch(_rain(20.0)).done()
	if check(fetched.ok, str(fetched.error)):
		equal(fetched.take.data.size(), 20 * SECOND_BYTES)
		check(fetched.response is Sound.RenderResponse, "it came in one")


func _rain(duration_s: float) -> Sound.RenderRequest:
	var request := Sound.RenderRequest.new()
	request.effect = "rain"
	request.duration_s = duration_s
	request.seed = 33
	request.sample_rate = 48_000
	request.channels = 2
	return request
