# Made from swash/v1/sound.proto by protoc-gen-swash: do not edit.
# gdlint: disable=class-variable-name,enum-name,max-file-lines,sub-class-name
@tool
extends RefCounted
## The contract of swash: ask for a sound in words, hear it while it is made.
##
## Units are in the names: _s seconds, _ms milliseconds, _db decibels, _hz hertz, _m metres, _frames and
## "frame" one sample of every channel. A field marked "optional" that is absent means "the server chooses";
## what it chose comes back in the Header, so that any sound ever heard can be asked for again.
## No value means "choose": not 0, not -1, not NaN.
##
## Every message has to_bytes() and a static from_bytes(), which returns null for bytes that are no such message.
## A field that may be absent has has_...; a message is absent when it is null; of several fields that exclude each
## other ..._case names the one that is set. Names that Godot has already end with an underscore: Curve_.
## 64-bit unsigned numbers are Godot's signed int: from 2^63 on they are negative.

## How the audio travels.
enum Encoding {
	## The server's default: ENCODING_PCM_S16LE.
	UNSPECIFIED = 0,
	## Signed 16-bit little-endian, interleaved; no header. Audio.first_frame counts.
	PCM_S16LE = 1,
	## 32-bit IEEE float little-endian in [-1, 1], interleaved; no header. Audio.first_frame counts.
	PCM_F32LE = 2,
	## A RIFF WAVE file of 16-bit PCM; a loop carries a `smpl` chunk.
	WAV = 3,
	## A FLAC file, 16 bit, lossless.
	FLAC = 4,
	## An Ogg Vorbis file.
	OGG_VORBIS = 5,
	## An Ogg Opus file; sample_rate must be 8000, 12000, 16000, 24000 or 48000.
	OGG_OPUS = 6,
}

## How the neural engine makes a loop.
enum LoopMethod {
	UNSPECIFIED = 0,
	## The seam is made by the model: it samples on a ring.
	LATENTS = 1,
	## A longer sound whose end is crossfaded, at equal power, into its beginning.
	CROSSFADE = 2,
}

## Where a sound came from.
enum Cached {
	UNSPECIFIED = 0,
	## Made for this call.
	NO = 1,
	## Being made for another call; this one joined it.
	JOINED = 2,
	## From memory.
	MEMORY = 3,
	## From the store on disk.
	STORE = 4,
	## From the tier that several servers share.
	SHARED = 5,
}

## Who has the first turn when there is more to do than cores. Whoever waits rises with time: nobody starves.
enum Priority {
	## Interactive; of Preload: preload.
	UNSPECIFIED = 0,
	## Somebody waits for it, now.
	INTERACTIVE = 1,
	## Somebody will want it soon: the next level.
	PRELOAD = 2,
	## Nobody is in a hurry: a bank of sounds, over night.
	BAKE = 3,
}

## What length an effect has.
enum EffectKind {
	UNSPECIFIED = 0,
	## Ends by itself: a hit, a click.
	ONE_SHOT = 1,
	## Goes on for as long as it is asked: rain, wind.
	ENDLESS = 2,
	## A one-shot (one step) that becomes endless (walking) when a duration or a loop is asked for.
	EITHER = 3,
}

## How a control should move between minimum and maximum.
enum Curve_ {
	UNSPECIFIED = 0,
	LINEAR = 1,
	## Equal ratios sound like equal steps: frequencies, sizes.
	LOGARITHMIC = 2,
}

## Whether an engine can be asked.
enum EngineState {
	UNSPECIFIED = 0,
	READY = 1,
	WARMING_UP = 2,
	## Not here: no weights, or not installed.
	ABSENT = 3,
}

const Google := preload("status.gd")
const Reader := preload("../wire/reader.gd")
const Writer := preload("../wire/writer.gd")

## Makes (or remembers) one sound and streams it while it is made. For each take, in order:
## any number of Progress, one Header, then Audio, then one Trailer.
##
## INVALID_ARGUMENT with google.rpc.BadRequest: a field is out of range or a parameter is unknown.
## NOT_FOUND with ResolvePromptResponse: the prompt matches nothing; suggestions and unknown words.
## FAILED_PRECONDITION: the engine that was asked for has no weights here.
## RESOURCE_EXHAUSTED with google.rpc.RetryInfo: the server has as much to do as it may hold.
## DEADLINE_EXCEEDED: the deadline passed; the work has stopped.
## UNAVAILABLE with google.rpc.RetryInfo: the server is starting or draining.
## INTERNAL: unforeseen; the message holds an id that stands in the server's log.
const METHOD_RENDER := "/swash.v1.SoundService/Render"
## One take in one message, once it is made: for short sounds that are wanted whole, such as steps and clicks.
## Remembered, it costs the server a third of Render.
##
## Besides what Render answers, OUT_OF_RANGE: its data is larger than 3 MiB, and gRPC takes 4 in one message;
## Render streams it.
const METHOD_FETCH := "/swash.v1.SoundService/Fetch"
## Plays live: a session, one output in which several voices sound together on one clock, steered while they do.
## What a game places in space at different points is as many sessions, all on one connection.
##
## The first request opens the session; every later one is a command. A command is answered by Applied, with the
## frame at which it took effect, or by Refused, and a refused one disturbs nothing else. Frames are made while
## something sounds or a command waits for its frame, never more than ahead_ms before they are due; in between
## the clock stands still, so that what is triggered out of silence is heard at once. When the requests end, the
## commands that wait for their frame are still done, then what sounds is released and the session closes; so it
## does after an hour in which nothing sounds and nothing is asked. When the caller vanishes, its voices are gone.
##
## Before the session is open: INVALID_ARGUMENT, RESOURCE_EXHAUSTED with google.rpc.RetryInfo, UNAVAILABLE.
const METHOD_PERFORM := "/swash.v1.SoundService/Perform"
## Perform for callers whose transport streams in one direction only, as browsers and game engines over HTTP/1.1
## do: everything that Perform sends comes from here, and every later request goes to Control, under the name in
## SessionOpened.session. When the caller of Listen vanishes, the session is gone.
##
## INVALID_ARGUMENT, RESOURCE_EXHAUSTED with google.rpc.RetryInfo, UNAVAILABLE: as Perform.
const METHOD_LISTEN := "/swash.v1.SoundService/Listen"
## Hands requests to a session of Listen, which answers them. Returns when they are taken, before they are done.
## One call at a time: what is to be commanded meanwhile goes into the next.
##
## NOT_FOUND: no such session, it is over perhaps.
## INVALID_ARGUMENT with google.rpc.BadRequest: calls before this one are missing, or it is too long.
## RESOURCE_EXHAUSTED with google.rpc.RetryInfo: the answers to earlier requests have not been read.
const METHOD_CONTROL := "/swash.v1.SoundService/Control"
## Makes (or finds) every sound of a manifest and keeps it under a tag until Unload, whatever else is forgotten.
## One response for each take of each sound. Ask again after a broken call: what is done is done.
##
## INVALID_ARGUMENT with google.rpc.BadRequest: a line of the manifest is wrong; nothing has been made.
## RESOURCE_EXHAUSTED: the pinned sounds would not fit.
const METHOD_PRELOAD := "/swash.v1.SoundService/Preload"
## Lets go of what was preloaded under a tag: it may be forgotten now. NOT_FOUND: nothing is under this tag.
const METHOD_UNLOAD := "/swash.v1.SoundService/Unload"
## Lists every effect with its parameters and presets: enough to build an inspector from.
const METHOD_LIST_EFFECTS := "/swash.v1.SoundService/ListEffects"
## Says what the server understands from a prompt, and makes no sound. Never NOT_FOUND:
## a prompt that matches nothing comes back with no layers.
const METHOD_RESOLVE_PROMPT := "/swash.v1.SoundService/ResolvePrompt"
## Tells engines, versions, formats and limits.
const METHOD_GET_SERVER_INFO := "/swash.v1.SoundService/GetServerInfo"


