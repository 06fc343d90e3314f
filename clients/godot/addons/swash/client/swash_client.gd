@tool
@icon("../icons/swash_client.svg")
class_name SwashClient
extends Node
## Asks a swash server for sounds, over gRPC-Web: it works in every export, the web too.
## [codeblock]
## var result := await client.render_sound("heavy boots on wet gravel", {seed = 7})
## if result.ok:
##     $AudioStreamPlayer.stream = result.take.to_stream()
##     $AudioStreamPlayer.play()
## else:
##     push_warning(result.error)
## [/codeblock]
## Every method returns at once with a [SwashCall]; [code]await call.done()[/code] gives its
## [SwashResult]. Calls go on while the game is paused, and end with CANCELLED when the client leaves the tree.
## Nothing here throws or blocks.
##
## Browsers allow six connections to one server over HTTP/1.1: on the web no more than five sessions can be live.

const Asking := preload("asking.gd")
const Cache := preload("../audio/sound_cache.gd")
const Call := preload("swash_call.gd")
const Fault := preload("swash_error.gd")
const Options := preload("sound_options.gd")
const Recording := preload("recording.gd")
const Result := preload("swash_result.gd")
const ServerUrl := preload("server_url.gd")
const Session := preload("swash_session.gd")
const Sound := preload("../generated/sound.gd")
const Transport := preload("grpc_web_call.gd")

const SETTING_URL := "swash/server_url"
const SETTING_TOKEN := "swash/token"
const TOKEN_VARIABLE := "SWASH_TOKEN"
const DEFAULT_URL := "http://127.0.0.1:8080"
const SHARED_NAME := "SwashSharedClient"
const MAX_CALLS := 256  # under way at one time
const PRELOAD_TIMEOUT_S := 3600.0

static var _shared: SwashClient = null

## The server's HTTP port: "http://host:port" or "https://host:port". Empty: the project setting
## [code]swash/server_url[/code], else http://127.0.0.1:8080. Counts for the calls that begin after it.
@export var server_url := ""
## How long a call may take until its answer is whole, in seconds. Live sessions have no end.
@export_range(0.1, 3600.0, 0.1, "or_greater", "suffix:s") var timeout_s := 60.0
## How often a sound is asked for again that broke off, or that the server has no room for yet, before something
## new of it comes.
@export_range(0, 100) var retries := 2
## Sends the token over plain http to other machines too: whoever listens on the way may use it from then on.
@export var insecure_token := false
## The largest message that is accepted, in bytes.
@export var max_message_bytes := 16 << 20

@export_group("Cache")
## Where sounds stay over restarts, for [method find_or_render]. Counts from the first use on.
@export var cache_folder := "user://swash-cache"
## How much of them, in MiB; the oldest go first. 0: nothing.
@export_range(0, 4096, 1, "or_greater", "suffix:MiB") var cache_disk_mib := 256
## How much stays in memory, in MiB; the longest unused go first. 0: nothing.
@export_range(0, 1024, 1, "or_greater", "suffix:MiB") var cache_memory_mib := 64

## Tells who calls, where the server asks; no scene keeps it. Empty: the project setting [code]swash/token[/code],
## whose place is an override.cfg that is not shared, else the environment variable SWASH_TOKEN.
var token := ""
## How https servers are believed; null: by the system's certificates. Of an authority of your own:
## [code]TLSOptions.client(load("res://ca.crt"))[/code]. On the web the browser decides.
var tls_options: TLSOptions = null
## Further headers of every call, by name.
var headers: Dictionary = {}
## What was made once; nodes use it through [method find_or_render].
var cache: Cache:
	get:
		if _cache == null:
			_cache = Cache.new(cache_folder, cache_memory_mib << 20, cache_disk_mib << 20)
		return _cache

var _cache: Cache = null
var _calls: Array[Call] = []
var _asked := {}  # key -> Call: what is being asked for
var _sessions: Array[Session] = []


