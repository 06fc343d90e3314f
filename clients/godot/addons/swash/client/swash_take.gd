@tool
class_name SwashTake
extends RefCounted
## One whole sound: its samples or its file, and all that the server told of it.

const Sound := preload("../generated/sound.gd")
const Pcm := preload("../audio/pcm.gd")

## Seed, effects, parameters, rate: enough to ask for it again.
var header: Sound.Header
## Interleaved PCM, or a file, as [code]header.encoding[/code] says.
var data := PackedByteArray()
## Frames, loudness, SHA-256.
var trailer: Sound.Trailer


## Returns it ready to play, looping when it is a loop; null and an error when Godot cannot play its encoding
## (FLAC, Opus). 16-bit PCM takes no decoding.
func to_stream() -> AudioStream:
	var loop := header.loop
	match header.encoding:
		Sound.Encoding.PCM_S16LE:
			return Pcm.to_wav(data, header.sample_rate, header.channels, loop)
		Sound.Encoding.PCM_F32LE:
			return Pcm.to_wav(Pcm.to_s16(data), header.sample_rate, header.channels, loop)
		Sound.Encoding.WAV:
			var wav := AudioStreamWAV.load_from_buffer(data)
			if wav != null and loop != null:
				Pcm.set_loop(wav, loop)
			return wav
		Sound.Encoding.OGG_VORBIS:
			var ogg := AudioStreamOggVorbis.load_from_buffer(data)
			if ogg != null and loop != null:
				ogg.loop = true
				ogg.loop_offset = float(loop.start_frame) / header.sample_rate
			return ogg
	push_error("encoding: Godot plays PCM, WAV and OGG_VORBIS, got %d" % header.encoding)
	return null


## Returns its length in seconds.
func duration_s() -> float:
	return float(trailer.frames) / header.sample_rate


## Returns its PCM as stereo frames in [-1, 1], a mono sound on both sides; empty when it is a file.
func to_frames() -> PackedVector2Array:
	match header.encoding:
		Sound.Encoding.PCM_S16LE:
			return Pcm.frames_of_s16(data, header.channels)
		Sound.Encoding.PCM_F32LE:
			return Pcm.frames_of_f32(data, header.channels)
	return PackedVector2Array()