## Asks for one sound.
class RenderRequest:
	extends RefCounted

	enum SoundCase { NONE, PROMPT, EFFECT }
	enum InitCase { NONE, INIT_AUDIO, INIT_KEY }

	## English words, 1 to 1000 characters: "slow waves on a pebble beach".
	var prompt: String:
		get:
			return _sound_value if sound_case == SoundCase.PROMPT else ""
		set(new_value):
			_sound_value = new_value
			sound_case = SoundCase.PROMPT
	## An effect from ListEffects, "rain", or one of its presets, "rain/tin_roof".
	var effect: String:
		get:
			return _sound_value if sound_case == SoundCase.EFFECT else ""
		set(new_value):
			_sound_value = new_value
			sound_case = SoundCase.EFFECT
	## Parameters by name, as ListEffects gives them. With a prompt they override what the words said
	## for the first layer.
	var parameters: Dictionary[String, ParameterValue] = {}
	## Which engine: "procedural" or "stable_audio". Absent: the server's default.
	var engine: String = "":
		set(new_value):
			engine = new_value
			has_engine = true
	var has_engine := false
	## Seconds of sound, above 0 and at most 120; of the engine "stable_audio" 0.1 to what its model can, 11.8.
	## Absent: the natural length (a one-shot's own, 8 s of an endless sound, 8 s of a neural one less the silence
	## at its end).
	var duration_s: float = 0.0:
		set(new_value):
			duration_s = new_value
			has_duration_s = true
	var has_duration_s := false
	## Which performance: this step, this wave. The same seed gives the same sound. Absent: chosen anew.
	var seed: int = 0:
		set(new_value):
			seed = new_value
			has_seed = true
	var has_seed := false
	## Which object: these boots, this crate. Takes share it. Absent: 0.
	var object_seed: int = 0:
		set(new_value):
			object_seed = new_value
			has_object_seed = true
	var has_object_seed := false
	## Makes an endless sound whose end joins its start to the sample. 1 to 60 s; effects of long periods
	## need more (ocean_waves 5 s), and the error says how much.
	var loop: bool = false
	## How many takes, 1 to 32, with seeds seed, seed + 1, ... Absent: 1.
	var takes: int = 0:
		set(new_value):
			takes = new_value
			has_takes = true
	var has_takes := false
	## Frames a second, 8000 to 96000. Absent: 48000.
	var sample_rate: int = 0:
		set(new_value):
			sample_rate = new_value
			has_sample_rate = true
	var has_sample_rate := false
	## 1 or 2. Absent: 1 for a one-shot (the game places it), 2 for an endless sound.
	var channels: int = 0:
		set(new_value):
			channels = new_value
			has_channels = true
	var has_channels := false
	var encoding: Encoding = Encoding.UNSPECIFIED
	## Integrated loudness to reach, LUFS, -60 to -5. Absent: the effect's calibrated level, so that a soft
	## step stays softer than a hard one. With a target the sound is measured whole before its first frame.
	var loudness_lufs: float = 0.0:
		set(new_value):
			loudness_lufs = new_value
			has_loudness_lufs = true
	var has_loudness_lufs := false
	## Highest true peak, dBTP, -30 to 0. Absent: -1.
	var ceiling_dbtp: float = 0.0:
		set(new_value):
			ceiling_dbtp = new_value
			has_ceiling_dbtp = true
	var has_ceiling_dbtp := false
	## Cuts silence from the end of a one-shot. Absent: true.
	var trim: bool = false:
		set(new_value):
			trim = new_value
			has_trim = true
	var has_trim := false
	## Skips this many frames of each take: resumes a broken stream. PCM encodings only. Absent: 0.
	var first_frame: int = 0:
		set(new_value):
			first_frame = new_value
			has_first_frame = true
	var has_first_frame := false
	## Steps of the sampler, 1 to 50: more take longer. Absent: 8, which the weights were trained for.
	var steps: int = 0:
		set(new_value):
			steps = new_value
			has_steps = true
	var has_steps := false
	## How many times as far from `negative_prompt` (or from no prompt at all) to go as the prompt does, 1 to 15.
	## Above 1 takes twice the time. Absent: 1, which the weights were trained for; with a negative_prompt: 2.
	var guidance: float = 0.0:
		set(new_value):
			guidance = new_value
			has_guidance = true
	var has_guidance := false
	## What not to sound like, 1 to 1000 characters; needs a guidance above 1.
	var negative_prompt: String = "":
		set(new_value):
			negative_prompt = new_value
			has_negative_prompt = true
	var has_negative_prompt := false
	## A WAV, FLAC, Ogg Vorbis or Ogg Opus file of 0.1 s up to the longest sound the model makes, at any rate,
	## 1 or 2 channels, not silent.
	var init_audio: PackedByteArray:
		get:
			return _init_value if init_case == InitCase.INIT_AUDIO else PackedByteArray()
		set(new_value):
			_init_value = new_value
			init_case = InitCase.INIT_AUDIO
	## Header.key of a sound that this server still remembers.
	var init_key: String:
		get:
			return _init_value if init_case == InitCase.INIT_KEY else ""
		set(new_value):
			_init_value = new_value
			init_case = InitCase.INIT_KEY
	## How much of the init audio noise replaces, 0.12 (hardly changed) to 1 (nothing left). Absent: 0.7.
	var init_noise_level: float = 0.0:
		set(new_value):
			init_noise_level = new_value
			has_init_noise_level = true
	var has_init_noise_level := false
	## Samples only as much as duration_s needs instead of the length the weights were trained at: several times
	## faster for short sounds, and another sound. How good it is nobody has promised.
	var short_window: bool = false
	## How a loop is made. Absent: LOOP_METHOD_LATENTS.
	var loop_method: LoopMethod = LoopMethod.UNSPECIFIED
	## When the engine that was asked for cannot answer within this call's deadline, or is not here, the procedural
	## engine does: Header.fallback says so. The sound that was asked for is made behind, for the next time.
	var fallback: bool = false
	## Who goes first when the server is busy; a server that knows its callers lets not everyone be interactive.
	## No part of what sounds.
	var priority: Priority = Priority.UNSPECIFIED
	var sound_case := SoundCase.NONE
	var init_case := InitCase.NONE
	var _sound_value: Variant = null
	var _init_value: Variant = null

	func clear_engine() -> void:
		engine = ""
		has_engine = false

	func clear_duration_s() -> void:
		duration_s = 0.0
		has_duration_s = false

	func clear_seed() -> void:
		seed = 0
		has_seed = false

	func clear_object_seed() -> void:
		object_seed = 0
		has_object_seed = false

	func clear_takes() -> void:
		takes = 0
		has_takes = false

	func clear_sample_rate() -> void:
		sample_rate = 0
		has_sample_rate = false

	func clear_channels() -> void:
		channels = 0
		has_channels = false

	func clear_loudness_lufs() -> void:
		loudness_lufs = 0.0
		has_loudness_lufs = false

	func clear_ceiling_dbtp() -> void:
		ceiling_dbtp = 0.0
		has_ceiling_dbtp = false

	func clear_trim() -> void:
		trim = false
		has_trim = false

	func clear_first_frame() -> void:
		first_frame = 0
		has_first_frame = false

	func clear_steps() -> void:
		steps = 0
		has_steps = false

	func clear_guidance() -> void:
		guidance = 0.0
		has_guidance = false

	func clear_negative_prompt() -> void:
		negative_prompt = ""
		has_negative_prompt = false

	func clear_init_noise_level() -> void:
		init_noise_level = 0.0
		has_init_noise_level = false

	func clear_sound() -> void:
		_sound_value = null
		sound_case = SoundCase.NONE

	func clear_init() -> void:
		_init_value = null
		init_case = InitCase.NONE

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if sound_case == SoundCase.PROMPT:
			writer.put_tag(10)
			writer.put_string(prompt)
		if sound_case == SoundCase.EFFECT:
			writer.put_tag(18)
			writer.put_string(effect)
		for map_key: String in Writer.sorted_keys(parameters):
			var packed := Writer.new()
			packed.put_tag(10)
			packed.put_string(map_key)
			packed.put_tag(18)
			packed.put_bytes(parameters[map_key].to_bytes())
			writer.put_tag(26)
			writer.put_bytes(packed.bytes)
		if has_engine:
			writer.put_tag(34)
			writer.put_string(engine)
		if has_duration_s:
			writer.put_tag(41)
			writer.put_double(duration_s)
		if has_seed:
			writer.put_tag(48)
			writer.put_uint32(seed)
		if has_object_seed:
			writer.put_tag(56)
			writer.put_uint32(object_seed)
		if loop:
			writer.put_tag(64)
			writer.put_bool(loop)
		if has_takes:
			writer.put_tag(72)
			writer.put_uint32(takes)
		if has_sample_rate:
			writer.put_tag(80)
			writer.put_uint32(sample_rate)
		if has_channels:
			writer.put_tag(88)
			writer.put_uint32(channels)
		if encoding != 0:
			writer.put_tag(96)
			writer.put_enum(encoding)
		if has_loudness_lufs:
			writer.put_tag(105)
			writer.put_double(loudness_lufs)
		if has_ceiling_dbtp:
			writer.put_tag(113)
			writer.put_double(ceiling_dbtp)
		if has_trim:
			writer.put_tag(120)
			writer.put_bool(trim)
		if has_first_frame:
			writer.put_tag(128)
			writer.put_uint64(first_frame)
		if has_steps:
			writer.put_tag(136)
			writer.put_uint32(steps)
		if has_guidance:
			writer.put_tag(145)
			writer.put_double(guidance)
		if has_negative_prompt:
			writer.put_tag(154)
			writer.put_string(negative_prompt)
		if init_case == InitCase.INIT_AUDIO:
			writer.put_tag(162)
			writer.put_bytes(init_audio)
		if init_case == InitCase.INIT_KEY:
			writer.put_tag(170)
			writer.put_string(init_key)
		if has_init_noise_level:
			writer.put_tag(177)
			writer.put_double(init_noise_level)
		if short_window:
			writer.put_tag(184)
			writer.put_bool(short_window)
		if loop_method != 0:
			writer.put_tag(192)
			writer.put_enum(loop_method)
		if fallback:
			writer.put_tag(200)
			writer.put_bool(fallback)
		if priority != 0:
			writer.put_tag(208)
			writer.put_enum(priority)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> RenderRequest:
		var reader := Reader.new(data)
		var message := RenderRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					prompt = reader.read_string()
				18:
					effect = reader.read_string()
				26:
					var outside := reader.enter_message()
					var is_known := true
					var map_key: String = ""
					var map_value: ParameterValue = ParameterValue.new()
					while reader.next():
						match reader.tag:
							10:
								map_key = reader.read_string()
							18:
								reader.read_message(map_value)
							_:
								is_known = false
								reader.skip()
					reader.leave_message(outside)
					if is_known:
						parameters[map_key] = map_value
				34:
					engine = reader.read_string()
				41:
					duration_s = reader.read_double()
				48:
					seed = reader.read_uint32()
				56:
					object_seed = reader.read_uint32()
				64:
					loop = reader.read_bool()
				72:
					takes = reader.read_uint32()
				80:
					sample_rate = reader.read_uint32()
				88:
					channels = reader.read_uint32()
				96:
					encoding = reader.read_enum() as Encoding
				105:
					loudness_lufs = reader.read_double()
				113:
					ceiling_dbtp = reader.read_double()
				120:
					trim = reader.read_bool()
				128:
					first_frame = reader.read_uint64()
				136:
					steps = reader.read_uint32()
				145:
					guidance = reader.read_double()
				154:
					negative_prompt = reader.read_string()
				162:
					init_audio = reader.read_bytes()
				170:
					init_key = reader.read_string()
				177:
					init_noise_level = reader.read_double()
				184:
					short_window = reader.read_bool()
				192:
					loop_method = reader.read_enum() as LoopMethod
				200:
					fallback = reader.read_bool()
				208:
					priority = reader.read_enum() as Priority
				_:
					reader.skip()


