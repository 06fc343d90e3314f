extends "res://tests/addon_suite.gd"
## Every rpc against a real server, and everything that can go wrong with a call.

const Client := preload("res://addons/swash/client/swash_client.gd")
const Fault := preload("res://addons/swash/client/swash_error.gd")
const Result := preload("res://addons/swash/client/swash_result.gd")
const Sound := preload("res://addons/swash/generated/sound.gd")

const CLICK := {"effect": "ui_click", "seed": 1, "sample_rate": 16_000}

var client: Client


func before_each() -> void:
	limit_s = 20.0
	client = Client.new()
	client.server_url = server
	add_child(client)


func test_a_sound_from_words_is_whole_and_proved_by_its_digest() -> void:
	var result := await client.render_sound("heavy boots on wet gravel", {"seed": 7})
	if not check(result.ok, str(result.error)):
		return
	equal(result.take.header.layers[0].effect, "footsteps")
	equal(result.take.header.seed, 7)
	equal(result.take.data.size(), result.take.trailer.frames * result.take.header.channels * 2)
	equal(_sha256(result.take.data), result.take.trailer.sha256)


func test_takes_come_whole_and_differ() -> void:
	var result := await client.render_sound("", {"effect": "footsteps", "seed": 3, "takes": 3})
	if check(result.ok, str(result.error)):
		equal(result.takes.map(func(take: Variant) -> int: return take.header.seed), [3, 4, 5])
		check(result.takes[0].data != result.takes[1].data, "two takes are the same")


func test_audio_comes_before_the_sound_is_done() -> void:
	var request := Sound.RenderRequest.new()
	request.effect = "rain"
	request.duration_s = 20.0
	request.seed = randi()  # so that it is made now
	var cases := []
	var call := client.render(request)
	call.message.connect(func(event: Sound.RenderResponse) -> void: cases.append(event.event_case))
	await until(func() -> bool: return Sound.RenderResponse.EventCase.AUDIO in cases, "audio came")
	check(not call.is_over, "all came at once")
	var result := await call.done()
	check(result.ok, str(result.error))
	equal(cases[0], Sound.RenderResponse.EventCase.HEADER)
	equal(cases[-1], Sound.RenderResponse.EventCase.TRAILER)


func test_effects_are_listed_with_what_an_inspector_needs() -> void:
	var result := await client.list_effects().done()
	if not check(result.ok, str(result.error)):
		return
	var effects: Array[Sound.Effect] = result.response.effects
	var is_rain := func(effect: Sound.Effect) -> bool: return effect.id == "rain"
	var rain: Sound.Effect = effects.filter(is_rain)[0]
	var is_intensity := func(parameter: Sound.Parameter) -> bool: return parameter.name == "intensity"
	var intensity: Sound.Parameter = rain.parameters.filter(is_intensity)[0]
	check(intensity.live and intensity.maximum > intensity.minimum, "intensity is no slider")


func test_words_are_understood_without_a_sound() -> void:
	var result := await client.resolve_prompt("starker Regen auf Blech").done()
	if check(result.ok, str(result.error)):
		equal(result.response.layers[0].effect, "rain")


func test_the_server_tells_of_itself() -> void:
	var result := await client.server_info().done()
	if check(result.ok, str(result.error)):
		equal(result.response.default_engine, "procedural")
		check(result.response.uptime != null, "no uptime")


func test_sounds_are_preloaded_and_let_go_of() -> void:
	var request := Sound.PreloadRequest.new()
	request.tag = "godot"
	request.sounds = Sound.PreloadSounds.new()
	var click := Sound.RenderRequest.new()
	click.effect = "ui_click"
	request.sounds.sounds.append(click)
	var ready_takes := []
	var call := client.preload_sounds(request)
	call.message.connect(func(event: Sound.PreloadResponse) -> void: ready_takes.append(event.take))
	var result := await call.done()
	if check(result.ok, str(result.error)):
		equal(ready_takes.size(), 1)
		equal(ready_takes[0].failure, "")
	var unloaded := await client.unload("godot").done()
	if check(unloaded.ok, str(unloaded.error)):
		equal(unloaded.response.takes, 1)
	equal((await client.unload("godot").done()).error.code, Fault.Code.NOT_FOUND as int)


func test_a_field_out_of_range_is_named_with_its_range() -> void:
	var result := await client.render_sound("", {"effect": "rain", "duration_s": 500.0})
	equal(result.error.code, Fault.Code.INVALID_ARGUMENT as int)
	equal(result.error.violations[0].field, "duration_s")
	check(result.error.message.contains("500"), result.error.message)