## Returns the client that nodes share which have none of their own: made at the first call, below the root.
static func shared(tree: SceneTree) -> SwashClient:
	var found := tree.root.get_node_or_null(SHARED_NAME)
	if found is SwashClient:
		return found
	if not is_instance_valid(_shared):
		_shared = SwashClient.new()
		_shared.name = SHARED_NAME
		# The root may be busy with the very scene that asks.
		tree.root.add_child.call_deferred(_shared)
	return _shared


func _init() -> void:
	process_mode = Node.PROCESS_MODE_ALWAYS  # a paused game's calls go on


func _process(_delta: float) -> void:
	for call: Call in _calls.duplicate():
		call.poll()
	for session: Session in _sessions.duplicate():
		session.poll()
	_calls = _calls.filter(func(call: Call) -> bool: return not call.is_over)
	_sessions = _sessions.filter(func(session: Session) -> bool: return not session.is_over)


func _exit_tree() -> void:
	cancel_all()


## Ends every call and session that is under way.
func cancel_all() -> void:
	for session: Session in _sessions.duplicate():
		session.cancel()
	for call: Call in _calls.duplicate():
		call.cancel()
	_calls.clear()
	_sessions.clear()


## Returns the server's address that counts.
func url() -> String:
	if not server_url.is_empty():
		return server_url
	return ProjectSettings.get_setting(SETTING_URL, DEFAULT_URL)


## Returns the token that counts; empty: there is none.
func token_to_send() -> String:
	if not token.is_empty():
		return token
	var set_token: String = ProjectSettings.get_setting(SETTING_TOKEN, "")
	return set_token if not set_token.is_empty() else OS.get_environment(TOKEN_VARIABLE)


## Asks for a sound in one line, and waits until it is whole. Options are the fields of RenderRequest by name:
## [code]{seed = 7, duration_s = 2.0, parameters = {surface = "mud"}}[/code]. With an empty prompt the option
## [code]effect[/code] names one: [code]{effect = "rain/tin_roof"}[/code].
func render_sound(prompt: String, options: Dictionary = {}) -> Result:
	var request := Sound.RenderRequest.new()
	var error := Options.fill_sound(request, prompt, options, Options.RENDER)
	if error != null:
		return Result.failed(error)
	return await render(request).done()


## Makes a sound. Its messages are RenderResponse while it is made; its result has whole takes, proved by their
## SHA-256. PCM whose connection breaks goes on at the next frame, and nobody hears it.
func render(request: Sound.RenderRequest, within_s := timeout_s) -> Call:
	return _ask(Asking.new(request, retries, false), request.first_frame, within_s)


## As [method render], but one take in one message, a FetchResponse: for steps, clicks and what else is short. One
## of more than 3 MiB is streamed instead.
func fetch(request: Sound.RenderRequest, within_s := timeout_s) -> Call:
	return _ask(Asking.new(request, retries, true), 0, within_s)


## As [method render], but what was made once comes from the cache, without the server; equal requests at one time
## are asked for once. A request without a seed is not remembered.
func find_or_render(request: Sound.RenderRequest, within_s := timeout_s) -> Result:
	var key := Cache.key_of(request)
	var found := cache.find(key)
	if not found.is_empty():
		var result := Result.new()
		result.takes = found
		return result
	if _asked.has(key):
		return await _asked[key].done()
	var is_one := request.takes <= 1 and request.first_frame == 0
	var call := fetch(request, within_s) if is_one else render(request, within_s)
	if not key.is_empty():
		_asked[key] = call
	var result := await call.done()
	_asked.erase(key)
	if result.ok:
		cache.keep(key, result.takes)
	return result


## Lists every effect with its parameters and presets: ListEffectsResponse.
func list_effects(within_s := timeout_s) -> Call:
	var request := Sound.ListEffectsRequest.new()
	return _begin(Sound.METHOD_LIST_EFFECTS, request.to_bytes(), Sound.ListEffectsResponse.from_bytes, within_s)


## Says what the server understands from 1 to 1000 characters, and makes no sound: ResolvePromptResponse.
func resolve_prompt(prompt: String, within_s := timeout_s) -> Call:
	var request := Sound.ResolvePromptRequest.new()
	request.prompt = prompt
	return _begin(
		Sound.METHOD_RESOLVE_PROMPT, request.to_bytes(), Sound.ResolvePromptResponse.from_bytes, within_s
	)


