@tool
extends RefCounted
## Samples between the wire and Godot: little-endian PCM to what Godot plays.

const Sound := preload("../generated/sound.gd")

const S16_BYTES := 2
const F32_BYTES := 4
const S16_SCALE := 32768.0  # the server's: a full scale of 1.0 is 32768


## Returns 16-bit PCM ready to play. [param loop] null: once. Nothing is decoded.
static func to_wav(
	s16: PackedByteArray, sample_rate: int, channels: int, loop: Sound.Loop = null
) -> AudioStreamWAV:
	var wav := AudioStreamWAV.new()
	wav.format = AudioStreamWAV.FORMAT_16_BITS
	wav.mix_rate = sample_rate
	wav.stereo = channels == 2
	wav.data = s16
	if loop != null:
		set_loop(wav, loop)
	return wav


## Lets 16-bit PCM repeat the frames [start_frame, end_frame) without a seam.
static func set_loop(wav: AudioStreamWAV, loop: Sound.Loop) -> void:
	# Godot plays the frame at loop_end in place of the one at loop_begin (seen in 4.6), and one past the data is
	# noise: so the one at loop_begin stands there once more.
	var frame_bytes := (2 if wav.stereo else 1) * S16_BYTES
	var data := wav.data.slice(0, loop.end_frame * frame_bytes)
	data.append_array(data.slice(loop.start_frame * frame_bytes, (loop.start_frame + 1) * frame_bytes))
	wav.data = data
	wav.loop_mode = AudioStreamWAV.LOOP_FORWARD
	wav.loop_begin = loop.start_frame
	wav.loop_end = loop.end_frame


## Returns 32-bit float PCM as 16-bit PCM.
static func to_s16(f32: PackedByteArray) -> PackedByteArray:
	var samples := f32.to_float32_array()
	var s16 := PackedByteArray()
	s16.resize(samples.size() * S16_BYTES)
	for i in samples.size():
		s16.encode_s16(i * S16_BYTES, clampi(roundi(samples[i] * S16_SCALE), -32768, 32767))
	return s16


## Returns 32-bit float PCM as stereo frames; mono on both sides. Of stereo nothing is copied sample by sample.
static func frames_of_f32(f32: PackedByteArray, channels: int) -> PackedVector2Array:
	if channels == 2:
		return f32.to_vector2_array()
	var samples := f32.to_float32_array()
	var frames := PackedVector2Array()
	frames.resize(samples.size())
	for i in samples.size():
		frames[i] = Vector2(samples[i], samples[i])
	return frames


## Returns 16-bit PCM as stereo frames in [-1, 1]; mono on both sides. Slow: 20 ms for a second of stereo.
static func frames_of_s16(s16: PackedByteArray, channels: int) -> PackedVector2Array:
	var frame_bytes := channels * S16_BYTES
	var frames := PackedVector2Array()
	frames.resize(s16.size() / frame_bytes)
	for i in frames.size():
		var left := s16.decode_s16(i * frame_bytes)
		var right := s16.decode_s16(i * frame_bytes + S16_BYTES) if channels == 2 else left
		frames[i] = Vector2(left, right) / S16_SCALE
	return frames


## Returns the lowest and the highest sample of each of [param columns] equal parts, for drawing: Vector2(low,
## high) in [-1, 1], over all channels. Looks at no more than [param looks] samples of each part.
static func peaks_of_s16(s16: PackedByteArray, columns: int, looks := 128) -> PackedVector2Array:
	var samples := s16.size() / S16_BYTES
	var peaks := PackedVector2Array()
	peaks.resize(columns)
	for column in columns:
		var from := samples * column / columns
		var to := maxi(samples * (column + 1) / columns, from + 1)
		# An odd step, so that both channels of stereo are looked at.
		var step := maxi(1, (to - from) / looks) | 1
		var low := 0
		var high := 0
		for at in range(from, mini(to, samples), step):
			var sample := s16.decode_s16(at * S16_BYTES)
			low = mini(low, sample)
			high = maxi(high, sample)
		peaks[column] = Vector2(low, high) / S16_SCALE
	return peaks
