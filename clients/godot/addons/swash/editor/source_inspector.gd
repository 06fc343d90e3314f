@tool
extends EditorInspectorPlugin
## Gives the nodes that sound sliders for their parameters.

const Catalogue := preload("catalogue.gd")
const ParameterProperty := preload("parameter_property.gd")
const Source := preload("../nodes/swash_source.gd")

var _catalogue: Catalogue


func _init(catalogue: Catalogue) -> void:
	_catalogue = catalogue


func _can_handle(object: Object) -> bool:
	return object is Source


func _parse_property(
	_object: Object,
	_type: Variant.Type,
	property: String,
	_hint: PropertyHint,
	_hint_text: String,
	_usage: int,
	_wide: bool
) -> bool:
	if property != "parameters":
		return false
	add_property_editor(property, ParameterProperty.new(_catalogue))
	return true
