@tool
extends RefCounted
## One gRPC-Web call with Godot's HTTPClient: one request, any number of messages, one status. Poll it each frame.
##
## It always ends: by the server's status, by its deadline, by [method cancel], or by what is wrong with the
## connection or the answer. It ends once, and after its end it emits nothing.

## A message has come, serialised.
signal message(data: PackedByteArray)
## It is over; null when the status is OK.
signal finished(error: Fault)

const BrowserFetch := preload("browser_fetch.gd")
const Fault := preload("swash_error.gd")
const Frames := preload("grpc_web_frames.gd")
const ServerUrl := preload("server_url.gd")

## Most bytes that are taken in at one poll: a burst is spread over frames. 15 MB/s at 60 frames a second.
const MAX_POLL_BYTES := 256 * 1024
const MAX_TIMEOUT_MS := 99_999_999  # eight digits are the most that grpc-timeout has
# https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
const CODES_OF_HTTP := {
	400: Fault.Code.INTERNAL,
	401: Fault.Code.UNAUTHENTICATED,
	403: Fault.Code.PERMISSION_DENIED,
	404: Fault.Code.UNIMPLEMENTED,
	429: Fault.Code.UNAVAILABLE,
	502: Fault.Code.UNAVAILABLE,
	503: Fault.Code.UNAVAILABLE,
	504: Fault.Code.UNAVAILABLE,
}

var is_over := false

var _http := HTTPClient.new()
var _url: ServerUrl
var _path: String
var _body: PackedByteArray
var _headers: PackedStringArray
var _has_deadline := false
var _deadline_ms := 0
var _timeout_s := 0.0
var _is_sent := false
var _is_answered := false
var _frames := Frames.new()


## [param timeout_s] 0: no deadline. [param metadata]: further headers, by name.
func _init(
	url: ServerUrl,
	path: String,
	request: PackedByteArray,
	timeout_s: float,
	metadata: Dictionary,
	max_message_bytes: int
) -> void:
	_url = url
	_path = url.prefix + path
	_body = _framed(request)
	_timeout_s = timeout_s
	_frames.max_message_bytes = max_message_bytes
	_headers = [
		"Content-Type: application/grpc-web+proto",
		"Accept: application/grpc-web+proto",
		"X-Grpc-Web: 1",
	]
	for name: String in metadata:
		_headers.append("%s: %s" % [name, metadata[name]])
	if timeout_s > 0.0:
		var timeout_ms := clampi(roundi(timeout_s * 1000.0), 1, MAX_TIMEOUT_MS)
		_headers.append("Grpc-Timeout: %dm" % timeout_ms)
		_has_deadline = true
		_deadline_ms = Time.get_ticks_msec() + timeout_ms


## Connects. [param tls] null: the system's certificates, when the server is https.
func start(tls: TLSOptions = null) -> void:
	if is_over:
		return
	if not _url.problem.is_empty():
		_end(Fault.Code.INVALID_ARGUMENT, _url.problem)
		return
	BrowserFetch.mend()
	var options: TLSOptions = null
	if _url.is_https:
		options = tls if tls != null else TLSOptions.client()
	if _http.connect_to_host(_url.host, _url.port, options) != OK:
		_end(Fault.Code.UNAVAILABLE, "no connection to %s can be made" % _where())


## Ends the call from this side; the server stops its work.
func cancel() -> void:
	_end(Fault.Code.CANCELLED, "cancelled")


## Goes on with what the network has.
func poll() -> void:
	if is_over:
		return
	if _has_deadline and Time.get_ticks_msec() >= _deadline_ms:
		_end(Fault.Code.DEADLINE_EXCEEDED, "no whole answer within %s s" % _timeout_s)
		return
	_http.poll()
	match _http.get_status():
		HTTPClient.STATUS_CONNECTED:
			if _is_sent:
				_end_of_body()
			else:
				_send()
		HTTPClient.STATUS_BODY:
			_read_body()
		HTTPClient.STATUS_DISCONNECTED:
			_end_of_body()
		HTTPClient.STATUS_CANT_RESOLVE:
			_end(Fault.Code.UNAVAILABLE, "the host of %s is unknown" % _where())
		HTTPClient.STATUS_CANT_CONNECT:
			_end(Fault.Code.UNAVAILABLE, "no server answers at %s" % _where())
		HTTPClient.STATUS_TLS_HANDSHAKE_ERROR:
			_end(Fault.Code.UNAVAILABLE, "no encrypted connection to %s" % _where())
		HTTPClient.STATUS_CONNECTION_ERROR:
			if _is_answered:
				_end(Fault.Code.UNAVAILABLE, "the connection to %s broke" % _where())
			else:
				_end(Fault.Code.UNAVAILABLE, "no server answers at %s" % _where())


