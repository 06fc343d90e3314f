@tool
extends RefCounted
## Lets calls be cancelled in browsers.
##
## Godot's HTTPClient ends a request there by Response.abort(), which no browser has (seen in 4.6, platform/web's
## library_godot_fetch.js): the connection stays open until the browser collects its garbage, and of six
## connections to a server a few cancelled calls leave none. So the answers to gRPC-Web calls are given that
## method; other requests of the page stay as they are.

const MEND := """
(() => {
	if (globalThis.swashFetch) return;
	const plain = globalThis.swashFetch = globalThis.fetch;
	globalThis.fetch = (resource, init) => {
		const headers = new Headers(init?.headers);
		if (!headers.has("X-Grpc-Web") || init.signal) return plain(resource, init);
		const controller = new AbortController();
		const answer = plain(resource, {...init, signal: controller.signal});
		return answer.then((response) => Object.assign(response, {abort: () => controller.abort()}));
	};
})()
"""


## Mends it once, when this is a browser.
static func mend() -> void:
	if OS.has_feature("web"):
		JavaScriptBridge.eval(MEND, true)