## Tells engines, versions, formats and limits: GetServerInfoResponse.
func server_info(within_s := timeout_s) -> Call:
	var request := Sound.GetServerInfoRequest.new()
	return _begin(
		Sound.METHOD_GET_SERVER_INFO, request.to_bytes(), Sound.GetServerInfoResponse.from_bytes, within_s
	)


## Has every sound of a manifest made and kept under a tag. Its messages are PreloadResponse, one for each take.
func preload_sounds(request: Sound.PreloadRequest, within_s := PRELOAD_TIMEOUT_S) -> Call:
	return _begin(Sound.METHOD_PRELOAD, request.to_bytes(), Sound.PreloadResponse.from_bytes, within_s)


## Lets go of what was preloaded under a tag: UnloadResponse.
func unload(tag: String, within_s := timeout_s) -> Call:
	var request := Sound.UnloadRequest.new()
	request.tag = tag
	return _begin(Sound.METHOD_UNLOAD, request.to_bytes(), Sound.UnloadResponse.from_bytes, within_s)


## Opens a live session. Options are the fields of OpenSession by name: [code]{encoding =
## Sound.Encoding.PCM_F32LE, ahead_ms = 200}[/code]. Always returns a session: one that cannot open says so by
## [signal SwashSession.failed].
func perform(options: Dictionary = {}) -> Session:
	var open := Sound.OpenSession.new()
	var error := Options.fill(open, options, Options.OPEN)
	if error == null:
		return perform_as(open)
	var session := Session.new(_begin, open)
	session.fail.call_deferred(error)
	return session


## As [method perform], from the message itself.
func perform_as(open: Sound.OpenSession) -> Session:
	var session := Session.new(_begin, open)
	session.start_listening()
	_sessions.append(session)
	return session


func _begin(
	method: String, request: PackedByteArray, decode: Callable, within_s: float, recording: Recording = null
) -> Call:
	var transport := _transport(method, request, within_s)
	var call := Call.new(transport, decode, recording)
	var refused := _refused_token()
	if refused != null:
		call.fail.call_deferred(refused)
	elif _calls.size() >= MAX_CALLS:
		var text := "at most %d calls at one time" % MAX_CALLS
		call.fail.call_deferred(Fault.new(Fault.Code.RESOURCE_EXHAUSTED, text))
	else:
		_calls.append(call)
		_start.call_deferred(call, transport)  # so that nothing ends before anybody can listen
	return call


func _ask(asking: Asking, first_frame: int, within_s: float) -> Call:
	var recording := Recording.new(first_frame)
	var call := _begin(asking.method(), asking.next(), asking.decode, within_s, recording)
	call.go_on_with(asking, _go_on, within_s)
	return call


func _go_on(method: String, request: PackedByteArray, left_s: float) -> Transport:
	var transport := _transport(method, request, left_s)
	transport.start(tls_options)
	return transport


func _transport(method: String, request: PackedByteArray, within_s: float) -> Transport:
	var sent := headers.duplicate()
	var telling := token_to_send()
	if not telling.is_empty() and _refused_token() == null:
		sent["Authorization"] = "Bearer %s" % telling
	return Transport.new(ServerUrl.new(url()), method, request, within_s, sent, max_message_bytes)


## Returns why the token may not be sent, which does not show it; null when it may, or there is none.
func _refused_token() -> Fault:
	var telling := token_to_send()
	for character in telling:
		if character <= " " or character > "~":
			var got := "got %d characters that are not" % telling.length()
			return Fault.of_field("token", "printable ASCII without spaces, %s" % got)
	var address := ServerUrl.new(url())
	if telling.is_empty() or insecure_token or address.is_private() or not address.problem.is_empty():
		return null
	var why := "only over https, got none to %s; set insecure_token if the way there is safe" % address.host
	return Fault.of_field("token", why)


func _start(call: Call, transport: Transport) -> void:
	if is_inside_tree():
		transport.start(tls_options)
		return
	var text := "add the SwashClient to the scene tree first: it works frame by frame"
	call.fail(Fault.new(Fault.Code.FAILED_PRECONDITION, text))
	_calls.erase(call)
