class_name LiveSlider
extends HSlider
## Steers a live parameter of an ambience while it sounds.

const RAMP_S := 0.2

## What it steers.
@export var ambience: SwashAmbience
## Which of its parameters.
@export var parameter := ""


func _ready() -> void:
	value = ambience.parameters.get(parameter, value)
	value_changed.connect(func(moved: float) -> void: ambience.set_parameter(parameter, moved, RAMP_S))