func test_an_option_that_there_is_not_is_told_before_anything_is_asked() -> void:
	var result := await client.render_sound("rain", {"sede": 7})
	equal(result.error.violations[0].field, "sede")
	result = await client.render_sound("rain", {"seed": -1})
	equal(result.error.message, "seed: 0 to 4294967295, got -1")
	result = await client.render_sound("rain", {"duration_s": "long"})
	equal(result.error.message, "duration_s: float, got String")
	result = await client.render_sound("rain", {"effect": "rain"})
	equal(result.error.violations[0].field, "prompt")
	result = await client.render_sound("rain", {"parameters": {"intensity": []}})
	equal(result.error.violations[0].field, "parameters.intensity")


func test_a_prompt_that_matches_nothing_comes_back_with_suggestions() -> void:
	var result := await client.render_sound("zxqv wvutr")
	equal(result.error.code, Fault.Code.NOT_FOUND as int)
	check(result.error.suggestions.size() > 0, "no suggestions")
	equal(result.error.unknown_words, PackedStringArray(["zxqv", "wvutr"]))


func test_what_the_server_says_arrives_in_any_script() -> void:
	var result := await client.render_sound("", {"effect": "雨+100 %"})
	equal(result.error.code, Fault.Code.INVALID_ARGUMENT as int)
	check(result.error.message.contains("雨+100 %"), result.error.message)


func test_a_call_that_takes_too_long_ends_with_its_deadline() -> void:
	var request := Sound.RenderRequest.new()
	request.effect = "rain"
	request.duration_s = 120.0
	request.seed = randi()
	request.sample_rate = 96_000
	var result := await client.render(request, 0.05).done()
	equal(result.error.code, Fault.Code.DEADLINE_EXCEEDED as int)


func test_a_cancelled_call_ends_at_once_and_its_work_stops() -> void:
	var request := Sound.RenderRequest.new()
	request.effect = "rain"
	request.duration_s = 120.0
	request.seed = randi()
	var call := client.render(request)
	call.message.connect(func(_event: Sound.RenderResponse) -> void: call.cancel())
	var result := await call.done()
	equal(result.error.code, Fault.Code.CANCELLED as int)
	equal(result.takes.size(), 0)


func test_calls_of_a_client_that_leaves_the_tree_end() -> void:
	var call := client.list_effects()
	remove_child(client)
	equal((await call.done()).error.code, Fault.Code.CANCELLED as int)
	var late := await client.list_effects().done()
	equal(late.error.code, Fault.Code.FAILED_PRECONDITION as int)
	client.free()


func test_a_server_that_is_not_there_is_unavailable() -> void:
	client.server_url = argument("nobody")
	var result := await client.server_info().done()
	equal(result.error.code, Fault.Code.UNAVAILABLE as int)
	check(result.error.message.contains(argument("nobody")), result.error.message)


func test_an_address_that_is_none_is_told() -> void:
	for address: String in ["localhost:8080", "http://", "http://a:b", "http://a:99999"]:
		client.server_url = address
		var result := await client.server_info().done()
		equal(result.error.code, Fault.Code.INVALID_ARGUMENT as int)
		check(result.error.message.begins_with("server_url: "), result.error.message)


func test_a_page_that_is_no_swash_server_says_so() -> void:
	client.server_url = server + "/nothing/here"
	var result := await client.server_info().done()
	check(result.error != null and result.error.code != Fault.Code.OK, "no error")


func test_a_message_above_the_limit_is_refused() -> void:
	client.max_message_bytes = 1000
	var result := await client.list_effects().done()
	equal(result.error.code, Fault.Code.RESOURCE_EXHAUSTED as int)


func test_many_calls_at_once_all_end() -> void:
	var calls: Array[RefCounted] = []
	for i in 20:
		var request := Sound.RenderRequest.new()
		request.effect = "ui_click"
		request.seed = i
		calls.append(client.render(request))
	for call in calls:
		var result: Result = await call.done()
		check(result.ok, str(result.error))


func test_every_encoding_that_godot_plays_is_played() -> void:
	var lengths := []
	for encoding: Sound.Encoding in [
		Sound.Encoding.PCM_S16LE, Sound.Encoding.PCM_F32LE, Sound.Encoding.WAV, Sound.Encoding.OGG_VORBIS
	]:
		var result := await client.render_sound("", CLICK.merged({"encoding": encoding}))
		if check(result.ok, str(result.error)):
			lengths.append(snappedf(result.take.to_stream().get_length(), 0.001))
	equal(lengths.size(), 4)
	for length: float in lengths:
		check(absf(length - lengths[0]) < 0.002, "lengths %s" % [lengths])


func _sha256(data: PackedByteArray) -> PackedByteArray:
	var digest := HashingContext.new()
	digest.start(HashingContext.HASH_SHA256)
	digest.update(data)
	return digest.finish()
