@tool
extends EditorProperty
## "parameters" in the inspector of a node that sounds: the sliders of what it sounds like.

const Catalogue := preload("catalogue.gd")
const ParameterPanel := preload("parameter_panel.gd")
const Sound := preload("../generated/sound.gd")

var _catalogue: Catalogue
var _panel := ParameterPanel.new()
var _shown := ""
var _is_editing := false


func _init(catalogue: Catalogue) -> void:
	_catalogue = catalogue
	label = "Parameters"
	add_child(_panel)
	set_bottom_editor(_panel)
	_panel.edited.connect(_on_edited)


func _update_property() -> void:
	var source := get_edited_object()
	var what := "%s|%s" % [source.get("effect"), source.get("prompt")]
	if _is_editing or (what == _shown and source.get("parameters") == _panel.values):
		return
	_shown = what
	var effect: Sound.Effect = await _catalogue.effect_of(source.get("effect"), source.get("prompt"))
	if not is_instance_valid(source) or what != _shown:
		return
	var why := "No effect: write a prompt, or name one."
	if _catalogue.error != null:
		why = _catalogue.error.message
	_panel.show_effect(effect, source.get("parameters"), why)


func _on_edited(values: Dictionary) -> void:
	_is_editing = true  # the slider that moves must not be built anew
	emit_changed(get_edited_property(), values)
	_is_editing = false
