@tool
extends VBoxContainer
## The controls of an effect, as the server lists them: a slider for a number, a list for a choice. What is not
## moved is not set: the words and the effect decide it.

## Somebody has moved, chosen or taken back something: all that is set now.
signal edited(values: Dictionary)

const Sound := preload("../generated/sound.gd")

const STEPS := 200.0  # of a slider from end to end

## What is set, by name.
var values: Dictionary = {}

var _is_showing := false


## Shows an effect with what is set of it; null: nothing but why.
func show_effect(effect: Sound.Effect, set_values: Dictionary, why_none := "") -> void:
	values = set_values.duplicate()
	for child in get_children():
		remove_child(child)
		child.queue_free()
	if effect == null:
		var label := Label.new()
		label.text = why_none
		label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
		add_child(label)
		return
	for parameter: Sound.Parameter in effect.parameters:
		add_child(_row(parameter))


func _row(parameter: Sound.Parameter) -> Control:
	var row := HBoxContainer.new()
	row.name = parameter.name.to_pascal_case()
	row.tooltip_text = parameter.description
	var label := Label.new()
	label.text = parameter.name if parameter.unit.is_empty() else "%s (%s)" % [parameter.name, parameter.unit]
	label.custom_minimum_size.x = 130.0
	row.add_child(label)
	var control := _choices(parameter) if not parameter.choices.is_empty() else _slider(parameter)
	control.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	control.tooltip_text = parameter.description
	row.add_child(control)
	var reset := Button.new()
	reset.text = "x"
	reset.tooltip_text = "Let the words and the effect decide"
	reset.disabled = not values.has(parameter.name)
	reset.pressed.connect(_on_reset.bind(parameter, control, reset))
	row.add_child(reset)
	if control is HSlider:
		var shown := Label.new()
		shown.text = _shown(control.value)
		control.value_changed.connect(func(value: float) -> void: shown.text = _shown(value))
		row.add_child(shown)
		control.value_changed.connect(func(value: float) -> void: _on_moved(parameter.name, value, reset))
	else:
		control.item_selected.connect(
			func(index: int) -> void: _on_moved(parameter.name, parameter.choices[index], reset)
		)
	return row


func _slider(parameter: Sound.Parameter) -> HSlider:
	var slider := HSlider.new()
	slider.min_value = parameter.minimum
	slider.max_value = parameter.maximum
	slider.step = (parameter.maximum - parameter.minimum) / STEPS
	slider.exp_edit = parameter.curve == Sound.Curve_.LOGARITHMIC and parameter.minimum > 0.0
	slider.set_value_no_signal(values.get(parameter.name, parameter.default_number))
	return slider


func _choices(parameter: Sound.Parameter) -> OptionButton:
	var list := OptionButton.new()
	for choice in parameter.choices:
		list.add_item(choice)
	list.select(parameter.choices.find(values.get(parameter.name, parameter.default_choice)))
	return list


func _on_moved(parameter: String, value: Variant, reset: Button) -> void:
	if _is_showing:
		return
	values[parameter] = value
	reset.disabled = false
	edited.emit(values.duplicate())


func _on_reset(parameter: Sound.Parameter, control: Control, reset: Button) -> void:
	values.erase(parameter.name)
	reset.disabled = true
	_is_showing = true  # the control moves back, nobody has moved it
	if control is HSlider:
		(control as HSlider).value = parameter.default_number
	else:
		(control as OptionButton).select(parameter.choices.find(parameter.default_choice))
	_is_showing = false
	edited.emit(values.duplicate())


func _shown(value: float) -> String:
	return String.num(value, 3)
