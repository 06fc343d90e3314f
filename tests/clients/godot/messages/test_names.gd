extends "res://tests/runner/suite.gd"
## What a .proto file may call its own and Godot has already: test_messages.py makes odd.gd of such names.

const ODD := "res://addons/swash/generated/odd.gd"


func test_names_that_godot_has_already_end_with_an_underscore() -> void:
	var odd: Dictionary = load(ODD).get_script_constant_map()
	var node: RefCounted = odd["Node_"].new()
	node.set("signal_", "a")
	node.set("script_", "b")
	node.set("seed", "c")
	node.set("curve", odd["Curve_"]["STEEP"])
	var back: RefCounted = odd["Node_"].from_bytes(node.to_bytes())
	equal(back.get("signal_"), "a")
	equal(back.get("script_"), "b")
	equal(back.get("seed"), "c")
	equal(back.get("curve"), 1)


func test_every_name_keeps_its_value() -> void:
	var type: GDScript = load(ODD).get_script_constant_map()["Node_"]
	var node: RefCounted = type.new()
	var names: PackedStringArray = []
	for property in node.get_property_list():
		if property.usage & PROPERTY_USAGE_SCRIPT_VARIABLE and property.type == TYPE_STRING:
			names.append(property.name)
			node.set(property.name, property.name)
	var back: RefCounted = type.from_bytes(node.to_bytes())
	check(names.size() > 100, "many names")
	for property in names:
		equal(back.get(property), property)