## One take, wanted whole.
class FetchRequest:
	extends RefCounted

	## At most one take, from its first frame.
	var render: RenderRequest = null

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if render != null:
			writer.put_tag(10)
			writer.put_bytes(render.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> FetchRequest:
		var reader := Reader.new(data)
		var message := FetchRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					if render == null:
						render = RenderRequest.new()
					reader.read_message(render)
				_:
					reader.skip()


## A take in one: what Render sends as messages.
class FetchResponse:
	extends RefCounted

	var header: Header = null
	## The whole of it, as Audio.data: samples, or a file.
	var data: PackedByteArray = PackedByteArray()
	var trailer: Trailer = null

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if header != null:
			writer.put_tag(10)
			writer.put_bytes(header.to_bytes())
		if not data.is_empty():
			writer.put_tag(18)
			writer.put_bytes(data)
		if trailer != null:
			writer.put_tag(26)
			writer.put_bytes(trailer.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> FetchResponse:
		var reader := Reader.new(data)
		var message := FetchResponse.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					if header == null:
						header = Header.new()
					reader.read_message(header)
				18:
					data = reader.read_bytes()
				26:
					if trailer == null:
						trailer = Trailer.new()
					reader.read_message(trailer)
				_:
					reader.skip()


## A number, or the name of a choice.
class ParameterValue:
	extends RefCounted

	enum KindCase { NONE, NUMBER, CHOICE }

	## Within the parameter's minimum and maximum, in its unit.
	var number: float:
		get:
			return _kind_value if kind_case == KindCase.NUMBER else 0.0
		set(new_value):
			_kind_value = new_value
			kind_case = KindCase.NUMBER
	## One of the parameter's choices.
	var choice: String:
		get:
			return _kind_value if kind_case == KindCase.CHOICE else ""
		set(new_value):
			_kind_value = new_value
			kind_case = KindCase.CHOICE
	var kind_case := KindCase.NONE
	var _kind_value: Variant = null

	func clear_kind() -> void:
		_kind_value = null
		kind_case = KindCase.NONE

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if kind_case == KindCase.NUMBER:
			writer.put_tag(9)
			writer.put_double(number)
		if kind_case == KindCase.CHOICE:
			writer.put_tag(18)
			writer.put_string(choice)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> ParameterValue:
		var reader := Reader.new(data)
		var message := ParameterValue.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				9:
					number = reader.read_double()
				18:
					choice = reader.read_string()
				_:
					reader.skip()


## One event of a Render stream.
class RenderResponse:
	extends RefCounted

	enum EventCase { NONE, HEADER, AUDIO, TRAILER, PROGRESS }

	var header: Header:
		get:
			return _event_value if event_case == EventCase.HEADER else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.HEADER
			elif event_case == EventCase.HEADER:
				clear_event()
	var audio: Audio:
		get:
			return _event_value if event_case == EventCase.AUDIO else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.AUDIO
			elif event_case == EventCase.AUDIO:
				clear_event()
	var trailer: Trailer:
		get:
			return _event_value if event_case == EventCase.TRAILER else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.TRAILER
			elif event_case == EventCase.TRAILER:
				clear_event()
	var progress: Progress:
		get:
			return _event_value if event_case == EventCase.PROGRESS else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.PROGRESS
			elif event_case == EventCase.PROGRESS:
				clear_event()
	var event_case := EventCase.NONE
	var _event_value: Variant = null

	func clear_event() -> void:
		_event_value = null
		event_case = EventCase.NONE

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if event_case == EventCase.HEADER:
			writer.put_tag(10)
			writer.put_bytes(header.to_bytes())
		if event_case == EventCase.AUDIO:
			writer.put_tag(18)
			writer.put_bytes(audio.to_bytes())
		if event_case == EventCase.TRAILER:
			writer.put_tag(26)
			writer.put_bytes(trailer.to_bytes())
		if event_case == EventCase.PROGRESS:
			writer.put_tag(34)
			writer.put_bytes(progress.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> RenderResponse:
		var reader := Reader.new(data)
		var message := RenderResponse.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					if event_case != EventCase.HEADER:
						header = Header.new()
					reader.read_message(header)
				18:
					if event_case != EventCase.AUDIO:
						audio = Audio.new()
					reader.read_message(audio)
				26:
					if event_case != EventCase.TRAILER:
						trailer = Trailer.new()
					reader.read_message(trailer)
				34:
					if event_case != EventCase.PROGRESS:
						progress = Progress.new()
					reader.read_message(progress)
				_:
					reader.skip()


## How far a sound is that takes its time: sent before its Header, by the engine "stable_audio".
class Progress:
	extends RefCounted

	## 0 for the first take.
	var take: int = 0
	## Sounds that are made before this one; 0 when it is being made.
	var queue_position: int = 0
	## Steps of the sampler that are done.
	var step: int = 0
	## Steps in all.
	var steps: int = 0

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if take != 0:
			writer.put_tag(8)
			writer.put_uint32(take)
		if queue_position != 0:
			writer.put_tag(16)
			writer.put_uint32(queue_position)
		if step != 0:
			writer.put_tag(24)
			writer.put_uint32(step)
		if steps != 0:
			writer.put_tag(32)
			writer.put_uint32(steps)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Progress:
		var reader := Reader.new(data)
		var message := Progress.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					take = reader.read_uint32()
				16:
					queue_position = reader.read_uint32()
				24:
					step = reader.read_uint32()
				32:
					steps = reader.read_uint32()
				_:
					reader.skip()


## Everything needed to play this take, and to ask for it again.
class Header:
	extends RefCounted

	## Names this call in the server's log.
	var request_id: String = ""
	## 0 for the first take.
	var take: int = 0
	var engine: String = ""
	var engine_version: String = ""
	## What sounds, the loudest first: 1 to 4 layers. None of the engine "stable_audio".
	var layers: Array[Layer] = []
	## How sure the server is of the words: 0 to 1; 1 when an effect id was given.
	var confidence: float = 0.0
	var seed: int = 0
	var object_seed: int = 0
	## Frames a second.
	var sample_rate: int = 0
	var channels: int = 0
	var encoding: Encoding = Encoding.UNSPECIFIED
	## Length of the take. Absent while a one-shot of unknown length is still being made.
	var frames: int = 0:
		set(new_value):
			frames = new_value
			has_frames = true
	var has_frames := false
	## Only on loops: the frames [start_frame, end_frame) repeat without a seam.
	var loop: Loop = null
	var cached: Cached = Cached.UNSPECIFIED
	## Terms of the output, as an SPDX expression or a sentence.
	var licence: String = ""
	## Words of the prompt that meant nothing to the server.
	var unknown_words: Array[String] = []
	## Names this sound, whoever asks: 64 hex digits, equal exactly when the samples are. For
	## RenderRequest.init_key.
	var key: String = ""
	## The engine that was asked for could not answer in time, or is not here: `engine` made this instead.
	var fallback: bool = false
	## The prompt was longer than the engine reads: its end changed nothing.
	var prompt_truncated: bool = false
	## Only of the engine "stable_audio".
	var neural: Neural = null
	## What was made from the seed that was asked for failed the quality gate, and this one from `seed` did not.
	## Only of the engine "stable_audio".
	var replaced_seed: int = 0:
		set(new_value):
			replaced_seed = new_value
			has_replaced_seed = true
	var has_replaced_seed := false
	## What the engine "stable_audio" read, which knows English only, of a prompt in another language.
	var english_prompt: String = "":
		set(new_value):
			english_prompt = new_value
			has_english_prompt = true
	var has_english_prompt := false

	func clear_frames() -> void:
		frames = 0
		has_frames = false

	func clear_replaced_seed() -> void:
		replaced_seed = 0
		has_replaced_seed = false

	func clear_english_prompt() -> void:
		english_prompt = ""
		has_english_prompt = false

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not request_id.is_empty():
			writer.put_tag(10)
			writer.put_string(request_id)
		if take != 0:
			writer.put_tag(16)
			writer.put_uint32(take)
		if not engine.is_empty():
			writer.put_tag(26)
			writer.put_string(engine)
		if not engine_version.is_empty():
			writer.put_tag(34)
			writer.put_string(engine_version)
		for element in layers:
			writer.put_tag(42)
			writer.put_bytes(element.to_bytes())
		if not Writer.is_zero(confidence):
			writer.put_tag(49)
			writer.put_double(confidence)
		if seed != 0:
			writer.put_tag(56)
			writer.put_uint32(seed)
		if object_seed != 0:
			writer.put_tag(64)
			writer.put_uint32(object_seed)
		if sample_rate != 0:
			writer.put_tag(72)
			writer.put_uint32(sample_rate)
		if channels != 0:
			writer.put_tag(80)
			writer.put_uint32(channels)
		if encoding != 0:
			writer.put_tag(88)
			writer.put_enum(encoding)
		if has_frames:
			writer.put_tag(96)
			writer.put_uint64(frames)
		if loop != null:
			writer.put_tag(106)
			writer.put_bytes(loop.to_bytes())
		if cached != 0:
			writer.put_tag(112)
			writer.put_enum(cached)
		if not licence.is_empty():
			writer.put_tag(122)
			writer.put_string(licence)
		for element in unknown_words:
			writer.put_tag(130)
			writer.put_string(element)
		if not key.is_empty():
			writer.put_tag(138)
			writer.put_string(key)
		if fallback:
			writer.put_tag(144)
			writer.put_bool(fallback)
		if prompt_truncated:
			writer.put_tag(152)
			writer.put_bool(prompt_truncated)
		if neural != null:
			writer.put_tag(162)
			writer.put_bytes(neural.to_bytes())
		if has_replaced_seed:
			writer.put_tag(168)
			writer.put_uint32(replaced_seed)
		if has_english_prompt:
			writer.put_tag(178)
			writer.put_string(english_prompt)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Header:
		var reader := Reader.new(data)
		var message := Header.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					request_id = reader.read_string()
				16:
					take = reader.read_uint32()
				26:
					engine = reader.read_string()
				34:
					engine_version = reader.read_string()
				42:
					layers.append(Layer.new())
					reader.read_message(layers.back())
				49:
					confidence = reader.read_double()
				56:
					seed = reader.read_uint32()
				64:
					object_seed = reader.read_uint32()
				72:
					sample_rate = reader.read_uint32()
				80:
					channels = reader.read_uint32()
				88:
					encoding = reader.read_enum() as Encoding
				96:
					frames = reader.read_uint64()
				106:
					if loop == null:
						loop = Loop.new()
					reader.read_message(loop)
				112:
					cached = reader.read_enum() as Cached
				122:
					licence = reader.read_string()
				130:
					unknown_words.append(reader.read_string())
				138:
					key = reader.read_string()
				144:
					fallback = reader.read_bool()
				152:
					prompt_truncated = reader.read_bool()
				162:
					if neural == null:
						neural = Neural.new()
					reader.read_message(neural)
				168:
					replaced_seed = reader.read_uint32()
				178:
					english_prompt = reader.read_string()
				_:
					reader.skip()


## How the neural engine made a sound: send it back with the seed, and the sound is the same.
class Neural:
	extends RefCounted

	## Of the sampler.
	var steps: int = 0
	## 1: none.
	var guidance: float = 0.0
	## Absent: none.
	var negative_prompt: String = "":
		set(new_value):
			negative_prompt = new_value
			has_negative_prompt = true
	var has_negative_prompt := false
	## Absent: no init audio.
	var init_noise_level: float = 0.0:
		set(new_value):
			init_noise_level = new_value
			has_init_noise_level = true
	var has_init_noise_level := false
	var short_window: bool = false
	## Only on loops.
	var loop_method: LoopMethod = LoopMethod.UNSPECIFIED

	func clear_negative_prompt() -> void:
		negative_prompt = ""
		has_negative_prompt = false

	func clear_init_noise_level() -> void:
		init_noise_level = 0.0
		has_init_noise_level = false

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if steps != 0:
			writer.put_tag(8)
			writer.put_uint32(steps)
		if not Writer.is_zero(guidance):
			writer.put_tag(17)
			writer.put_double(guidance)
		if has_negative_prompt:
			writer.put_tag(26)
			writer.put_string(negative_prompt)
		if has_init_noise_level:
			writer.put_tag(33)
			writer.put_double(init_noise_level)
		if short_window:
			writer.put_tag(40)
			writer.put_bool(short_window)
		if loop_method != 0:
			writer.put_tag(48)
			writer.put_enum(loop_method)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Neural:
		var reader := Reader.new(data)
		var message := Neural.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					steps = reader.read_uint32()
				17:
					guidance = reader.read_double()
				26:
					negative_prompt = reader.read_string()
				33:
					init_noise_level = reader.read_double()
				40:
					short_window = reader.read_bool()
				48:
					loop_method = reader.read_enum() as LoopMethod
				_:
					reader.skip()


## Where a loop repeats.
class Loop:
	extends RefCounted

	var start_frame: int = 0
	## Exclusive.
	var end_frame: int = 0

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if start_frame != 0:
			writer.put_tag(8)
			writer.put_uint64(start_frame)
		if end_frame != 0:
			writer.put_tag(16)
			writer.put_uint64(end_frame)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Loop:
		var reader := Reader.new(data)
		var message := Loop.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					start_frame = reader.read_uint64()
				16:
					end_frame = reader.read_uint64()
				_:
					reader.skip()


## One sounding part of a prompt.
class Layer:
	extends RefCounted

	## The effect's id: "rain".
	var effect: String = ""
	## The preset it started from, "tin_roof"; empty when none.
	var preset: String = ""
	## Every parameter, resolved.
	var parameters: Dictionary[String, ParameterValue] = {}
	## Level against the first layer, dB.
	var level_db: float = 0.0
	## Category of the Universal Category System 8.2.1: "RAINMetl".
	var ucs_cat_id: String = ""

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not effect.is_empty():
			writer.put_tag(10)
			writer.put_string(effect)
		if not preset.is_empty():
			writer.put_tag(18)
			writer.put_string(preset)
		for map_key: String in Writer.sorted_keys(parameters):
			var packed := Writer.new()
			packed.put_tag(10)
			packed.put_string(map_key)
			packed.put_tag(18)
			packed.put_bytes(parameters[map_key].to_bytes())
			writer.put_tag(26)
			writer.put_bytes(packed.bytes)
		if not Writer.is_zero(level_db):
			writer.put_tag(33)
			writer.put_double(level_db)
		if not ucs_cat_id.is_empty():
			writer.put_tag(42)
			writer.put_string(ucs_cat_id)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Layer:
		var reader := Reader.new(data)
		var message := Layer.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					effect = reader.read_string()
				18:
					preset = reader.read_string()
				26:
					var outside := reader.enter_message()
					var is_known := true
					var map_key: String = ""
					var map_value: ParameterValue = ParameterValue.new()
					while reader.next():
						match reader.tag:
							10:
								map_key = reader.read_string()
							18:
								reader.read_message(map_value)
							_:
								is_known = false
								reader.skip()
					reader.leave_message(outside)
					if is_known:
						parameters[map_key] = map_value
				33:
					level_db = reader.read_double()
				42:
					ucs_cat_id = reader.read_string()
				_:
					reader.skip()


## Some of the sound.
class Audio:
	extends RefCounted

	## PCM: whole frames, interleaved. Files: the next bytes of the file.
	var data: PackedByteArray = PackedByteArray()
	## PCM only: number of the first frame in `data`, 0 at the start of the take.
	var first_frame: int = 0

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not data.is_empty():
			writer.put_tag(10)
			writer.put_bytes(data)
		if first_frame != 0:
			writer.put_tag(16)
			writer.put_uint64(first_frame)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Audio:
		var reader := Reader.new(data)
		var message := Audio.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					data = reader.read_bytes()
				16:
					first_frame = reader.read_uint64()
				_:
					reader.skip()


## What is known only at the end of a take.
class Trailer:
	extends RefCounted

	## 0 for the first take.
	var take: int = 0
	var frames: int = 0
	## Integrated loudness (BS.1770-4), LUFS; -70 at the least. Shorter than 0.4 s: measured with
	## silence behind it.
	var loudness_lufs: float = 0.0
	## Highest true peak, dBTP; -120 at the least.
	var true_peak_dbtp: float = 0.0
	## Compute seconds that the making took, once, for whoever asked first.
	var render_s: float = 0.0
	## SHA-256 over the PCM of the whole take from frame 0: of S16LE for every 16-bit encoding and the
	## compressed ones, of F32LE for PCM_F32LE.
	var sha256: PackedByteArray = PackedByteArray()

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if take != 0:
			writer.put_tag(8)
			writer.put_uint32(take)
		if frames != 0:
			writer.put_tag(16)
			writer.put_uint64(frames)
		if not Writer.is_zero(loudness_lufs):
			writer.put_tag(25)
			writer.put_double(loudness_lufs)
		if not Writer.is_zero(true_peak_dbtp):
			writer.put_tag(33)
			writer.put_double(true_peak_dbtp)
		if not Writer.is_zero(render_s):
			writer.put_tag(41)
			writer.put_double(render_s)
		if not sha256.is_empty():
			writer.put_tag(50)
			writer.put_bytes(sha256)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Trailer:
		var reader := Reader.new(data)
		var message := Trailer.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					take = reader.read_uint32()
				16:
					frames = reader.read_uint64()
				25:
					loudness_lufs = reader.read_double()
				33:
					true_peak_dbtp = reader.read_double()
				41:
					render_s = reader.read_double()
				50:
					sha256 = reader.read_bytes()
				_:
					reader.skip()


class ListEffectsRequest:
	extends RefCounted

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> ListEffectsRequest:
		var reader := Reader.new(data)
		var message := ListEffectsRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			reader.skip()


class ListEffectsResponse:
	extends RefCounted

	var effects: Array[Effect] = []

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		for element in effects:
			writer.put_tag(10)
			writer.put_bytes(element.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> ListEffectsResponse:
		var reader := Reader.new(data)
		var message := ListEffectsResponse.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					effects.append(Effect.new())
					reader.read_message(effects.back())
				_:
					reader.skip()


## One command of a live session.
class PerformRequest:
	extends RefCounted

	enum CommandCase { NONE, OPEN, START, SET_PARAMETER, TRIGGER, CROSSFADE, STOP }

	## Comes back in the answer, so that the caller knows which command it is about.
	var id: int = 0
	## First, and only once.
	var open: OpenSession:
		get:
			return _command_value if command_case == CommandCase.OPEN else null
		set(new_value):
			if new_value != null:
				_command_value = new_value
				command_case = CommandCase.OPEN
			elif command_case == CommandCase.OPEN:
				clear_command()
	var start: StartVoice:
		get:
			return _command_value if command_case == CommandCase.START else null
		set(new_value):
			if new_value != null:
				_command_value = new_value
				command_case = CommandCase.START
			elif command_case == CommandCase.START:
				clear_command()
	var set_parameter: SetParameter:
		get:
			return _command_value if command_case == CommandCase.SET_PARAMETER else null
		set(new_value):
			if new_value != null:
				_command_value = new_value
				command_case = CommandCase.SET_PARAMETER
			elif command_case == CommandCase.SET_PARAMETER:
				clear_command()
	var trigger: TriggerVoice:
		get:
			return _command_value if command_case == CommandCase.TRIGGER else null
		set(new_value):
			if new_value != null:
				_command_value = new_value
				command_case = CommandCase.TRIGGER
			elif command_case == CommandCase.TRIGGER:
				clear_command()
	var crossfade: CrossfadeVoice:
		get:
			return _command_value if command_case == CommandCase.CROSSFADE else null
		set(new_value):
			if new_value != null:
				_command_value = new_value
				command_case = CommandCase.CROSSFADE
			elif command_case == CommandCase.CROSSFADE:
				clear_command()
	var stop: StopVoice:
		get:
			return _command_value if command_case == CommandCase.STOP else null
		set(new_value):
			if new_value != null:
				_command_value = new_value
				command_case = CommandCase.STOP
			elif command_case == CommandCase.STOP:
				clear_command()
	## Frame of the session at which it takes effect, rounded up to the next 10 ms, at most an hour ahead. Absent,
	## or
	## a frame that is past: with the next frames that are made.
	var at_frame: int = 0:
		set(new_value):
			at_frame = new_value
			has_at_frame = true
	var has_at_frame := false
	var command_case := CommandCase.NONE
	var _command_value: Variant = null

	func clear_at_frame() -> void:
		at_frame = 0
		has_at_frame = false

	func clear_command() -> void:
		_command_value = null
		command_case = CommandCase.NONE

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if id != 0:
			writer.put_tag(8)
			writer.put_uint32(id)
		if command_case == CommandCase.OPEN:
			writer.put_tag(18)
			writer.put_bytes(open.to_bytes())
		if command_case == CommandCase.START:
			writer.put_tag(26)
			writer.put_bytes(start.to_bytes())
		if command_case == CommandCase.SET_PARAMETER:
			writer.put_tag(34)
			writer.put_bytes(set_parameter.to_bytes())
		if command_case == CommandCase.TRIGGER:
			writer.put_tag(42)
			writer.put_bytes(trigger.to_bytes())
		if command_case == CommandCase.CROSSFADE:
			writer.put_tag(50)
			writer.put_bytes(crossfade.to_bytes())
		if command_case == CommandCase.STOP:
			writer.put_tag(58)
			writer.put_bytes(stop.to_bytes())
		if has_at_frame:
			writer.put_tag(64)
			writer.put_uint64(at_frame)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> PerformRequest:
		var reader := Reader.new(data)
		var message := PerformRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					id = reader.read_uint32()
				18:
					if command_case != CommandCase.OPEN:
						open = OpenSession.new()
					reader.read_message(open)
				26:
					if command_case != CommandCase.START:
						start = StartVoice.new()
					reader.read_message(start)
				34:
					if command_case != CommandCase.SET_PARAMETER:
						set_parameter = SetParameter.new()
					reader.read_message(set_parameter)
				42:
					if command_case != CommandCase.TRIGGER:
						trigger = TriggerVoice.new()
					reader.read_message(trigger)
				50:
					if command_case != CommandCase.CROSSFADE:
						crossfade = CrossfadeVoice.new()
					reader.read_message(crossfade)
				58:
					if command_case != CommandCase.STOP:
						stop = StopVoice.new()
					reader.read_message(stop)
				64:
					at_frame = reader.read_uint64()
				_:
					reader.skip()


## Opens a session that Control commands.
class ListenRequest:
	extends RefCounted

	## Comes back in SessionOpened.
	var id: int = 0
	var open: OpenSession = null

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if id != 0:
			writer.put_tag(8)
			writer.put_uint32(id)
		if open != null:
			writer.put_tag(18)
			writer.put_bytes(open.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> ListenRequest:
		var reader := Reader.new(data)
		var message := ListenRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					id = reader.read_uint32()
				18:
					if open == null:
						open = OpenSession.new()
					reader.read_message(open)
				_:
					reader.skip()


## Some requests to a session of Listen.
class ControlRequest:
	extends RefCounted

	## SessionOpened.session.
	var session: String = ""
	## 0 in the first call, then one more with each. A call that has been taken before is answered again and
	## nothing
	## is done twice: after a broken connection, repeat it.
	var number: int = 0
	## At most 1000, none of them `open`; done in their order.
	var requests: Array[PerformRequest] = []
	## No more requests come: as the end of the requests of Perform.
	var end: bool = false

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not session.is_empty():
			writer.put_tag(10)
			writer.put_string(session)
		if number != 0:
			writer.put_tag(16)
			writer.put_uint64(number)
		for element in requests:
			writer.put_tag(26)
			writer.put_bytes(element.to_bytes())
		if end:
			writer.put_tag(32)
			writer.put_bool(end)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> ControlRequest:
		var reader := Reader.new(data)
		var message := ControlRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					session = reader.read_string()
				16:
					number = reader.read_uint64()
				26:
					requests.append(PerformRequest.new())
					reader.read_message(requests.back())
				32:
					end = reader.read_bool()
				_:
					reader.skip()


class ControlResponse:
	extends RefCounted

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> ControlResponse:
		var reader := Reader.new(data)
		var message := ControlResponse.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			reader.skip()


## How the session's output travels.
class OpenSession:
	extends RefCounted

	## Frames a second, 8000 to 96000, a multiple of 100. Absent: 48000.
	var sample_rate: int = 0:
		set(new_value):
			sample_rate = new_value
			has_sample_rate = true
	var has_sample_rate := false
	## 1 or 2. Absent: 2.
	var channels: int = 0:
		set(new_value):
			channels = new_value
			has_channels = true
	var has_channels := false
	## ENCODING_PCM_S16LE (the default) or ENCODING_PCM_F32LE.
	var encoding: Encoding = Encoding.UNSPECIFIED
	## Highest true peak, dBTP, -30 to 0. Absent: -1.
	var ceiling_dbtp: float = 0.0:
		set(new_value):
			ceiling_dbtp = new_value
			has_ceiling_dbtp = true
	var has_ceiling_dbtp := false
	## How far ahead of play-out frames are made, 20 to 2000 ms: what a command takes to be heard, and what the
	## network
	## may stall without a gap. Absent: 40.
	var ahead_ms: int = 0:
		set(new_value):
			ahead_ms = new_value
			has_ahead_ms = true
	var has_ahead_ms := false
	## For recordings: the commands are gathered first, and when the requests have ended, the frames come as fast
	## as
	## they are made and read. Give each command its at_frame.
	var unpaced: bool = false
	## Sends log lines: written one below the other, they are a file that `swash replay` makes the same samples
	## from.
	var log: bool = false

	func clear_sample_rate() -> void:
		sample_rate = 0
		has_sample_rate = false

	func clear_channels() -> void:
		channels = 0
		has_channels = false

	func clear_ceiling_dbtp() -> void:
		ceiling_dbtp = 0.0
		has_ceiling_dbtp = false

	func clear_ahead_ms() -> void:
		ahead_ms = 0
		has_ahead_ms = false

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if has_sample_rate:
			writer.put_tag(8)
			writer.put_uint32(sample_rate)
		if has_channels:
			writer.put_tag(16)
			writer.put_uint32(channels)
		if encoding != 0:
			writer.put_tag(24)
			writer.put_enum(encoding)
		if has_ceiling_dbtp:
			writer.put_tag(33)
			writer.put_double(ceiling_dbtp)
		if has_ahead_ms:
			writer.put_tag(40)
			writer.put_uint32(ahead_ms)
		if unpaced:
			writer.put_tag(48)
			writer.put_bool(unpaced)
		if log:
			writer.put_tag(56)
			writer.put_bool(log)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> OpenSession:
		var reader := Reader.new(data)
		var message := OpenSession.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					sample_rate = reader.read_uint32()
				16:
					channels = reader.read_uint32()
				24:
					encoding = reader.read_enum() as Encoding
				33:
					ceiling_dbtp = reader.read_double()
				40:
					ahead_ms = reader.read_uint32()
				48:
					unpaced = reader.read_bool()
				56:
					log = reader.read_bool()
				_:
					reader.skip()


## Begins a voice.
class StartVoice:
	extends RefCounted

	enum SoundCase { NONE, PROMPT, EFFECT }

	## The caller's name for it: any number that no sounding voice of the session has.
	var voice: int = 0
	## English words, 1 to 1000 characters.
	var prompt: String:
		get:
			return _sound_value if sound_case == SoundCase.PROMPT else ""
		set(new_value):
			_sound_value = new_value
			sound_case = SoundCase.PROMPT
	## An effect from ListEffects, "rain", or one of its presets, "rain/tin_roof".
	var effect: String:
		get:
			return _sound_value if sound_case == SoundCase.EFFECT else ""
		set(new_value):
			_sound_value = new_value
			sound_case = SoundCase.EFFECT
	## As in RenderRequest.
	var parameters: Dictionary[String, ParameterValue] = {}
	## As in RenderRequest. Absent: chosen anew.
	var seed: int = 0:
		set(new_value):
			seed = new_value
			has_seed = true
	var has_seed := false
	## As in RenderRequest. Absent: 0.
	var object_seed: int = 0:
		set(new_value):
			object_seed = new_value
			has_object_seed = true
	var has_object_seed := false
	## Sounds only when it is triggered, as effects that end by themselves do; the effect must have such a sound
	## (one
	## step of footsteps). Without it such an effect sounds once at its start and the voice ends with it.
	var armed: bool = false
	## 0 to 60000 ms. Absent: 5 for what goes on, none for what ends by itself.
	var fade_in_ms: int = 0:
		set(new_value):
			fade_in_ms = new_value
			has_fade_in_ms = true
	var has_fade_in_ms := false
	var sound_case := SoundCase.NONE
	var _sound_value: Variant = null

	func clear_seed() -> void:
		seed = 0
		has_seed = false

	func clear_object_seed() -> void:
		object_seed = 0
		has_object_seed = false

	func clear_fade_in_ms() -> void:
		fade_in_ms = 0
		has_fade_in_ms = false

	func clear_sound() -> void:
		_sound_value = null
		sound_case = SoundCase.NONE

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if voice != 0:
			writer.put_tag(8)
			writer.put_uint32(voice)
		if sound_case == SoundCase.PROMPT:
			writer.put_tag(18)
			writer.put_string(prompt)
		if sound_case == SoundCase.EFFECT:
			writer.put_tag(26)
			writer.put_string(effect)
		for map_key: String in Writer.sorted_keys(parameters):
			var packed := Writer.new()
			packed.put_tag(10)
			packed.put_string(map_key)
			packed.put_tag(18)
			packed.put_bytes(parameters[map_key].to_bytes())
			writer.put_tag(34)
			writer.put_bytes(packed.bytes)
		if has_seed:
			writer.put_tag(40)
			writer.put_uint32(seed)
		if has_object_seed:
			writer.put_tag(48)
			writer.put_uint32(object_seed)
		if armed:
			writer.put_tag(56)
			writer.put_bool(armed)
		if has_fade_in_ms:
			writer.put_tag(64)
			writer.put_uint32(fade_in_ms)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> StartVoice:
		var reader := Reader.new(data)
		var message := StartVoice.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					voice = reader.read_uint32()
				18:
					prompt = reader.read_string()
				26:
					effect = reader.read_string()
				34:
					var outside := reader.enter_message()
					var is_known := true
					var map_key: String = ""
					var map_value: ParameterValue = ParameterValue.new()
					while reader.next():
						match reader.tag:
							10:
								map_key = reader.read_string()
							18:
								reader.read_message(map_value)
							_:
								is_known = false
								reader.skip()
					reader.leave_message(outside)
					if is_known:
						parameters[map_key] = map_value
				40:
					seed = reader.read_uint32()
				48:
					object_seed = reader.read_uint32()
				56:
					armed = reader.read_bool()
				64:
					fade_in_ms = reader.read_uint32()
				_:
					reader.skip()


## Moves a control of a voice.
class SetParameter:
	extends RefCounted

	var voice: int = 0
	## The parameter's name. Of a sounding effect only live numbers move; of an armed voice every parameter may
	## change: it counts from the next trigger on.
	var name: String = ""
	var value: ParameterValue = null
	## How long it takes to get there, 0 to 600000 ms, in steps of 10. Absent: 30.
	var ramp_ms: int = 0:
		set(new_value):
			ramp_ms = new_value
			has_ramp_ms = true
	var has_ramp_ms := false
	## Which layer of the voice's prompt, 0 the first.
	var layer: int = 0

	func clear_ramp_ms() -> void:
		ramp_ms = 0
		has_ramp_ms = false

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if voice != 0:
			writer.put_tag(8)
			writer.put_uint32(voice)
		if not name.is_empty():
			writer.put_tag(18)
			writer.put_string(name)
		if value != null:
			writer.put_tag(26)
			writer.put_bytes(value.to_bytes())
		if has_ramp_ms:
			writer.put_tag(32)
			writer.put_uint32(ramp_ms)
		if layer != 0:
			writer.put_tag(40)
			writer.put_uint32(layer)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> SetParameter:
		var reader := Reader.new(data)
		var message := SetParameter.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					voice = reader.read_uint32()
				18:
					name = reader.read_string()
				26:
					if value == null:
						value = ParameterValue.new()
					reader.read_message(value)
				32:
					ramp_ms = reader.read_uint32()
				40:
					layer = reader.read_uint32()
				_:
					reader.skip()


## Sounds an armed voice once more: another step, another shot, each different by its number.
class TriggerVoice:
	extends RefCounted

	var voice: int = 0
	## For this once.
	var parameters: Dictionary[String, ParameterValue] = {}
	## Absent: follows from the voice's seed and how often it has been triggered.
	var seed: int = 0:
		set(new_value):
			seed = new_value
			has_seed = true
	var has_seed := false

	func clear_seed() -> void:
		seed = 0
		has_seed = false

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if voice != 0:
			writer.put_tag(8)
			writer.put_uint32(voice)
		for map_key: String in Writer.sorted_keys(parameters):
			var packed := Writer.new()
			packed.put_tag(10)
			packed.put_string(map_key)
			packed.put_tag(18)
			packed.put_bytes(parameters[map_key].to_bytes())
			writer.put_tag(18)
			writer.put_bytes(packed.bytes)
		if has_seed:
			writer.put_tag(24)
			writer.put_uint32(seed)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> TriggerVoice:
		var reader := Reader.new(data)
		var message := TriggerVoice.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					voice = reader.read_uint32()
				18:
					var outside := reader.enter_message()
					var is_known := true
					var map_key: String = ""
					var map_value: ParameterValue = ParameterValue.new()
					while reader.next():
						match reader.tag:
							10:
								map_key = reader.read_string()
							18:
								reader.read_message(map_value)
							_:
								is_known = false
								reader.skip()
					reader.leave_message(outside)
					if is_known:
						parameters[map_key] = map_value
				24:
					seed = reader.read_uint32()
				_:
					reader.skip()


## Changes what a voice sounds like: the old fades out while the new fades in, at equal power.
class CrossfadeVoice:
	extends RefCounted

	enum SoundCase { NONE, PROMPT, EFFECT }

	var voice: int = 0
	var prompt: String:
		get:
			return _sound_value if sound_case == SoundCase.PROMPT else ""
		set(new_value):
			_sound_value = new_value
			sound_case = SoundCase.PROMPT
	var effect: String:
		get:
			return _sound_value if sound_case == SoundCase.EFFECT else ""
		set(new_value):
			_sound_value = new_value
			sound_case = SoundCase.EFFECT
	var parameters: Dictionary[String, ParameterValue] = {}
	## Absent: chosen anew.
	var seed: int = 0:
		set(new_value):
			seed = new_value
			has_seed = true
	var has_seed := false
	## Absent: 0.
	var object_seed: int = 0:
		set(new_value):
			object_seed = new_value
			has_object_seed = true
	var has_object_seed := false
	## 10 to 60000 ms. Absent: 1000.
	var fade_ms: int = 0:
		set(new_value):
			fade_ms = new_value
			has_fade_ms = true
	var has_fade_ms := false
	var sound_case := SoundCase.NONE
	var _sound_value: Variant = null

	func clear_seed() -> void:
		seed = 0
		has_seed = false

	func clear_object_seed() -> void:
		object_seed = 0
		has_object_seed = false

	func clear_fade_ms() -> void:
		fade_ms = 0
		has_fade_ms = false

	func clear_sound() -> void:
		_sound_value = null
		sound_case = SoundCase.NONE

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if voice != 0:
			writer.put_tag(8)
			writer.put_uint32(voice)
		if sound_case == SoundCase.PROMPT:
			writer.put_tag(18)
			writer.put_string(prompt)
		if sound_case == SoundCase.EFFECT:
			writer.put_tag(26)
			writer.put_string(effect)
		for map_key: String in Writer.sorted_keys(parameters):
			var packed := Writer.new()
			packed.put_tag(10)
			packed.put_string(map_key)
			packed.put_tag(18)
			packed.put_bytes(parameters[map_key].to_bytes())
			writer.put_tag(34)
			writer.put_bytes(packed.bytes)
		if has_seed:
			writer.put_tag(40)
			writer.put_uint32(seed)
		if has_object_seed:
			writer.put_tag(48)
			writer.put_uint32(object_seed)
		if has_fade_ms:
			writer.put_tag(56)
			writer.put_uint32(fade_ms)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> CrossfadeVoice:
		var reader := Reader.new(data)
		var message := CrossfadeVoice.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					voice = reader.read_uint32()
				18:
					prompt = reader.read_string()
				26:
					effect = reader.read_string()
				34:
					var outside := reader.enter_message()
					var is_known := true
					var map_key: String = ""
					var map_value: ParameterValue = ParameterValue.new()
					while reader.next():
						match reader.tag:
							10:
								map_key = reader.read_string()
							18:
								reader.read_message(map_value)
							_:
								is_known = false
								reader.skip()
					reader.leave_message(outside)
					if is_known:
						parameters[map_key] = map_value
				40:
					seed = reader.read_uint32()
				48:
					object_seed = reader.read_uint32()
				56:
					fade_ms = reader.read_uint32()
				_:
					reader.skip()


## Ends a voice.
class StopVoice:
	extends RefCounted

	## Absent: every voice.
	var voice: int = 0:
		set(new_value):
			voice = new_value
			has_voice = true
	var has_voice := false
	## 0 to 60000 ms. Absent: 100.
	var release_ms: int = 0:
		set(new_value):
			release_ms = new_value
			has_release_ms = true
	var has_release_ms := false

	func clear_voice() -> void:
		voice = 0
		has_voice = false

	func clear_release_ms() -> void:
		release_ms = 0
		has_release_ms = false

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if has_voice:
			writer.put_tag(8)
			writer.put_uint32(voice)
		if has_release_ms:
			writer.put_tag(16)
			writer.put_uint32(release_ms)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> StopVoice:
		var reader := Reader.new(data)
		var message := StopVoice.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					voice = reader.read_uint32()
				16:
					release_ms = reader.read_uint32()
				_:
					reader.skip()


## One event of a live session.
class PerformResponse:
	extends RefCounted

	enum EventCase { NONE, OPENED, APPLIED, REFUSED, AUDIO, VOICE_ENDED, CLOSED }

	var opened: SessionOpened:
		get:
			return _event_value if event_case == EventCase.OPENED else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.OPENED
			elif event_case == EventCase.OPENED:
				clear_event()
	var applied: Applied:
		get:
			return _event_value if event_case == EventCase.APPLIED else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.APPLIED
			elif event_case == EventCase.APPLIED:
				clear_event()
	var refused: Refused:
		get:
			return _event_value if event_case == EventCase.REFUSED else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.REFUSED
			elif event_case == EventCase.REFUSED:
				clear_event()
	## PCM; first_frame is the session's clock.
	var audio: Audio:
		get:
			return _event_value if event_case == EventCase.AUDIO else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.AUDIO
			elif event_case == EventCase.AUDIO:
				clear_event()
	var voice_ended: VoiceEnded:
		get:
			return _event_value if event_case == EventCase.VOICE_ENDED else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.VOICE_ENDED
			elif event_case == EventCase.VOICE_ENDED:
				clear_event()
	var closed: SessionClosed:
		get:
			return _event_value if event_case == EventCase.CLOSED else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.CLOSED
			elif event_case == EventCase.CLOSED:
				clear_event()
	var event_case := EventCase.NONE
	var _event_value: Variant = null

	func clear_event() -> void:
		_event_value = null
		event_case = EventCase.NONE

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if event_case == EventCase.OPENED:
			writer.put_tag(10)
			writer.put_bytes(opened.to_bytes())
		if event_case == EventCase.APPLIED:
			writer.put_tag(18)
			writer.put_bytes(applied.to_bytes())
		if event_case == EventCase.REFUSED:
			writer.put_tag(26)
			writer.put_bytes(refused.to_bytes())
		if event_case == EventCase.AUDIO:
			writer.put_tag(34)
			writer.put_bytes(audio.to_bytes())
		if event_case == EventCase.VOICE_ENDED:
			writer.put_tag(42)
			writer.put_bytes(voice_ended.to_bytes())
		if event_case == EventCase.CLOSED:
			writer.put_tag(50)
			writer.put_bytes(closed.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> PerformResponse:
		var reader := Reader.new(data)
		var message := PerformResponse.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					if event_case != EventCase.OPENED:
						opened = SessionOpened.new()
					reader.read_message(opened)
				18:
					if event_case != EventCase.APPLIED:
						applied = Applied.new()
					reader.read_message(applied)
				26:
					if event_case != EventCase.REFUSED:
						refused = Refused.new()
					reader.read_message(refused)
				34:
					if event_case != EventCase.AUDIO:
						audio = Audio.new()
					reader.read_message(audio)
				42:
					if event_case != EventCase.VOICE_ENDED:
						voice_ended = VoiceEnded.new()
					reader.read_message(voice_ended)
				50:
					if event_case != EventCase.CLOSED:
						closed = SessionClosed.new()
					reader.read_message(closed)
				_:
					reader.skip()


## The session is there.
class SessionOpened:
	extends RefCounted

	## The command that opened it.
	var id: int = 0
	## Names this session in the server's log.
	var request_id: String = ""
	var engine: String = ""
	var engine_version: String = ""
	## Frames a second.
	var sample_rate: int = 0
	var channels: int = 0
	var encoding: Encoding = Encoding.UNSPECIFIED
	## Commands take effect at multiples of so many frames: 10 ms.
	var quantum_frames: int = 0
	var ahead_ms: int = 0
	## Terms of the output, as an SPDX expression or a sentence.
	var licence: String = ""
	## Only with OpenSession.log: the first line.
	var log_line: String = ""
	## Only of Listen: the session's name for Control. Whoever knows it commands the session.
	var session: String = ""

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if id != 0:
			writer.put_tag(8)
			writer.put_uint32(id)
		if not request_id.is_empty():
			writer.put_tag(18)
			writer.put_string(request_id)
		if not engine.is_empty():
			writer.put_tag(26)
			writer.put_string(engine)
		if not engine_version.is_empty():
			writer.put_tag(34)
			writer.put_string(engine_version)
		if sample_rate != 0:
			writer.put_tag(40)
			writer.put_uint32(sample_rate)
		if channels != 0:
			writer.put_tag(48)
			writer.put_uint32(channels)
		if encoding != 0:
			writer.put_tag(56)
			writer.put_enum(encoding)
		if quantum_frames != 0:
			writer.put_tag(64)
			writer.put_uint32(quantum_frames)
		if ahead_ms != 0:
			writer.put_tag(72)
			writer.put_uint32(ahead_ms)
		if not licence.is_empty():
			writer.put_tag(82)
			writer.put_string(licence)
		if not log_line.is_empty():
			writer.put_tag(90)
			writer.put_string(log_line)
		if not session.is_empty():
			writer.put_tag(98)
			writer.put_string(session)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> SessionOpened:
		var reader := Reader.new(data)
		var message := SessionOpened.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					id = reader.read_uint32()
				18:
					request_id = reader.read_string()
				26:
					engine = reader.read_string()
				34:
					engine_version = reader.read_string()
				40:
					sample_rate = reader.read_uint32()
				48:
					channels = reader.read_uint32()
				56:
					encoding = reader.read_enum() as Encoding
				64:
					quantum_frames = reader.read_uint32()
				72:
					ahead_ms = reader.read_uint32()
				82:
					licence = reader.read_string()
				90:
					log_line = reader.read_string()
				98:
					session = reader.read_string()
				_:
					reader.skip()


## A command has taken effect.
class Applied:
	extends RefCounted

	var id: int = 0
	## 0 of a StopVoice that named none.
	var voice: int = 0
	## From this frame on. Sent before the frames that it changes.
	var frame: int = 0
	## Of StartVoice and CrossfadeVoice: what sounds, the loudest first.
	var layers: Array[Layer] = []
	## Of StartVoice, CrossfadeVoice and TriggerVoice.
	var seed: int = 0
	var object_seed: int = 0
	## As in Header, of StartVoice and CrossfadeVoice.
	var confidence: float = 0.0
	var unknown_words: Array[String] = []
	## Only with OpenSession.log.
	var log_line: String = ""

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if id != 0:
			writer.put_tag(8)
			writer.put_uint32(id)
		if voice != 0:
			writer.put_tag(16)
			writer.put_uint32(voice)
		if frame != 0:
			writer.put_tag(24)
			writer.put_uint64(frame)
		for element in layers:
			writer.put_tag(34)
			writer.put_bytes(element.to_bytes())
		if seed != 0:
			writer.put_tag(40)
			writer.put_uint32(seed)
		if object_seed != 0:
			writer.put_tag(48)
			writer.put_uint32(object_seed)
		if not Writer.is_zero(confidence):
			writer.put_tag(57)
			writer.put_double(confidence)
		for element in unknown_words:
			writer.put_tag(66)
			writer.put_string(element)
		if not log_line.is_empty():
			writer.put_tag(74)
			writer.put_string(log_line)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Applied:
		var reader := Reader.new(data)
		var message := Applied.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					id = reader.read_uint32()
				16:
					voice = reader.read_uint32()
				24:
					frame = reader.read_uint64()
				34:
					layers.append(Layer.new())
					reader.read_message(layers.back())
				40:
					seed = reader.read_uint32()
				48:
					object_seed = reader.read_uint32()
				57:
					confidence = reader.read_double()
				66:
					unknown_words.append(reader.read_string())
				74:
					log_line = reader.read_string()
				_:
					reader.skip()


## A command could not be done; everything else goes on.
class Refused:
	extends RefCounted

	var id: int = 0
	## A gRPC status code: 3 INVALID_ARGUMENT, 5 NOT_FOUND, 8 RESOURCE_EXHAUSTED, 9 FAILED_PRECONDITION.
	var code: int = 0
	## The field that is wrong, empty when none is.
	var field: String = ""
	## What was expected and what came.
	var message: String = ""
	## What to try instead of a prompt that matches nothing.
	var suggestions: Array[String] = []

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if id != 0:
			writer.put_tag(8)
			writer.put_uint32(id)
		if code != 0:
			writer.put_tag(16)
			writer.put_uint32(code)
		if not field.is_empty():
			writer.put_tag(26)
			writer.put_string(field)
		if not message.is_empty():
			writer.put_tag(34)
			writer.put_string(message)
		for element in suggestions:
			writer.put_tag(42)
			writer.put_string(element)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Refused:
		var reader := Reader.new(data)
		var message := Refused.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					id = reader.read_uint32()
				16:
					code = reader.read_uint32()
				26:
					field = reader.read_string()
				34:
					message = reader.read_string()
				42:
					suggestions.append(reader.read_string())
				_:
					reader.skip()


## A voice is over: stopped and released, or it ended by itself. Its number is free again.
class VoiceEnded:
	extends RefCounted

	var voice: int = 0
	## The first frame without it.
	var frame: int = 0

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if voice != 0:
			writer.put_tag(8)
			writer.put_uint32(voice)
		if frame != 0:
			writer.put_tag(16)
			writer.put_uint64(frame)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> VoiceEnded:
		var reader := Reader.new(data)
		var message := VoiceEnded.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					voice = reader.read_uint32()
				16:
					frame = reader.read_uint64()
				_:
					reader.skip()


## The last event.
class SessionClosed:
	extends RefCounted

	var frames: int = 0
	## SHA-256 over the PCM of the whole session.
	var sha256: PackedByteArray = PackedByteArray()
	## How often frames came later than they were due, for the caller read slowly or the server was busy.
	var underruns: int = 0
	## Only with OpenSession.log: the last line.
	var log_line: String = ""

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if frames != 0:
			writer.put_tag(8)
			writer.put_uint64(frames)
		if not sha256.is_empty():
			writer.put_tag(18)
			writer.put_bytes(sha256)
		if underruns != 0:
			writer.put_tag(24)
			writer.put_uint32(underruns)
		if not log_line.is_empty():
			writer.put_tag(34)
			writer.put_string(log_line)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> SessionClosed:
		var reader := Reader.new(data)
		var message := SessionClosed.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					frames = reader.read_uint64()
				18:
					sha256 = reader.read_bytes()
				24:
					underruns = reader.read_uint32()
				34:
					log_line = reader.read_string()
				_:
					reader.skip()


## Asks for sounds that will be needed.
class PreloadRequest:
	extends RefCounted

	enum SourceCase { NONE, MANIFEST, SOUNDS }

	## Names them together, for Unload: 1 to 100 characters. The same tag again adds to it.
	var tag: String = ""
	## A manifest in YAML or JSON, of the published schema.
	var manifest: String:
		get:
			return _source_value if source_case == SourceCase.MANIFEST else ""
		set(new_value):
			_source_value = new_value
			source_case = SourceCase.MANIFEST
	var sounds: PreloadSounds:
		get:
			return _source_value if source_case == SourceCase.SOUNDS else null
		set(new_value):
			if new_value != null:
				_source_value = new_value
				source_case = SourceCase.SOUNDS
			elif source_case == SourceCase.SOUNDS:
				clear_source()
	## Who goes first when the server is busy; those of the sounds do not count. Absent: preload.
	var priority: Priority = Priority.UNSPECIFIED
	var source_case := SourceCase.NONE
	var _source_value: Variant = null

	func clear_source() -> void:
		_source_value = null
		source_case = SourceCase.NONE

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not tag.is_empty():
			writer.put_tag(10)
			writer.put_string(tag)
		if source_case == SourceCase.MANIFEST:
			writer.put_tag(18)
			writer.put_string(manifest)
		if source_case == SourceCase.SOUNDS:
			writer.put_tag(26)
			writer.put_bytes(sounds.to_bytes())
		if priority != 0:
			writer.put_tag(32)
			writer.put_enum(priority)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> PreloadRequest:
		var reader := Reader.new(data)
		var message := PreloadRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					tag = reader.read_string()
				18:
					manifest = reader.read_string()
				26:
					if source_case != SourceCase.SOUNDS:
						sounds = PreloadSounds.new()
					reader.read_message(sounds)
				32:
					priority = reader.read_enum() as Priority
				_:
					reader.skip()


## The sounds themselves.
class PreloadSounds:
	extends RefCounted

	## At most 10000. Where a seed is absent it is 0, so that a later Render of seed 0 finds it.
	var sounds: Array[RenderRequest] = []

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		for element in sounds:
			writer.put_tag(10)
			writer.put_bytes(element.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> PreloadSounds:
		var reader := Reader.new(data)
		var message := PreloadSounds.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					sounds.append(RenderRequest.new())
					reader.read_message(sounds.back())
				_:
					reader.skip()


## One take that is ready, or has failed, or how far one is that takes its time.
class PreloadResponse:
	extends RefCounted

	enum EventCase { NONE, TAKE, PROGRESS }

	## Takes of all sounds.
	var total: int = 0
	## How many of them are ready or have failed.
	var done: int = 0
	var take: PreloadedTake:
		get:
			return _event_value if event_case == EventCase.TAKE else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.TAKE
			elif event_case == EventCase.TAKE:
				clear_event()
	## Of a neural sound that is being made.
	var progress: Progress:
		get:
			return _event_value if event_case == EventCase.PROGRESS else null
		set(new_value):
			if new_value != null:
				_event_value = new_value
				event_case = EventCase.PROGRESS
			elif event_case == EventCase.PROGRESS:
				clear_event()
	## Which sound of the manifest, 0 the first.
	var sound: int = 0
	## Its name in the manifest, if it has one.
	var name: String = ""
	var event_case := EventCase.NONE
	var _event_value: Variant = null

	func clear_event() -> void:
		_event_value = null
		event_case = EventCase.NONE

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if total != 0:
			writer.put_tag(8)
			writer.put_uint32(total)
		if done != 0:
			writer.put_tag(16)
			writer.put_uint32(done)
		if event_case == EventCase.TAKE:
			writer.put_tag(26)
			writer.put_bytes(take.to_bytes())
		if event_case == EventCase.PROGRESS:
			writer.put_tag(34)
			writer.put_bytes(progress.to_bytes())
		if sound != 0:
			writer.put_tag(40)
			writer.put_uint32(sound)
		if not name.is_empty():
			writer.put_tag(50)
			writer.put_string(name)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> PreloadResponse:
		var reader := Reader.new(data)
		var message := PreloadResponse.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					total = reader.read_uint32()
				16:
					done = reader.read_uint32()
				26:
					if event_case != EventCase.TAKE:
						take = PreloadedTake.new()
					reader.read_message(take)
				34:
					if event_case != EventCase.PROGRESS:
						progress = Progress.new()
					reader.read_message(progress)
				40:
					sound = reader.read_uint32()
				50:
					name = reader.read_string()
				_:
					reader.skip()


## A take of a preloaded sound.
class PreloadedTake:
	extends RefCounted

	## 0 for the first.
	var take: int = 0
	## As in Header; empty when it failed.
	var key: String = ""
	var seed: int = 0
	var frames: int = 0
	var cached: Cached = Cached.UNSPECIFIED
	## Why it failed, empty when it is ready; the others go on.
	var failure: String = ""

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if take != 0:
			writer.put_tag(8)
			writer.put_uint32(take)
		if not key.is_empty():
			writer.put_tag(18)
			writer.put_string(key)
		if seed != 0:
			writer.put_tag(24)
			writer.put_uint32(seed)
		if frames != 0:
			writer.put_tag(32)
			writer.put_uint64(frames)
		if cached != 0:
			writer.put_tag(40)
			writer.put_enum(cached)
		if not failure.is_empty():
			writer.put_tag(50)
			writer.put_string(failure)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> PreloadedTake:
		var reader := Reader.new(data)
		var message := PreloadedTake.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					take = reader.read_uint32()
				18:
					key = reader.read_string()
				24:
					seed = reader.read_uint32()
				32:
					frames = reader.read_uint64()
				40:
					cached = reader.read_enum() as Cached
				50:
					failure = reader.read_string()
				_:
					reader.skip()


class UnloadRequest:
	extends RefCounted

	## As it was preloaded.
	var tag: String = ""

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not tag.is_empty():
			writer.put_tag(10)
			writer.put_string(tag)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> UnloadRequest:
		var reader := Reader.new(data)
		var message := UnloadRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					tag = reader.read_string()
				_:
					reader.skip()


class UnloadResponse:
	extends RefCounted

	## Takes that were let go of.
	var takes: int = 0
	## The bytes they take in the store.
	var stored_bytes: int = 0

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if takes != 0:
			writer.put_tag(8)
			writer.put_uint32(takes)
		if stored_bytes != 0:
			writer.put_tag(16)
			writer.put_uint64(stored_bytes)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> UnloadResponse:
		var reader := Reader.new(data)
		var message := UnloadResponse.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				8:
					takes = reader.read_uint32()
				16:
					stored_bytes = reader.read_uint64()
				_:
					reader.skip()


## One procedural instrument.
class Effect:
	extends RefCounted

	## Lower snake case: "ocean_waves".
	var id: String = ""
	var title: String = ""
	## One sentence.
	var description: String = ""
	var kind: EffectKind = EffectKind.UNSPECIFIED
	## Category of the Universal Category System 8.2.1.
	var ucs_cat_id: String = ""
	var parameters: Array[Parameter] = []
	var presets: Array[Preset] = []
	## Rises whenever the same request would sound different.
	var version: int = 0

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not id.is_empty():
			writer.put_tag(10)
			writer.put_string(id)
		if not title.is_empty():
			writer.put_tag(18)
			writer.put_string(title)
		if not description.is_empty():
			writer.put_tag(26)
			writer.put_string(description)
		if kind != 0:
			writer.put_tag(32)
			writer.put_enum(kind)
		if not ucs_cat_id.is_empty():
			writer.put_tag(42)
			writer.put_string(ucs_cat_id)
		for element in parameters:
			writer.put_tag(50)
			writer.put_bytes(element.to_bytes())
		for element in presets:
			writer.put_tag(58)
			writer.put_bytes(element.to_bytes())
		if version != 0:
			writer.put_tag(64)
			writer.put_uint32(version)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Effect:
		var reader := Reader.new(data)
		var message := Effect.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					id = reader.read_string()
				18:
					title = reader.read_string()
				26:
					description = reader.read_string()
				32:
					kind = reader.read_enum() as EffectKind
				42:
					ucs_cat_id = reader.read_string()
				50:
					parameters.append(Parameter.new())
					reader.read_message(parameters.back())
				58:
					presets.append(Preset.new())
					reader.read_message(presets.back())
				64:
					version = reader.read_uint32()
				_:
					reader.skip()


## One control of an effect: a number, or a choice when `choices` is not empty.
class Parameter:
	extends RefCounted

	var name: String = ""
	## One sentence.
	var description: String = ""
	## "s", "m", "m/s", "dB", ... ; empty for a bare number.
	var unit: String = ""
	var minimum: float = 0.0
	var maximum: float = 0.0
	var default_number: float = 0.0
	var curve: Curve_ = Curve_.UNSPECIFIED
	var choices: Array[String] = []
	var default_choice: String = ""
	## May change while the sound plays.
	var live: bool = false

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not name.is_empty():
			writer.put_tag(10)
			writer.put_string(name)
		if not description.is_empty():
			writer.put_tag(18)
			writer.put_string(description)
		if not unit.is_empty():
			writer.put_tag(26)
			writer.put_string(unit)
		if not Writer.is_zero(minimum):
			writer.put_tag(33)
			writer.put_double(minimum)
		if not Writer.is_zero(maximum):
			writer.put_tag(41)
			writer.put_double(maximum)
		if not Writer.is_zero(default_number):
			writer.put_tag(49)
			writer.put_double(default_number)
		if curve != 0:
			writer.put_tag(56)
			writer.put_enum(curve)
		for element in choices:
			writer.put_tag(66)
			writer.put_string(element)
		if not default_choice.is_empty():
			writer.put_tag(74)
			writer.put_string(default_choice)
		if live:
			writer.put_tag(80)
			writer.put_bool(live)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Parameter:
		var reader := Reader.new(data)
		var message := Parameter.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					name = reader.read_string()
				18:
					description = reader.read_string()
				26:
					unit = reader.read_string()
				33:
					minimum = reader.read_double()
				41:
					maximum = reader.read_double()
				49:
					default_number = reader.read_double()
				56:
					curve = reader.read_enum() as Curve_
				66:
					choices.append(reader.read_string())
				74:
					default_choice = reader.read_string()
				80:
					live = reader.read_bool()
				_:
					reader.skip()


## A named setting of an effect, asked for as "effect/preset".
class Preset:
	extends RefCounted

	var name: String = ""
	## One sentence.
	var description: String = ""
	## The parameters it sets; the others keep their defaults.
	var parameters: Dictionary[String, ParameterValue] = {}
	var ucs_cat_id: String = ""

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not name.is_empty():
			writer.put_tag(10)
			writer.put_string(name)
		if not description.is_empty():
			writer.put_tag(18)
			writer.put_string(description)
		for map_key: String in Writer.sorted_keys(parameters):
			var packed := Writer.new()
			packed.put_tag(10)
			packed.put_string(map_key)
			packed.put_tag(18)
			packed.put_bytes(parameters[map_key].to_bytes())
			writer.put_tag(26)
			writer.put_bytes(packed.bytes)
		if not ucs_cat_id.is_empty():
			writer.put_tag(34)
			writer.put_string(ucs_cat_id)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Preset:
		var reader := Reader.new(data)
		var message := Preset.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					name = reader.read_string()
				18:
					description = reader.read_string()
				26:
					var outside := reader.enter_message()
					var is_known := true
					var map_key: String = ""
					var map_value: ParameterValue = ParameterValue.new()
					while reader.next():
						match reader.tag:
							10:
								map_key = reader.read_string()
							18:
								reader.read_message(map_value)
							_:
								is_known = false
								reader.skip()
					reader.leave_message(outside)
					if is_known:
						parameters[map_key] = map_value
				34:
					ucs_cat_id = reader.read_string()
				_:
					reader.skip()


class ResolvePromptRequest:
	extends RefCounted

	## 1 to 1000 characters.
	var prompt: String = ""

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not prompt.is_empty():
			writer.put_tag(10)
			writer.put_string(prompt)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> ResolvePromptRequest:
		var reader := Reader.new(data)
		var message := ResolvePromptRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					prompt = reader.read_string()
				_:
					reader.skip()


class ResolvePromptResponse:
	extends RefCounted

	## What Render would play, the loudest first; empty when it would answer NOT_FOUND.
	var layers: Array[Layer] = []
	## 0 to 1; Render plays from 0.35.
	var confidence: float = 0.0
	## Effects that the words point to, the best first.
	var candidates: Array[Candidate] = []
	## Content words that meant nothing.
	var unknown_words: Array[String] = []
	## What to try instead, when nothing matched.
	var suggestions: Array[String] = []
	## True from 0.35 to 0.6: plays, but look at the candidates.
	var low_confidence: bool = false
	## Seconds that the words asked for ("3 seconds"). Absent: none.
	var duration_s: float = 0.0:
		set(new_value):
			duration_s = new_value
			has_duration_s = true
	var has_duration_s := false
	## The words asked for a loop.
	var loop: bool = false

	func clear_duration_s() -> void:
		duration_s = 0.0
		has_duration_s = false

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		for element in layers:
			writer.put_tag(10)
			writer.put_bytes(element.to_bytes())
		if not Writer.is_zero(confidence):
			writer.put_tag(17)
			writer.put_double(confidence)
		for element in candidates:
			writer.put_tag(26)
			writer.put_bytes(element.to_bytes())
		for element in unknown_words:
			writer.put_tag(34)
			writer.put_string(element)
		for element in suggestions:
			writer.put_tag(42)
			writer.put_string(element)
		if low_confidence:
			writer.put_tag(48)
			writer.put_bool(low_confidence)
		if has_duration_s:
			writer.put_tag(57)
			writer.put_double(duration_s)
		if loop:
			writer.put_tag(64)
			writer.put_bool(loop)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> ResolvePromptResponse:
		var reader := Reader.new(data)
		var message := ResolvePromptResponse.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					layers.append(Layer.new())
					reader.read_message(layers.back())
				17:
					confidence = reader.read_double()
				26:
					candidates.append(Candidate.new())
					reader.read_message(candidates.back())
				34:
					unknown_words.append(reader.read_string())
				42:
					suggestions.append(reader.read_string())
				48:
					low_confidence = reader.read_bool()
				57:
					duration_s = reader.read_double()
				64:
					loop = reader.read_bool()
				_:
					reader.skip()


## An effect that the words may mean.
class Candidate:
	extends RefCounted

	var effect: String = ""
	## Strength of the match; only the order matters.
	var score: float = 0.0

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not effect.is_empty():
			writer.put_tag(10)
			writer.put_string(effect)
		if not Writer.is_zero(score):
			writer.put_tag(17)
			writer.put_double(score)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Candidate:
		var reader := Reader.new(data)
		var message := Candidate.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					effect = reader.read_string()
				17:
					score = reader.read_double()
				_:
					reader.skip()


class GetServerInfoRequest:
	extends RefCounted

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> GetServerInfoRequest:
		var reader := Reader.new(data)
		var message := GetServerInfoRequest.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			reader.skip()


class GetServerInfoResponse:
	extends RefCounted

	## Of the package swash.
	var version: String = ""
	var engines: Array[EngineInfo] = []
	var default_engine: String = ""
	var limits: Limits = null
	var encodings: Array[Encoding] = []
	var uptime: Google.Duration = null

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not version.is_empty():
			writer.put_tag(10)
			writer.put_string(version)
		for element in engines:
			writer.put_tag(18)
			writer.put_bytes(element.to_bytes())
		if not default_engine.is_empty():
			writer.put_tag(26)
			writer.put_string(default_engine)
		if limits != null:
			writer.put_tag(34)
			writer.put_bytes(limits.to_bytes())
		if not encodings.is_empty():
			var packed := Writer.new()
			for element in encodings:
				packed.put_enum(element)
			writer.put_tag(42)
			writer.put_bytes(packed.bytes)
		if uptime != null:
			writer.put_tag(50)
			writer.put_bytes(uptime.to_bytes())
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> GetServerInfoResponse:
		var reader := Reader.new(data)
		var message := GetServerInfoResponse.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					version = reader.read_string()
				18:
					engines.append(EngineInfo.new())
					reader.read_message(engines.back())
				26:
					default_engine = reader.read_string()
				34:
					if limits == null:
						limits = Limits.new()
					reader.read_message(limits)
				40:
					encodings.append(reader.read_enum() as Encoding)
				42:
					var outside := reader.enter_list()
					while reader.has_more():
						encodings.append(reader.read_enum() as Encoding)
					reader.leave_list(outside)
				50:
					if uptime == null:
						uptime = Google.Duration.new()
					reader.read_message(uptime)
				_:
					reader.skip()


class EngineInfo:
	extends RefCounted

	var name: String = ""
	var version: String = ""
	var state: EngineState = EngineState.UNSPECIFIED
	## What is missing and how to bring it; empty when ready.
	var detail: String = ""
	## Terms of its output.
	var licence: String = ""

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not name.is_empty():
			writer.put_tag(10)
			writer.put_string(name)
		if not version.is_empty():
			writer.put_tag(18)
			writer.put_string(version)
		if state != 0:
			writer.put_tag(24)
			writer.put_enum(state)
		if not detail.is_empty():
			writer.put_tag(34)
			writer.put_string(detail)
		if not licence.is_empty():
			writer.put_tag(42)
			writer.put_string(licence)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> EngineInfo:
		var reader := Reader.new(data)
		var message := EngineInfo.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				10:
					name = reader.read_string()
				18:
					version = reader.read_string()
				24:
					state = reader.read_enum() as EngineState
				34:
					detail = reader.read_string()
				42:
					licence = reader.read_string()
				_:
					reader.skip()


## What a request may ask for.
class Limits:
	extends RefCounted

	var max_duration_s: float = 0.0
	var max_takes: int = 0
	var min_sample_rate: int = 0
	var max_sample_rate: int = 0
	var max_prompt_characters: int = 0
	var max_loop_s: float = 0.0
	## Largest request message, bytes.
	var max_request_bytes: int = 0
	## Live voices of all sessions together.
	var max_voices: int = 0
	## Live sessions.
	var max_sessions: int = 0

	func to_bytes() -> PackedByteArray:
		var writer := Writer.new()
		if not Writer.is_zero(max_duration_s):
			writer.put_tag(9)
			writer.put_double(max_duration_s)
		if max_takes != 0:
			writer.put_tag(16)
			writer.put_uint32(max_takes)
		if min_sample_rate != 0:
			writer.put_tag(24)
			writer.put_uint32(min_sample_rate)
		if max_sample_rate != 0:
			writer.put_tag(32)
			writer.put_uint32(max_sample_rate)
		if max_prompt_characters != 0:
			writer.put_tag(40)
			writer.put_uint32(max_prompt_characters)
		if not Writer.is_zero(max_loop_s):
			writer.put_tag(49)
			writer.put_double(max_loop_s)
		if max_request_bytes != 0:
			writer.put_tag(56)
			writer.put_uint32(max_request_bytes)
		if max_voices != 0:
			writer.put_tag(64)
			writer.put_uint32(max_voices)
		if max_sessions != 0:
			writer.put_tag(72)
			writer.put_uint32(max_sessions)
		return writer.bytes

	static func from_bytes(data: PackedByteArray) -> Limits:
		var reader := Reader.new(data)
		var message := Limits.new()
		message.merge_from(reader)
		return null if reader.is_broken else message

	func merge_from(reader: Reader) -> void:
		while reader.next():
			match reader.tag:
				9:
					max_duration_s = reader.read_double()
				16:
					max_takes = reader.read_uint32()
				24:
					min_sample_rate = reader.read_uint32()
				32:
					max_sample_rate = reader.read_uint32()
				40:
					max_prompt_characters = reader.read_uint32()
				49:
					max_loop_s = reader.read_double()
				56:
					max_request_bytes = reader.read_uint32()
				64:
					max_voices = reader.read_uint32()
				72:
					max_sessions = reader.read_uint32()
				_:
					reader.skip()
