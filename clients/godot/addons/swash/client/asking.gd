@tool
extends RefCounted
## What has come of a sound, and what to ask for next, so that its events are those of one call, however many it
## takes. PCM goes on at the frame after the last, with the seed, the object and the engine that its header told;
## the takes that are left follow in a call of their own.

const Fault := preload("swash_error.gd")
const Sound := preload("../generated/sound.gd")

const FRAME_BYTES := {Sound.Encoding.PCM_S16LE: 2, Sound.Encoding.PCM_F32LE: 4}  # of one channel
const FIRST_WAIT_S := 0.25
const GROWTH := 2.5
const SPREAD := 0.25  # of what the server says: those whom it told the same do not all come back at once
const SEEDS := 1 << 32

## In one message, when it fits into one.
var is_whole := false
## What came last has not come before.
var is_new := true

var _request: PackedByteArray
var _takes := 1
var _first_frame := 0
var _retries := 0
var _failures := 0
var _chance := RandomNumberGenerator.new()  # not the game's
var _first: Sound.Header = null
var _header: Sound.Header = null  # of the take that is arriving
var _frames := 0
var _done := 0
var _offset := 0  # the number of the first take of the call in flight
var _goes_on := false  # the header that comes next has been heard


## [param retries]: how often it is asked for again before something new of it comes.
func _init(request: Sound.RenderRequest, retries: int, in_one_message: bool) -> void:
	_request = request.to_bytes()
	_takes = request.takes if request.has_takes else 1
	_first_frame = request.first_frame
	_frames = _first_frame
	_retries = retries
	is_whole = in_one_message


## Returns what the next call is of.
func method() -> String:
	return Sound.METHOD_FETCH if is_whole else Sound.METHOD_RENDER


## Returns what the next call asks for.
func next() -> PackedByteArray:
	var request := Sound.RenderRequest.from_bytes(_request)
	if is_whole:
		var fetch := Sound.FetchRequest.new()
		fetch.render = request
		return fetch.to_bytes()
	_offset = _done
	_goes_on = _header != null
	if _header != null:
		_ask_for_rest(request)
	elif _first != null:
		_ask_for_takes_left(request)
	return request.to_bytes()


## Returns a response of the call in flight; null when the bytes are none.
func decode(data: PackedByteArray) -> RefCounted:
	return Sound.FetchResponse.from_bytes(data) if is_whole else Sound.RenderResponse.from_bytes(data)


## Takes a response in, and says in [member is_new] whether it is. Returns what is wrong with it, null when nothing
## is.
func take_in(response: RefCounted) -> Fault:
	is_new = true
	var event := response as Sound.RenderResponse
	if event == null:
		return null
	match event.event_case:
		Sound.RenderResponse.EventCase.PROGRESS:
			event.progress.take += _offset
		Sound.RenderResponse.EventCase.HEADER:
			event.header.take += _offset
			if _goes_on:
				is_new = false
				return _compared(event.header)
			_header = event.header
			_first = _first if _first != null else _header
		Sound.RenderResponse.EventCase.AUDIO:
			var sample_bytes: int = 0 if _header == null else FRAME_BYTES.get(_header.encoding, 0)
			if sample_bytes > 0:
				_failures = 0
				_frames += event.audio.data.size() / (sample_bytes * _header.channels)
		Sound.RenderResponse.EventCase.TRAILER:
			event.trailer.take += _offset
			_header = null
			_frames = _first_frame
			_done += 1
	return null


## Returns whether, after a call that ended well, takes are left that it was not asked for.
func is_unfinished() -> bool:
	return _goes_on and _header == null and _done < _takes


## Returns after how many seconds it is worth asking again; below 0: not at all, or not within [param left_s].
func wait_s(error: Fault, left_s: float) -> float:
	if is_whole and error.code == Fault.Code.OUT_OF_RANGE:
		is_whole = false  # too large for one message
		return 0.0
	var is_later := (
		error.code == Fault.Code.UNAVAILABLE
		or (error.code == Fault.Code.RESOURCE_EXHAUSTED and error.has_retry_after)
	)
	var is_lost := _header != null and not FRAME_BYTES.has(_header.encoding)  # a file that has begun
	if not is_later or is_lost or _failures >= _retries:
		return -1.0
	var wait := FIRST_WAIT_S * pow(GROWTH, _failures) * _chance.randf_range(0.5, 1.0)
	if error.has_retry_after:
		wait = error.retry_after_s * _chance.randf_range(1.0, 1.0 + SPREAD)
	if wait >= left_s:
		return -1.0
	_failures += 1
	return wait


func _compared(header: Sound.Header) -> Fault:
	for told: String in ["key", "encoding", "sample_rate", "channels"]:
		if header.get(told) != _header.get(told):
			return Fault.new(
				Fault.Code.DATA_LOSS, "the connection broke, and asked again the server makes another sound"
			)
	return null


func _ask_for_rest(request: Sound.RenderRequest) -> void:
	if request.has_takes:
		request.takes = 1
	request.seed = _header.seed
	request.object_seed = _header.object_seed
	request.engine = _header.engine
	request.first_frame = _frames
	if _header.fallback:
		_clear_neural(request)


func _ask_for_takes_left(request: Sound.RenderRequest) -> void:
	var first_seed := _first.replaced_seed if _first.has_replaced_seed else _first.seed
	request.takes = _takes - _done
	request.seed = ((request.seed if request.has_seed else first_seed) + _done) % SEEDS
	request.object_seed = _first.object_seed
	if not _first.fallback:
		request.engine = _first.engine


## Takes away what only the neural engine may be asked: the one that stood in for it refuses it.
func _clear_neural(request: Sound.RenderRequest) -> void:
	request.has_steps = false
	request.has_guidance = false
	request.has_negative_prompt = false
	request.init_case = Sound.RenderRequest.InitCase.NONE
	request.has_init_noise_level = false
	request.short_window = false
	request.loop_method = Sound.LoopMethod.UNSPECIFIED
	request.fallback = false
