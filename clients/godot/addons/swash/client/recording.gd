@tool
extends RefCounted
## Puts the events of a Render call together to whole takes, and proves that nothing is missing.

const Fault := preload("swash_error.gd")
const Sound := preload("../generated/sound.gd")
const Take := preload("swash_take.gd")

const FRAME_BYTES := {Sound.Encoding.PCM_S16LE: 2, Sound.Encoding.PCM_F32LE: 4}  # of one channel

## The takes that are whole.
var takes: Array[Take] = []

var _first_frame := 0
var _take: Take = null
var _hash: HashingContext = null


## [param first_frame] that was asked for: from another than 0 on, there is no digest to compare with.
func _init(first_frame := 0) -> void:
	_first_frame = first_frame


## Takes in one event, or a take in one; returns what is wrong with it, null when nothing is.
func take_in(response: RefCounted) -> Fault:
	if response is Sound.FetchResponse:
		return _take_whole(response)
	var event: Sound.RenderResponse = response
	match event.event_case:
		Sound.RenderResponse.EventCase.HEADER:
			return _begin(event.header)
		Sound.RenderResponse.EventCase.AUDIO:
			return _append(event.audio)
		Sound.RenderResponse.EventCase.TRAILER:
			return _end(event.trailer)
	return null  # progress, and what is newer than this client


## Returns what is missing now that the call has ended well; null when nothing is.
func missing() -> Fault:
	if _take != null or takes.is_empty():
		return _damaged("the stream ended within a take")
	return null


func _take_whole(response: Sound.FetchResponse) -> Fault:
	if response.header == null or response.trailer == null:
		return _damaged("the answer holds no whole take")
	var audio := Sound.Audio.new()
	audio.data = response.data
	var wrong := _begin(response.header)
	if wrong == null:
		wrong = _append(audio)
	return wrong if wrong != null else _end(response.trailer)


func _begin(header: Sound.Header) -> Fault:
	if _take != null:
		return _damaged("take %d began before the last one ended" % header.take)
	_take = Take.new()
	_take.header = header
	_hash = null
	if FRAME_BYTES.has(header.encoding):
		if header.channels < 1 or header.channels > 2 or header.sample_rate < 1:
			return _damaged("%d channels at %d Hz" % [header.channels, header.sample_rate])
		_hash = HashingContext.new()
		_hash.start(HashingContext.HASH_SHA256)
	return null


func _append(audio: Sound.Audio) -> Fault:
	if _take == null:
		return _damaged("audio came before its header")
	if _hash != null:
		var frame := _first_frame + _take.data.size() / _frame_bytes()
		if audio.first_frame != frame or audio.data.size() % _frame_bytes() != 0:
			return _damaged("audio is missing after frame %d" % frame)
		if not audio.data.is_empty():
			_hash.update(audio.data)
	_take.data.append_array(audio.data)
	return null


func _end(trailer: Sound.Trailer) -> Fault:
	if _take == null:
		return _damaged("a trailer came before its header")
	if _hash != null:
		var frames := _first_frame + _take.data.size() / _frame_bytes()
		if frames != trailer.frames:
			return _damaged("%d of %d frames arrived" % [frames, trailer.frames])
		if _first_frame == 0 and _hash.finish() != trailer.sha256:
			return _damaged("the SHA-256 of the samples that arrived is not the server's")
	_take.trailer = trailer
	takes.append(_take)
	_take = null
	return null


func _frame_bytes() -> int:
	return _take.header.channels * FRAME_BYTES[_take.header.encoding]


func _damaged(what: String) -> Fault:
	return Fault.new(Fault.Code.DATA_LOSS, what)
