extends "res://tests/runner/suite.gd"
## Generated messages as a game uses them. That they agree with protobuf is for test_codec.py to prove.

const Google := preload("res://addons/swash/generated/status.gd")
const Reader := preload("res://addons/swash/wire/reader.gd")
const Sound := preload("res://addons/swash/generated/sound.gd")
const Writer := preload("res://addons/swash/wire/writer.gd")


func test_of_two_that_exclude_each_other_the_last_counts() -> void:
	var request := Sound.RenderRequest.new()
	equal(request.sound_case, Sound.RenderRequest.SoundCase.NONE)
	request.effect = "rain"
	request.prompt = "light rain"
	equal(request.sound_case, Sound.RenderRequest.SoundCase.PROMPT)
	equal(request.effect, "", "the one before")
	var back := Sound.RenderRequest.from_bytes(request.to_bytes())
	equal(back.prompt, "light rain")
	back.clear_sound()
	equal(back.to_bytes().size(), 0)


func test_what_is_set_to_its_default_is_sent_and_what_is_cleared_is_not() -> void:
	var request := Sound.RenderRequest.new()
	check(not request.has_seed, "absent at first")
	request.seed = 0
	check(request.has_seed, "set")
	check(Sound.RenderRequest.from_bytes(request.to_bytes()).has_seed, "sent")
	request.clear_seed()
	check(not Sound.RenderRequest.from_bytes(request.to_bytes()).has_seed, "cleared")


func test_a_message_in_a_choice_is_taken_out_by_null() -> void:
	var event := Sound.RenderResponse.new()
	event.trailer = Sound.Trailer.new()
	event.header = null
	check(event.trailer != null, "null for another changes nothing")
	event.trailer = null
	equal(event.event_case, Sound.RenderResponse.EventCase.NONE)


func test_maps_and_lists_hold_messages() -> void:
	var layer := Sound.Layer.new()
	layer.parameters["intensity"] = Sound.ParameterValue.new()
	layer.parameters["intensity"].number = 0.5
	var header := Sound.Header.new()
	header.layers = [layer, Sound.Layer.new()]
	var back := Sound.Header.from_bytes(header.to_bytes())
	equal(back.layers.size(), 2)
	equal(back.layers[0].parameters["intensity"].number, 0.5)
	equal(back.layers[0].parameters["intensity"].kind_case, Sound.ParameterValue.KindCase.NUMBER)


func test_an_unknown_choice_of_a_newer_server_stays_a_number() -> void:
	equal(int(Sound.Header.from_bytes(PackedByteArray([88, 99])).encoding), 99)


func test_bytes_that_are_no_message_are_null() -> void:
	equal(Sound.Header.from_bytes(PackedByteArray([10, 200])), null)
	equal(Sound.Header.from_bytes(PackedByteArray([10, 1, 0xFF])), null, "no UTF-8")


func test_a_number_beyond_its_range_is_an_error_and_the_nearest_is_sent() -> void:
	expected_errors = ["from 0 to 4294967295, got -1", "from 0 to 4294967295, got 4294967296"]
	var request := Sound.RenderRequest.new()
	request.seed = -1
	equal(Sound.RenderRequest.from_bytes(request.to_bytes()).seed, 0)
	request.seed = 0xFFFFFFFF + 1
	equal(Sound.RenderRequest.from_bytes(request.to_bytes()).seed, 0xFFFFFFFF)


func test_unsigned_numbers_of_64_bits_keep_their_bits() -> void:
	var audio := Sound.Audio.new()
	audio.first_frame = -1
	equal(audio.to_bytes(), PackedByteArray([16, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]))
	equal(Sound.Audio.from_bytes(audio.to_bytes()).first_frame, -1)


func test_text_keeps_its_byte_order_mark_and_loses_its_nulls() -> void:
	var writer := Writer.new()
	writer.put_bytes(PackedByteArray([0xEF, 0xBB, 0xBF, 65, 0, 66]))
	equal(Reader.new(writer.bytes).read_string(), char(0xFEFF) + "A\uFFFDB")


func test_an_error_s_details_are_read_by_their_type() -> void:
	var violation := Google.BadRequestFieldViolation.new()
	violation.field = "duration_s"
	var refused := Google.BadRequest.new()
	refused.field_violations = [violation]
	var detail := Google.Any.new()
	detail.type_url = "type.googleapis.com/google.rpc.BadRequest"
	detail.value = refused.to_bytes()
	var status := Google.Status.new()
	status.code = 3
	status.details = [detail]
	var back := Google.Status.from_bytes(status.to_bytes())
	equal(Google.BadRequest.from_bytes(back.details[0].value).field_violations[0].field, "duration_s")
