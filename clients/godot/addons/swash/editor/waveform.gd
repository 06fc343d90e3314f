@tool
extends Control
## Draws a sound: the lowest and highest sample of each column.

const Pcm := preload("../audio/pcm.gd")
const Sound := preload("../generated/sound.gd")
const Take := preload("../client/swash_take.gd")

const MIN_HEIGHT := 64.0
const CLIPPED := 0.999

var _take: Take = null
var _peaks := PackedVector2Array()


func _init() -> void:
	custom_minimum_size.y = MIN_HEIGHT


## Shows 16-bit PCM; null: nothing.
func show_take(take: Take) -> void:
	if take == _take:
		return
	_take = take
	_peaks.clear()
	queue_redraw()


func _notification(what: int) -> void:
	if what == NOTIFICATION_RESIZED:
		_peaks.clear()


func _draw() -> void:
	var middle := size.y / 2.0
	draw_line(Vector2(0.0, middle), Vector2(size.x, middle), Color(1.0, 1.0, 1.0, 0.2))
	if _take == null or _take.header.encoding != Sound.Encoding.PCM_S16LE or size.x < 1.0:
		return
	if _peaks.is_empty():
		_peaks = Pcm.peaks_of_s16(_take.data, int(size.x))
	for x in _peaks.size():
		var peak := _peaks[x]
		var color := Color.TOMATO if maxf(-peak.x, peak.y) > CLIPPED else Color.SKY_BLUE
		# At least a dot, so that silence is a line.
		var top := middle - peak.y * middle
		var bottom := maxf(middle - peak.x * middle, top + 1.0)
		draw_line(Vector2(x + 0.5, top), Vector2(x + 0.5, bottom), color)
