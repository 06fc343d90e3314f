extends "res://tests/addon_suite.gd"
## The nodes, heard: what the audio bus carries against what the server made.

const Ambience := preload("res://addons/swash/nodes/swash_ambience.gd")
const Bank := preload("res://addons/swash/nodes/swash_bank.gd")
const Client := preload("res://addons/swash/client/swash_client.gd")
const Fault := preload("res://addons/swash/client/swash_error.gd")
const SwashedSound := preload("res://addons/swash/nodes/swash_sound.gd")

const QUIET := 2.0e-5
const S16_STEP := 1.0 / 32768.0

var client: Client
var capture: AudioEffectCapture
var rate := roundi(AudioServer.get_mix_rate())


func before_each() -> void:
	limit_s = 25.0
	client = Client.new()
	client.server_url = server
	client.cache_folder = "user://test-nodes"
	add_child(client)
	capture = AudioEffectCapture.new()
	capture.buffer_length = 10.0
	AudioServer.add_bus_effect(0, capture)


func after_each() -> void:
	AudioServer.remove_bus_effect(0, 0)
	client.cache.clear()


func test_a_sound_is_heard_sample_for_sample() -> void:
	var sound := _sound(AudioStreamPlayer.new(), "impact", {})
	check(await sound.prepare(), str(sound.error))
	capture.clear_buffer()
	sound.play()
	await sound.finished
	var result := await client.find_or_render(_request_of(sound))
	_check_heard(result.take.to_frames(), _captured())


func test_a_loop_goes_round_without_a_seam() -> void:
	var sound := _sound(AudioStreamPlayer.new(), "waterfall", {})
	sound.loop = true
	sound.duration_s = 1.0
	check(await sound.prepare(), str(sound.error))
	capture.clear_buffer()
	sound.play()
	await until(func() -> bool: return capture.get_frames_available() > rate * 2.6, "two rounds and a half")
	sound.stop()
	var once := (await client.find_or_render(_request_of(sound))).take.to_frames()
	var twice := once.duplicate()
	twice.append_array(once)
	_check_heard(twice, _captured())


func test_a_sound_below_a_player_in_space_plays_through_it() -> void:
	var ear := Camera3D.new()
	add_child(ear)
	ear.make_current()
	var speaker := AudioStreamPlayer3D.new()
	speaker.position = Vector3(0, 0, -1)
	var sound := _sound(speaker, "impact", {})
	sound.play()
	await until(func() -> bool: return speaker.playing, "it plays")
	capture.clear_buffer()
	await until(func() -> bool: return not _is_silent(_captured()), "it is heard")
	var flat := AudioStreamPlayer2D.new()
	_sound(flat, "impact", {}).play()
	await until(func() -> bool: return flat.playing, "it plays in the plane")


func test_what_was_heard_once_is_heard_without_the_server() -> void:
	var sound := _sound(AudioStreamPlayer.new(), "ui_click", {})
	check(await sound.prepare(), str(sound.error))
	client.server_url = argument("nobody")
	client.cache.forget_memory()
	var again := _sound(AudioStreamPlayer.new(), "ui_click", {})
	check(await again.prepare(), str(again.error))
	again.sound_seed = 99
	check(not await again.prepare(), "one that was never made")
	equal(again.error.code, Fault.Code.UNAVAILABLE as int)


func test_a_sound_that_cannot_be_made_says_why() -> void:
	var sound := _sound(AudioStreamPlayer.new(), "no_such_effect", {})
	var errors := []
	sound.failed.connect(func(error: Fault) -> void: errors.append(error))
	sound.play()
	await until(func() -> bool: return not errors.is_empty(), "it failed")
	equal(errors[0].code, Fault.Code.INVALID_ARGUMENT as int)


func test_a_sound_that_is_freed_while_it_is_made_leaves_nothing_behind() -> void:
	var sound := _sound(AudioStreamPlayer.new(), "rain", {})
	sound.play()
	sound.get_parent().free()
	var other := _sound(AudioStreamPlayer.new(), "rain", {})
	check(await other.prepare(), str(other.error))


func test_a_bank_varies_within_its_ranges_and_overlaps() -> void:
	var bank := Bank.new()
	var speaker := AudioStreamPlayer.new()
	add_child(speaker)
	bank.client = client
	bank.effect = "footsteps"
	bank.takes = 3
	bank.pitch_jitter_semitones = 1.0
	bank.gain_jitter_db = 2.0
	bank.random.seed = 4
	speaker.add_child(bank)
	var picks := []
	bank.played.connect(
		func(take: int, pitch: float, gain_db: float) -> void: picks.append([take, pitch, gain_db])
	)
	await bank.play()
	for i in 19:
		bank.play(-6.0)
	if not equal(picks.size(), 20, str(bank.error)):
		return
	for i in range(1, 20):
		check(picks[i][0] != picks[i - 1][0], "take %d twice" % picks[i][0])
		check(absf(log(picks[i][1]) / log(2.0)) <= 1.0 / 12.0 + 1e-6, "pitch %f" % picks[i][1])
		check(absf(picks[i][2] + 6.0) <= 2.0, "gain %f" % picks[i][2])
	capture.clear_buffer()
	await until(func() -> bool: return not _is_silent(_captured()), "it is heard")


