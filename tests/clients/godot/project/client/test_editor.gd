extends "res://tests/addon_suite.gd"
## What the editor's dock and sliders do. The editor itself is not here: its plugin is as thin as it can be.

const Bench := preload("res://addons/swash/editor/bench.gd")
const Catalogue := preload("res://addons/swash/editor/catalogue.gd")
const Client := preload("res://addons/swash/client/swash_client.gd")
const Dock := preload("res://addons/swash/editor/dock.gd")
const Fault := preload("res://addons/swash/client/swash_error.gd")
const ParameterPanel := preload("res://addons/swash/editor/parameter_panel.gd")
const Sound := preload("res://addons/swash/generated/sound.gd")

const FOLDER := "user://test-baked"

var client: Client
var bench: Bench


func before_each() -> void:
	limit_s = 20.0
	client = Client.new()
	client.server_url = server
	client.cache_folder = "user://test-editor"
	add_child(client)
	bench = Bench.new(client)


func after_each() -> void:
	client.cache.clear()


func test_words_are_heard_and_understood() -> void:
	bench.prompt = "heavy rain on a tin roof"
	await bench.understand()
	equal(bench.understood(), "rain/tin_roof")
	check(await bench.hear(), str(bench.error))
	equal(bench.take.header.layers[0].effect, "rain")
	equal(bench.take.header.seed, 0)


func test_words_that_mean_nothing_bring_suggestions() -> void:
	bench.prompt = "zxqv wvutr"
	await bench.understand()
	check(bench.understood().begins_with("Nothing. Try: "), bench.understood())
	check(not await bench.hear(), "it was heard")
	equal(bench.error.code, Fault.Code.NOT_FOUND as int)


func test_seeds_go_up_and_down_and_round() -> void:
	bench.step_seed(1)
	equal(bench.seed_in_use, 1)
	bench.step_seed(-2)
	equal(bench.seed_in_use, 4_294_967_295)
	bench.step_seed(1)
	equal(bench.seed_in_use, 0)


func test_a_newer_asking_overtakes_an_older_one() -> void:
	bench.prompt = "rain"
	var outcomes := {}
	_hear_as("old", outcomes)
	bench.prompt = "a footstep on snow"
	_hear_as("new", outcomes)
	await until(func() -> bool: return outcomes.size() == 2, "both ended")
	equal(outcomes, {"old": false, "new": true})
	equal(bench.take.header.layers[0].effect, "footsteps")
	check(not bench.is_busy, "it is still busy")


func test_what_is_baked_tells_where_it_came_from() -> void:
	bench.prompt = "a footstep on wet gravel"
	bench.seed_in_use = 7
	for ending: String in ["wav", "ogg"]:
		var path := "%s/steps/boots_%s.%s" % [FOLDER, ending, ending]
		if not check(await bench.bake(path), str(bench.error)):
			continue
		var file := FileAccess.get_file_as_bytes(path)
		equal(file.slice(0, 4).get_string_from_ascii(), "RIFF" if ending == "wav" else "OggS")
		var beside := path.get_basename() + ".swash.json"
		var told: Dictionary = JSON.parse_string(FileAccess.get_file_as_string(beside))
		equal(told.prompt, "a footstep on wet gravel")
		equal(int(told.seed), 7)
		equal(told.layers[0].effect, "footsteps")
		equal(told.layers[0].parameters.surface, "gravel")
		equal(told.engine, "procedural")
		check(told.key.length() == 64 and not told.licence.is_empty(), "key or licence")
		DirAccess.remove_absolute(path)
		DirAccess.remove_absolute(beside)


func test_a_file_that_cannot_be_baked_says_why() -> void:
	bench.prompt = "rain"
	check(not await bench.bake(FOLDER + "/rain.mp3"), "mp3")
	equal(bench.error.violations[0].field, "path")
	bench.prompt = ""
	check(not await bench.bake(FOLDER + "/rain.wav"), "no words")
	equal(bench.error.violations[0].field, "prompt")


func test_names_of_files_tell_what_is_in_them() -> void:
	bench.prompt = "Heavy boots, on wet / gravel!"
	bench.seed_in_use = 7
	equal(bench.suggested_name(), "heavy_boots_on_wet_gravel_7")
	bench.prompt = "波の音"
	equal(bench.suggested_name(), "波の音_7")


func test_the_dock_types_hears_and_draws() -> void:
	var dock := Dock.new()
	add_child(dock)
	dock._client.server_url = server
	dock._on_typed(" a footstep on snow ")
	dock._on_next()
	await until(func() -> bool: return dock._waveform._take != null, "it was heard")
	equal(dock.bench.seed_in_use, 1)
	await until(func() -> bool: return dock._understood.text.begins_with("footsteps"), "it was understood")
	check(dock._facts.text.contains("LUFS"), dock._facts.text)
	dock._client.server_url = argument("nobody")
	dock._on_dice()
	await until(func() -> bool: return dock._message.text.begins_with("no server"), "the error is shown")
	dock._client.cache.clear()


func test_sliders_are_built_from_what_the_server_lists() -> void:
	var catalogue := Catalogue.new()
	add_child(catalogue)
	catalogue.client.server_url = server
	var rain := await catalogue.effect_of("", "heavy rain")
	if not check(rain != null, str(catalogue.error)):
		return
	equal(rain.id, "rain")
	equal((await catalogue.effect_of("footsteps/sneaking_wood", "")).id, "footsteps")
	equal(await catalogue.effect_of("nothing", ""), null)
	var panel := ParameterPanel.new()
	add_child(panel)
	var edits := []
	panel.edited.connect(func(values: Dictionary) -> void: edits.append(values))
	panel.show_effect(rain, {"intensity": 0.25})
	equal(panel.get_child_count(), rain.parameters.size())
	var slider: HSlider = panel.get_node("Intensity").get_child(1)
	check(absf(slider.value - 0.25) < 0.01, "%f" % slider.value)
	slider.value = slider.max_value
	var choice: OptionButton = panel.get_node("Place").get_child(1)
	choice.item_selected.emit(1)
	var reset: Button = panel.get_node("Intensity").get_child(2)
	reset.pressed.emit()
	equal(edits.size(), 3)
	equal(edits[0].intensity, slider.max_value)
	equal(edits[1].place, choice.get_item_text(1))
	equal(edits[2].keys(), ["place"])


func _hear_as(name_of_it: String, outcomes: Dictionary) -> void:
	outcomes[name_of_it] = await bench.hear()
