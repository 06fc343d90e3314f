@tool
extends RefCounted
## Picks takes for an ear that notices repeats: at random, never the same twice in a row, each a little higher or
## lower and louder or softer.


## One pick.
class Pick:
	extends RefCounted

	## 0 the first take.
	var take := 0
	## 1 as it was made.
	var pitch_scale := 1.0
	var gain_db := 0.0


var _random: RandomNumberGenerator
var _last := 0
var _has_picked := false


## The same [param random] gives the same picks.
func _init(random: RandomNumberGenerator) -> void:
	_random = random


## Returns the next of [param count] takes, up to so much off pitch (semitones) and level (dB), evenly spread.
func next(count: int, pitch_jitter_semitones: float, gain_jitter_db: float) -> Pick:
	var pick := Pick.new()
	if _has_picked and count > 1:
		# One of the others: skip over the last.
		pick.take = (_last + 1 + _random.randi() % (count - 1)) % count
	else:
		pick.take = _random.randi() % count
	_last = pick.take
	_has_picked = true
	var semitones := _random.randf_range(-pitch_jitter_semitones, pitch_jitter_semitones)
	pick.pitch_scale = pow(2.0, semitones / 12.0)
	pick.gain_db = _random.randf_range(-gain_jitter_db, gain_jitter_db)
	return pick
