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

const Asking := preload("asking.gd")
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
var _asking: Asking = null
var _again: Callable
var _again_at_ms := 0
var _end_ms := 0
var _has_end := false


## Of SwashClient: [param decode] turns bytes into a response, null when they are none. [param recording], of a
## Render, puts the takes together.
func _init(transport: Transport, decode: Callable, recording: Recording = null) -> void:
	_decode = decode
	_recording = recording
	_follow(transport)


## Of SwashClient: what breaks off goes on by another transport, which [param again] makes and starts of a method,
## a request and the seconds that are left; 0: without end.
func go_on_with(asking: Asking, again: Callable, within_s: float) -> void:
	_asking = asking
	_again = again
	_has_end = within_s > 0.0
	_end_ms = Time.get_ticks_msec() + roundi(within_s * 1000.0)


## Waits for its end, and returns what became of it.
func done() -> Result:
	if not is_over:
		await finished
	return result


## Ends it from this side, with CANCELLED; the server stops its work. What is over stays as it is.
func cancel() -> void:
	if _transport != null:
		_transport.cancel()
	elif not is_over:
		_on_finished(Fault.new(Fault.Code.CANCELLED, "cancelled"))


## Of SwashClient: goes on with what the network has.
func poll() -> void:
	if _transport != null:
		_transport.poll()
	elif not is_over and Time.get_ticks_msec() >= _again_at_ms:
		_go_on()


## Of SwashClient: ends it before it has begun.
func fail(error: Fault) -> void:
	_on_finished(error)


func _follow(transport: Transport) -> void:
	_transport = transport
	_transport.message.connect(_on_message)
	_transport.finished.connect(_on_answered)


func _go_on() -> void:
	var left_s := maxf(0.001, (_end_ms - Time.get_ticks_msec()) / 1000.0) if _has_end else 0.0
	var request := _asking.next()
	_follow(_again.call(_asking.method(), request, left_s))


func _on_message(data: PackedByteArray) -> void:
	var response: RefCounted = _decode.call(data)
	if response == null:
		_fail_with(Fault.new(Fault.Code.INTERNAL, "the server sent what is no such message"))
		return
	if _asking != null:
		var wrong := _asking.take_in(response)
		if wrong != null:
			_fail_with(wrong)
			return
		if not _asking.is_new:
			return
	_last = response
	if _recording != null:
		var damage := _recording.take_in(response)
		if damage != null:
			_fail_with(damage)
			return
	message.emit(response)


## A transport has ended; the call perhaps has not.
func _on_answered(error: Fault) -> void:
	if is_over or _asking == null:
		_on_finished(error)
		return
	var left_s := (_end_ms - Time.get_ticks_msec()) / 1000.0 if _has_end else INF
	var wait_s := -1.0
	if error != null:
		wait_s = _asking.wait_s(error, left_s)
	elif _asking.is_unfinished():
		wait_s = 0.0
	if wait_s < 0.0:
		_on_finished(error)
		return
	_transport = null
	_again_at_ms = Time.get_ticks_msec() + roundi(wait_s * 1000.0)


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
	if _transport != null:
		_transport.cancel()
