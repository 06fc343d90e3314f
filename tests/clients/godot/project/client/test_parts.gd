extends "res://tests/runner/suite.gd"
## The parts that need no server: frames on the wire, addresses, samples, what waits to be played, the cache.

const Cache := preload("res://addons/swash/audio/sound_cache.gd")
const Frames := preload("res://addons/swash/client/grpc_web_frames.gd")
const LiveBuffer := preload("res://addons/swash/audio/live_buffer.gd")
const Pcm := preload("res://addons/swash/audio/pcm.gd")
const Picker := preload("res://addons/swash/audio/picker.gd")
const ServerUrl := preload("res://addons/swash/client/server_url.gd")
const Sound := preload("res://addons/swash/generated/sound.gd")
const Take := preload("res://addons/swash/client/swash_take.gd")

const RATE := 1000  # 10 frames of fade
const FOLDER := "user://test-cache"


func before_each() -> void:
	DirAccess.make_dir_absolute(FOLDER)


func after_each() -> void:
	for file in DirAccess.get_files_at(FOLDER):
		DirAccess.remove_absolute(FOLDER.path_join(file))


func test_frames_are_read_whatever_the_pieces_they_come_in() -> void:
	var body := PackedByteArray([0, 0, 0, 0, 3, 7, 8, 9, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 16])
	body.append_array("Grpc-Status: 5\r\n".to_ascii_buffer())
	for size in [1, 2, 3, 5, 7, body.size()]:
		var frames := Frames.new()
		for at in range(0, body.size(), size):
			frames.feed(body.slice(at, at + size))
		equal(frames.messages, [PackedByteArray([7, 8, 9]), PackedByteArray()] as Array[PackedByteArray])
		equal(frames.trailers, {"grpc-status": "5"})
		check(frames.ended and frames.problem.is_empty(), frames.problem)


func test_bytes_that_are_no_frames_are_refused() -> void:
	for bad: Array in [
		[1, 0, 0, 0, 0], [2, 0, 0, 0, 0], [0, 255, 255, 255, 255], [0x80, 0, 0, 0, 0, 0], [0x80, 1, 0, 0, 0]
	]:
		var frames := Frames.new()
		frames.feed(PackedByteArray(bad))
		check(not frames.problem.is_empty(), "%s was taken" % [bad])


func test_addresses_are_taken_apart() -> void:
	var local := ServerUrl.new("http://127.0.0.1:8080")
	equal([local.host, local.port, local.is_https, local.prefix], ["127.0.0.1", 8080, false, ""])
	var far := ServerUrl.new("https://sounds.example/swash/")
	equal([far.host, far.port, far.is_https, far.prefix], ["sounds.example", 443, true, "/swash"])
	var six := ServerUrl.new("http://[::1]:81")
	equal([six.host, six.port], ["::1", 81])
	equal(ServerUrl.new("http://[::1]").port, 80)


func test_samples_keep_their_values() -> void:
	var s16 := PackedByteArray([0, 0, 0, 0x80, 0xFF, 0x7F, 1, 0])
	equal(Pcm.frames_of_s16(s16, 2), PackedVector2Array([Vector2(0, -1), Vector2(32767, 1) / 32768.0]))
	equal(Pcm.frames_of_s16(s16.slice(0, 4), 1), PackedVector2Array([Vector2.ZERO, -Vector2.ONE]))
	var f32 := PackedFloat32Array([0.0, -1.0, 2.0, 0.5]).to_byte_array()
	equal(Pcm.to_s16(f32), PackedByteArray([0, 0, 0, 0x80, 0xFF, 0x7F, 0, 0x40]))
	equal(Pcm.frames_of_f32(f32, 2), PackedVector2Array([Vector2(0, -1), Vector2(2, 0.5)]))
	equal(Pcm.peaks_of_s16(s16, 2), PackedVector2Array([Vector2(-1, 0), Vector2(0, 32767 / 32768.0)]))


func test_what_comes_in_time_is_passed_on_as_it_is() -> void:
	var buffer := LiveBuffer.new(RATE, 0.05, 1.0)
	buffer.feed(_steps(0, 30))
	equal(buffer.pull(100, true).size(), 0, "it gathers")
	buffer.feed(_steps(30, 70))
	var given := buffer.pull(25, false)
	given.append_array(buffer.pull(1000, false))
	buffer.end()
	given.append_array(buffer.pull(1000, false))
	equal(given, _steps(0, 70))
	check(buffer.is_drained(), "not drained")
	equal(buffer.underruns, 0)


func test_running_dry_is_a_fade_to_silence_and_back_and_no_click() -> void:
	var buffer := LiveBuffer.new(RATE, 0.02, 1.0)
	buffer.feed(_level(1.0, 50))
	var given := buffer.pull(1000, false)
	equal(given.size(), 40, "some is held back")
	given.append_array(buffer.pull(1000, true))  # nothing more has come
	equal(given.size(), 50)
	equal(buffer.underruns, 1)
	equal(buffer.pull(1000, true).size(), 0, "it gathers again")
	equal(buffer.underruns, 1)
	buffer.feed(_level(1.0, 60))
	given.append_array(buffer.pull(1000, true))
	_check_smooth(given, 0.11)
	equal(given[49], Vector2.ZERO)


func test_what_has_gathered_too_long_is_skipped_without_a_click() -> void:
	var buffer := LiveBuffer.new(RATE, 0.05, 0.2)
	for i in 30:
		buffer.feed(_level(1.0, 10))
	check(buffer.size() <= 200, "%d frames wait" % buffer.size())
	check(buffer.skipped_frames > 0, "nothing was skipped")
	equal(buffer.size() + buffer.skipped_frames, 300)
	var given := buffer.pull(1000, false)
	_check_smooth(given, 0.45)  # equal power: two equal levels sum to at most 1.414