func test_an_ambience_is_heard_steered_and_stops() -> void:
	var ocean := _ambience("ocean_waves", server)
	var stops := []
	ocean.stopped.connect(func() -> void: stops.append(1))
	ocean.play()
	await _is_heard(ocean)
	ocean.set_parameter("size", 0.9, 0.1)
	equal(ocean.parameters, {"size": 0.9})
	ocean.crossfade("light rain", "", {}, 0.1)
	ocean.set_parameter("intensity", 0.9)
	ocean.stop(0.05)
	await until(func() -> bool: return not stops.is_empty(), "it stopped")
	equal(ocean.error, null)
	check(not ocean.audio_player().playing, "its player goes on")


func test_a_paused_ambience_is_silent_and_goes_on() -> void:
	var rain := _ambience("rain", server)
	rain.play()
	await _is_heard(rain)
	var speaker: AudioStreamPlayer = rain.audio_player()
	var stream := speaker.stream
	speaker.stream_paused = true
	await until(func() -> bool: return _is_silent(_next(rate / 4)), "it is silent")
	speaker.stream_paused = false
	await until(func() -> bool: return not _is_silent(_captured()), "it is heard again")
	equal(speaker.stream, stream)
	rain.stop(0.0)


func test_an_ambience_survives_a_network_that_stalls() -> void:
	var rain := _ambience("rain", argument("gate"))
	rain.play()
	await _is_heard(rain)
	await gate("stall")
	await until(func() -> bool: return rain.underruns() > 0, "it runs dry")
	await until(func() -> bool: return _is_silent(_next(rate / 4)), "it is silent")
	await gate("flow")
	await until(func() -> bool: return not _is_silent(_captured()), "it is heard again")
	rain.stop(0.0)


func test_an_ambience_comes_back_when_the_connection_breaks() -> void:
	var rain := _ambience("rain", argument("gate"))
	rain.vary_seed = true
	var losses := []
	rain.reconnecting.connect(func(error: Fault, _in_s: float) -> void: losses.append(error.code))
	rain.play()
	await _is_heard(rain)
	rain.set_parameter("intensity", 0.9)
	var seed_before := rain.seed_in_use
	await gate("cut")
	await until(func() -> bool: return not losses.is_empty(), "it noticed")
	equal(losses[0], Fault.Code.UNAVAILABLE as int)
	await until(func() -> bool: return rain.underruns() > 0, "it runs dry")
	capture.clear_buffer()
	await until(func() -> bool: return not _is_silent(_captured()), "it is heard again")
	equal(rain.seed_in_use, seed_before)
	equal(rain.parameters, {"intensity": 0.9})
	rain.stop(0.0)


func test_an_ambience_that_cannot_begin_says_why() -> void:
	var lost := _ambience("no_such_effect", server)
	var errors := []
	lost.failed.connect(func(error: Fault) -> void: errors.append(error))
	lost.play()
	await until(func() -> bool: return not errors.is_empty(), "it failed")
	equal(errors[0].code, Fault.Code.INVALID_ARGUMENT as int)
	check(not lost.is_playing, "it goes on")


func _sound(speaker: Node, effect: String, parameters: Dictionary) -> SwashedSound:
	speaker.set("playback_type", AudioServer.PLAYBACK_TYPE_STREAM)
	add_child(speaker)
	var sound := SwashedSound.new()
	sound.client = client
	sound.effect = effect
	sound.parameters = parameters
	sound.sound_seed = 3
	sound.sample_rate = rate
	sound.prepare_on_ready = false
	speaker.add_child(sound)
	return sound


func _ambience(effect: String, url: String) -> Ambience:
	client.server_url = url
	var ambience := Ambience.new()
	ambience.client = client
	ambience.effect = effect
	ambience.fade_in_s = 0.01
	add_child(ambience)
	return ambience


func _request_of(sound: SwashedSound) -> RefCounted:
	var request := SwashedSound.Sound.RenderRequest.new()
	SwashedSound.Options.fill_sound(request, sound.prompt, sound._options(), SwashedSound.Options.RENDER)
	return request


func _captured() -> PackedVector2Array:
	return capture.get_buffer(capture.get_frames_available())


## Waits until an ambience plays and can be heard, and not what played before it.
func _is_heard(ambience: Ambience) -> void:
	await ambience.started
	capture.clear_buffer()
	await until(func() -> bool: return not _is_silent(_captured()), "it is heard")


## Returns what has been captured when it is so much, and nothing before.
func _next(frames: int) -> PackedVector2Array:
	return _captured() if capture.get_frames_available() >= frames else PackedVector2Array([Vector2.ONE])


func _is_silent(frames: PackedVector2Array) -> bool:
	for frame in frames:
		if absf(frame.x) > QUIET:
			return false
	return true


## Looks for the sound in what was heard, and compares every frame.
func _check_heard(wanted: PackedVector2Array, got: PackedVector2Array) -> void:
	var loudest := 0
	for i in wanted.size():
		if absf(wanted[i].x) > absf(wanted[loudest].x):
			loudest = i
	var at := -1
	for start in got.size() - wanted.size() + 1:
		if (
			_is_near(got[start + loudest], wanted[loudest])
			and _is_near(got[start + loudest + 1], wanted[loudest + 1])
		):
			at = start
			break
	if not check(at >= 0, "not found in %d frames" % got.size()):
		return
	var same := 0
	for i in wanted.size():
		if _is_near(got[at + i], wanted[i]):
			same += 1
	equal(same, wanted.size(), "frames that are the same")


func _is_near(got: Vector2, wanted: Vector2) -> bool:
	return absf(got.x - wanted.x) <= S16_STEP and absf(got.y - wanted.y) <= S16_STEP
