@tool
extends VBoxContainer
## The dock "Swash": type words, hear them, step through seeds, bake the one that pleases. All it knows is in
## bench.gd.

## A file has been written into the project, and wants importing.
signal baked(path: String)

const Bench := preload("bench.gd")
const Client := preload("../client/swash_client.gd")
const Take := preload("../client/swash_take.gd")
const Waveform := preload("waveform.gd")

const FOLDER := "res://sounds"
const TYPING_PAUSE_S := 0.4  # then the words are looked up

var bench: Bench

var _client: Client
var _words := LineEdit.new()
var _understood := Label.new()
var _seed := SpinBox.new()
var _duration := SpinBox.new()
var _loop := CheckBox.new()
var _hear := Button.new()
var _waveform := Waveform.new()
var _facts := Label.new()
var _path := LineEdit.new()
var _message := Label.new()
var _player := AudioStreamPlayer.new()
var _pause := Timer.new()
var _heard: Take = null


func _init() -> void:
	name = "Swash"
	_client = Client.new()
	bench = Bench.new(_client)
	add_child(_client)
	add_child(_player)
	_pause.one_shot = true
	_pause.wait_time = TYPING_PAUSE_S
	add_child(_pause)
	_build()
	bench.changed.connect(_show)
	bench.baked.connect(baked.emit)
	_show()


func _build() -> void:
	_words.placeholder_text = "heavy boots on wet gravel"
	_words.text_changed.connect(_on_typed)
	_words.text_submitted.connect(func(_text: String) -> void: _on_hear())
	_pause.timeout.connect(_on_paused)
	add_child(_words)
	_wrap(_understood)
	_seed.max_value = Bench.MAX_SEED
	_seed.tooltip_text = "Which performance: the same seed is the same sound"
	_seed.value_changed.connect(_on_seed)
	_duration.max_value = 120.0
	_duration.step = 0.1
	_duration.suffix = "s"
	_duration.tooltip_text = "0: the natural length"
	_duration.value_changed.connect(func(value: float) -> void: bench.duration_s = value)
	_loop.text = "Loop"
	_loop.toggled.connect(func(is_on: bool) -> void: bench.loop = is_on)
	_row([_label("Seed"), _seed, _button("Dice", _on_dice), _label("Length"), _duration, _loop])
	_hear.text = "Hear"
	_hear.pressed.connect(_on_hear)
	_row([_hear, _button("Next seed", _on_next), _button("Stop", _on_stop)])
	add_child(_waveform)
	_wrap(_facts)
	_path.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_path.placeholder_text = FOLDER + "/name.wav"
	_row([_path, _button("Bake WAV", _on_bake.bind("wav")), _button("Bake OGG", _on_bake.bind("ogg"))])
	_wrap(_message)


func _show() -> void:
	_understood.text = bench.understood()
	_seed.set_value_no_signal(bench.seed_in_use)
	_hear.disabled = bench.is_busy or bench.prompt.is_empty()
	_waveform.show_take(bench.take)
	if bench.take != null:
		var trailer := bench.take.trailer
		var facts := [bench.take.duration_s(), trailer.loudness_lufs, trailer.true_peak_dbtp]
		_facts.text = "%.2f s, %.1f LUFS, %.1f dBTP" % facts
	_message.text = ""
	if bench.is_busy:
		_message.text = "..."
	elif bench.error != null:
		_message.text = bench.error.message


func _on_typed(words: String) -> void:
	bench.prompt = words.strip_edges()
	bench.resolution = null
	_pause.start()
	_show()


func _on_paused() -> void:
	if not bench.prompt.is_empty() and not bench.is_busy:
		bench.understand()


func _on_seed(value: float) -> void:
	bench.seed_in_use = int(value)


func _on_dice() -> void:
	bench.roll_seed()
	_on_hear()


func _on_next() -> void:
	bench.step_seed(1)
	_on_hear()


func _on_hear() -> void:
	if bench.prompt.is_empty():
		return
	_pause.stop()
	var is_there: bool = await bench.hear()
	if not is_there:
		return
	if bench.take != _heard:
		_heard = bench.take
		_player.stream = _heard.to_stream()
	_player.play()
	if bench.resolution == null:
		bench.understand()


func _on_stop() -> void:
	bench.cancel()
	_player.stop()


func _on_bake(ending: String) -> void:
	var path := _path.text.strip_edges()
	if path.is_empty():
		path = FOLDER.path_join(bench.suggested_name())
	elif not path.begins_with("res://"):
		path = FOLDER.path_join(path)
	if path.get_extension().to_lower() in Bench.ENDINGS:
		path = path.get_basename()
	bench.bake("%s.%s" % [path, ending])


func _row(controls: Array[Control]) -> void:
	var row := HFlowContainer.new()
	for control in controls:
		row.add_child(control)
	add_child(row)


func _wrap(label: Label) -> void:
	label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	add_child(label)


func _label(words: String) -> Label:
	var label := Label.new()
	label.text = words
	return label


func _button(words: String, pressed: Callable) -> Button:
	var button := Button.new()
	button.text = words
	button.pressed.connect(pressed)
	return button
