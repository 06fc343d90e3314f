extends "res://tests/runner/suite.gd"
## The demo's beach, as a player meets it.

const Client := preload("res://addons/swash/client/swash_client.gd")

const SILENT := 1.0e-4

var beach: Node3D


func before_each() -> void:
	limit_s = 30.0
	ProjectSettings.set_setting(Client.SETTING_URL, server)
	beach = (load("res://demo/beach.tscn") as PackedScene).instantiate()
	add_child(beach)


func test_the_sea_and_the_wind_are_heard_and_steered() -> void:
	var ocean: SwashAmbience = beach.get_node("Sea/Shore/Ocean")
	var wind: SwashAmbience = beach.get_node("Air/Wind")
	var begun := []
	var refusals := []
	for ambience: SwashAmbience in [ocean, wind]:
		ambience.started.connect(func() -> void: begun.append(ambience.name))
		ambience.refused.connect(func(error: SwashError) -> void: refusals.append(str(error)))
	await until(func() -> bool: return begun.size() >= 2, "both sound")
	equal(ocean.audio_player(), beach.get_node("Sea/Shore"))
	var slider: HSlider = beach.get_node("Board/Panel/Rows/SpeedMS")
	slider.value = 20.0
	equal(wind.parameters.speed_m_s, 20.0)
	var size: HSlider = beach.get_node("Board/Panel/Rows/Size")
	size.value = 0.9
	equal(ocean.parameters.size, 0.9)
	for ambience: SwashAmbience in [ocean, wind]:
		var answer := await ambience._session.answer(ambience._session.last_id)
		check(answer.ok, str(answer.error))
	equal(refusals, [])


func test_the_walker_steps_on_what_is_below() -> void:
	var walker: Walker = beach.get_node("Walker")
	equal(walker.steps.keys(), ["sand", "gravel", "wood"])
	for bank: SwashBank in walker.steps.values():
		await until(bank.is_prepared, "the steps are there")
	var heard := []
	walker.stepped.connect(func(surface: String) -> void: heard.append(surface))
	await until(walker.is_on_floor, "the walker has landed")
	for x: float in [-6.0, 0.0, 6.0]:
		walker.position.x = x
		walker.position.z = 4.0
		var count := heard.size()
		_press(KEY_S, true)
		await until(func() -> bool: return heard.size() > count, "a step")
		_press(KEY_S, false)
	equal(heard, ["sand", "gravel", "wood"])


func _press(key: Key, is_pressed: bool) -> void:
	var event := InputEventKey.new()
	event.physical_keycode = key
	event.keycode = key
	event.pressed = is_pressed
	Input.parse_input_event(event)