static func _framed(request: PackedByteArray) -> PackedByteArray:
	var size := request.size()
	var framed := PackedByteArray([0, size >> 24 & 255, size >> 16 & 255, size >> 8 & 255, size & 255])
	framed.append_array(request)
	return framed


func _send() -> void:
	_is_sent = true
	if _http.request_raw(HTTPClient.METHOD_POST, _path, _headers, _body) != OK:
		_end(Fault.Code.UNAVAILABLE, "the request to %s could not be sent" % _where())
	_body = PackedByteArray()


func _read_body() -> void:
	if not _check_head():
		return
	var read_bytes := 0
	while read_bytes < MAX_POLL_BYTES and _http.get_status() == HTTPClient.STATUS_BODY:
		var part := _http.read_response_body_chunk()
		if part.is_empty():
			break
		read_bytes += part.size()
		_frames.feed(part)
		if not _pass_on():
			return


## Hands over what has been read; returns whether the call goes on.
func _pass_on() -> bool:
	while not _frames.messages.is_empty():
		message.emit(_frames.messages.pop_front())
		if is_over:  # whoever heard it has cancelled
			return false
	if not _frames.problem.is_empty():
		var code := Fault.Code.RESOURCE_EXHAUSTED if _frames.too_large else Fault.Code.INTERNAL
		_end(code, "%s sent %s" % [_where(), _frames.problem])
	elif _frames.ended:
		_end_with(_frames.trailers)
	return not is_over


## Looks at status and headers, once; returns whether the body is one of gRPC-Web.
func _check_head() -> bool:
	if _is_answered:
		return true
	_is_answered = true
	var headers := {}
	for line in _http.get_response_headers():
		var colon := line.find(":")
		if colon > 0:
			headers[line.substr(0, colon).strip_edges().to_lower()] = (line.substr(colon + 1).strip_edges())
	var http_code := _http.get_response_code()
	var content_type: String = headers.get("content-type", "")
	if headers.has("grpc-status"):  # failed before its first message: all is in the headers
		_end_with(headers)
	elif http_code != 200:
		var code: int = CODES_OF_HTTP.get(http_code, Fault.Code.UNKNOWN)
		_end(code, "%s answered with the HTTP status %d" % [_where(), http_code])
	elif not content_type.begins_with("application/grpc-web"):
		var what := 'answered "%s": it is no swash server, or not its HTTP port' % content_type
		_end(Fault.Code.UNKNOWN, "%s %s" % [_where(), what])
	return not is_over


func _end_of_body() -> void:
	if not _is_sent:
		_end(Fault.Code.UNAVAILABLE, "no server answers at %s" % _where())
		return
	if not _is_answered and _http.has_response() and not _check_head():
		return
	if not _is_answered:
		_end(Fault.Code.UNAVAILABLE, "no server answers at %s" % _where())
	else:  # had the trailers come, the call were over
		_end(Fault.Code.UNAVAILABLE, "the answer of %s ended before its status" % _where())


func _end_with(trailers: Dictionary) -> void:
	var status: String = trailers.get("grpc-status", "")
	if not status.is_valid_int():
		_end(Fault.Code.UNKNOWN, "%s sent no grpc-status" % _where())
		return
	if int(status) == Fault.Code.OK:
		_finish(null)
		return
	var text: String = trailers.get("grpc-message", "")
	# uri_decode takes "+" for a space, which gRPC's percent-encoding does not.
	var error := Fault.new(int(status), text.replace("+", "%2B").uri_decode())
	var details: String = trailers.get("grpc-status-details-bin", "")
	if not details.is_empty():
		var padded := details.rstrip("=")
		error.add_details(Marshalls.base64_to_raw(padded + "=".repeat(-padded.length() & 3)))
	_finish(error)


func _end(code: int, text: String) -> void:
	_finish(Fault.new(code, text))


func _finish(error: Fault) -> void:
	if is_over:
		return
	is_over = true
	_http.close()
	finished.emit(error)


func _where() -> String:
	return "%s://%s:%d" % ["https" if _url.is_https else "http", _url.host, _url.port]
