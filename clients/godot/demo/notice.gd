extends Label
## Says what keeps the beach silent, and what the walker steps on.

const ADVICE := "The beach is silent: %s\nStart a server with `make serve` in the folder of swash."
const KEYS := "WASD or arrows walk, Shift runs"

## What may fail.
@export var ambiences: Array[SwashAmbience] = []
@export var walker: Walker


func _ready() -> void:
	text = KEYS
	for ambience in ambiences:
		ambience.reconnecting.connect(func(error: SwashError, _in_s: float) -> void: _show_silence(error))
		ambience.failed.connect(_show_silence)
		ambience.started.connect(func() -> void: text = KEYS)
	walker.stepped.connect(func(surface: String) -> void: text = "%s: %s" % [KEYS, surface])


func _show_silence(error: SwashError) -> void:
	text = ADVICE % error.message
