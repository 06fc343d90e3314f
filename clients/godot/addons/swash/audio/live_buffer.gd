@tool
extends RefCounted
## The frames between a live session, which come when they come, and a generator, which needs them in time.
##
## It gathers some before it begins, and again after it ran dry: an underrun is a short fade to silence, then a
## short fade back, and never a click. It holds the last few frames back, so that there is something to fade. When
## more has gathered than is useful (the game stood still, the session went on), it skips ahead, at equal power.

const FADE_S := 0.01

## How often it ran dry since it began.
var underruns := 0
## Frames that were skipped, for too many had gathered.
var skipped_frames := 0
## It gathers, and gives nothing.
var is_gathering := true

var _parts: Array[PackedVector2Array] = []
var _offset := 0  # of the first part that is left
var _frames := 0
var _prime_frames: int
var _max_frames: int
var _fade_frames: int
var _fade_in_frames := 0  # of what is pulled, still to be faded in
var _feed_fade_frames := 0  # of what is fed, still to be faded in
var _has_ended := false


## [param prime_s] seconds to gather before it begins; at more than [param max_s] it skips ahead.
func _init(sample_rate: int, prime_s: float, max_s: float) -> void:
	_fade_frames = maxi(1, roundi(FADE_S * sample_rate))
	_prime_frames = maxi(roundi(prime_s * sample_rate), 2 * _fade_frames)
	_max_frames = maxi(roundi(max_s * sample_rate), 2 * _prime_frames)


## Takes the next stereo frames of the session.
func feed(frames: PackedVector2Array) -> void:
	if frames.is_empty():
		return
	if _feed_fade_frames > 0:
		_feed_fade_frames = _fade_in(frames, _feed_fade_frames)
	_parts.append(frames)
	_frames += frames.size()
	if _frames > _max_frames:
		_skip_ahead()


## Says that what is fed from now on is of another session: what is left fades out, and that fades in.
func break_off() -> void:
	var rest := _taken(_frames)
	var faded := mini(_fade_frames, rest.size())
	for i in faded:
		rest[rest.size() - faded + i] *= 1.0 - float(i + 1) / faded
	if not rest.is_empty():
		_parts.append(rest)
		_frames = rest.size()
	_feed_fade_frames = _fade_frames


## Says that no more comes: what is left is given whole.
func end() -> void:
	_has_ended = true
	is_gathering = false


## Returns at most so many frames to play now. [param is_low]: the generator has next to nothing left, so that
## whoever has too little fades out now.
func pull(most: int, is_low: bool) -> PackedVector2Array:
	if is_gathering and _frames < _prime_frames:
		return PackedVector2Array()
	is_gathering = false
	var held := 0 if _has_ended else _fade_frames
	var given := _taken(mini(most, _frames - held))
	if _fade_in_frames > 0:
		_fade_in_frames = _fade_in(given, _fade_in_frames)
	if is_low and given.size() < most and not _has_ended and _frames <= held:
		var tail := _taken(_frames)
		_fade_out(tail)
		given.append_array(tail)
		underruns += 1
		is_gathering = true
		_fade_in_frames = _fade_frames
	return given


## Returns whether it has ended and all is given.
func is_drained() -> bool:
	return _has_ended and _frames == 0


## Returns the frames that wait.
func size() -> int:
	return _frames


func _taken(count: int) -> PackedVector2Array:
	var taken := PackedVector2Array()
	while taken.size() < count:
		var part := _parts[0]
		var to := mini(part.size(), _offset + count - taken.size())
		taken.append_array(part.slice(_offset, to))
		_offset = to
		if to == part.size():
			_parts.pop_front()
			_offset = 0
	_frames -= taken.size()
	return taken


## Drops the oldest frames, and lets what was about to be heard fade into what follows.
func _skip_ahead() -> void:
	var before := _taken(_fade_frames)
	var dropped := _frames - _prime_frames - _fade_frames
	if dropped > 0:
		_taken(dropped)
	var after := _taken(_fade_frames)
	for i in _fade_frames:
		var angle := (i + 0.5) / _fade_frames * PI / 2.0
		after[i] = before[i] * cos(angle) + after[i] * sin(angle)
	if _offset > 0:
		_parts[0] = _parts[0].slice(_offset)
		_offset = 0
	_parts.push_front(after)
	_frames += after.size()
	skipped_frames += _fade_frames + maxi(dropped, 0)


## Raises the next of [param left] frames of a fade; returns how many are left then.
func _fade_in(frames: PackedVector2Array, left: int) -> int:
	for i in mini(left, frames.size()):
		frames[i] *= 1.0 - float(left - i) / _fade_frames
	return maxi(0, left - frames.size())


func _fade_out(frames: PackedVector2Array) -> void:
	for i in frames.size():
		frames[i] *= 1.0 - float(i + 1) / frames.size()