func test_another_session_fades_in_behind_what_was_left_of_the_last() -> void:
	var buffer := LiveBuffer.new(RATE, 0.02, 1.0)
	buffer.feed(_level(1.0, 50))
	buffer.break_off()
	buffer.feed(_level(-1.0, 50))
	var given := buffer.pull(1000, false)
	_check_smooth(given, 0.11)
	equal(given.size(), 90)


func test_picks_never_repeat_at_once_and_stay_in_their_ranges() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = 5
	var picker := Picker.new(random)
	var seen := {}
	var last := -1
	for i in 400:
		var pick := picker.next(4, 2.0, 3.0)
		check(pick.take != last, "take %d twice" % last)
		check(absf(log(pick.pitch_scale) / log(2.0) * 12.0) <= 2.0001, "pitch %f" % pick.pitch_scale)
		check(absf(pick.gain_db) <= 3.0, "gain %f" % pick.gain_db)
		last = pick.take
		seen[last] = true
	equal(seen.size(), 4)
	equal(picker.next(1, 0.0, 0.0).take, 0)
	equal(picker.next(1, 0.0, 0.0).take, 0, "one take has to repeat")


func test_the_same_random_seed_gives_the_same_picks() -> void:
	var picks := []
	for round in 2:
		var random := RandomNumberGenerator.new()
		random.seed = 9
		var picker := Picker.new(random)
		picks.append(range(20).map(func(_i: int) -> float: return picker.next(5, 1.0, 1.0).pitch_scale))
	equal(picks[0], picks[1])


func test_the_cache_gives_back_what_it_was_given_after_a_restart_too() -> void:
	var kept := Cache.new(FOLDER, 1 << 20, 1 << 20)
	kept.keep("one", [_take(7, 1000)])
	equal(kept.find("one")[0].header.seed, 7)
	var restarted := Cache.new(FOLDER, 1 << 20, 1 << 20)
	var found := restarted.find("one")
	if equal(found.size(), 1):
		equal(found[0].header.seed, 7)
		equal(found[0].trailer.frames, 500)
		equal(found[0].data, _take(7, 1000).data)
	equal(restarted.find("two").size(), 0)
	restarted.clear()
	equal(Cache.new(FOLDER, 1 << 20, 1 << 20).find("one").size(), 0)


func test_the_cache_believes_no_damaged_file() -> void:
	Cache.new(FOLDER, 0, 1 << 20).keep("one", [_take(7, 1000)])
	var path := FOLDER.path_join("one.swash")
	var whole := FileAccess.get_file_as_bytes(path)
	var flipped := whole.duplicate()
	flipped[whole.size() - 1] ^= 1
	for damaged: PackedByteArray in [flipped, whole.slice(0, 100), whole.slice(0, 5), PackedByteArray([1, 2])]:
		FileAccess.open(path, FileAccess.WRITE).store_buffer(damaged)
		equal(Cache.new(FOLDER, 0, 1 << 20).find("one").size(), 0)
		check(not FileAccess.file_exists(path), "it is still there")


func test_the_cache_holds_no_more_than_it_may() -> void:
	var cache := Cache.new(FOLDER, 2500, 4000)
	for i in 5:
		cache.keep("key%d" % i, [_take(i, 1000)])
	var bytes := 0
	for file in DirAccess.get_files_at(FOLDER):
		bytes += FileAccess.get_file_as_bytes(FOLDER.path_join(file)).size()
	check(bytes > 2000 and bytes <= 4000, "%d bytes on disk" % bytes)
	equal(cache.find("key0").size(), 0)
	equal(cache.find("key4").size(), 1)
	cache.keep("large", [_take(1, 10_000)])
	equal(cache.find("large").size(), 0)


func test_equal_requests_have_equal_keys_and_one_without_a_seed_has_none() -> void:
	var one := Sound.RenderRequest.new()
	var other := Sound.RenderRequest.new()
	one.effect = "rain"
	other.effect = "rain"
	equal(Cache.key_of(one), "")
	one.seed = 1
	other.seed = 1
	for name: String in ["a", "b"]:
		one.parameters[name] = Sound.ParameterValue.new()
	for name: String in ["b", "a"]:
		other.parameters[name] = Sound.ParameterValue.new()
	equal(Cache.key_of(one), Cache.key_of(other))
	equal(Cache.key_of(one).length(), 64)
	other.seed = 2
	check(Cache.key_of(one) != Cache.key_of(other), "another seed has the same key")


func _steps(from: int, to: int) -> PackedVector2Array:
	var frames := PackedVector2Array()
	for i in range(from, to):
		frames.append(Vector2(i, -i))
	return frames


func _level(level: float, count: int) -> PackedVector2Array:
	var frames := PackedVector2Array()
	frames.resize(count)
	frames.fill(Vector2.ONE * level)
	return frames


func _check_smooth(frames: PackedVector2Array, most: float) -> void:
	for i in range(1, frames.size()):
		var step := absf(frames[i].x - frames[i - 1].x)
		if step > most:
			check(false, "a step of %f at %d" % [step, i])
			return
	check(true, "")


func _take(of_seed: int, bytes: int) -> Take:
	var take := Take.new()
	take.header = Sound.Header.new()
	take.header.seed = of_seed
	take.trailer = Sound.Trailer.new()
	take.trailer.frames = bytes / 2
	take.data.resize(bytes)
	take.data.fill(of_seed)
	return take
