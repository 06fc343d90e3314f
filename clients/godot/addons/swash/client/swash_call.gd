@tool
class_name SwashCall
extends RefCounted
## One call to the server, under way. Listen to what streams, or wait for its end:
## [codeblock]
## var call := client.render(request)
## call.message.connect(func(event: Sound.RenderResponse) -> void: print(event.event_case))
## var result := await call.done()
## [/codeblock]
## A SwashClient drives it, frame by frame; when the client leaves the tree, its calls end with CANCELLED.

## A response has come: a message of generated/sound.gd.
signal message(response: RefCounted)
## It is over. [method done] waits for this.
signal finished(result: Result)

const Fault := preload("swash_error.gd")
const Recording := preload("recording.gd")
const Result := preload("swash_result.gd")
const Transport := preload("grpc_web_call.gd")

## It is over, and [member result] is there.
var is_over := false
## What became of it; null before its end.
var result: Result = null

var _transport: Transport = null
var _decode: Callable
var _recording: Recording = null
var _last: RefCounted = null


## Of SwashClient: [param decode] turns bytes into a response, null when they are none. [param recording], of a
## Render, puts the takes together.
func _init(transport: Transport, decode: Callable, recording: Recording = null) -> void:
	_transport = transport
	_decode = decode
	_recording = recording
	if _transport != null:
		_transport.message.connect(_on_message)
		_transport.finished.connect(_on_finished)


## Waits for its end, and returns what became of it.
func done() -> Result:
	if not is_over:
		await finished
	return result


## Ends it from this side, with CANCELLED; the server stops its work. What is over stays as it is.
func cancel() -> void:
	if _transport != null:
		_transport.cancel()


## Of SwashClient: goes on with what the network has.
func poll() -> void:
	if _transport != null:
		_transport.poll()


## Of SwashClient: ends it before it has begun.
func fail(error: Fault) -> void:
	_on_finished(error)


func _on_message(data: PackedByteArray) -> void:
	var response: RefCounted = _decode.call(data)
	if response == null:
		_fail_with(Fault.new(Fault.Code.INTERNAL, "the server sent what is no such message"))
		return
	_last = response
	if _recording != null:
		var damage := _recording.take_in(response)
		if damage != null:
			_fail_with(damage)
			return
	message.emit(response)


func _on_finished(error: Fault) -> void:
	if is_over:
		return
	is_over = true
	if error == null and _recording != null:
		error = _recording.missing()
	result = Result.new()
	result.error = error
	result.response = _last
	if _recording != null:
		result.takes = _recording.takes
	finished.emit(result)
	# Whoever listens often holds this very call: that circle would never be freed.
	for heard: Signal in [message, finished]:
		for connection in heard.get_connections():
			heard.disconnect(connection.callable)


func _fail_with(error: Fault) -> void:
	_on_finished(error)
	_transport.cancel()
