@tool
extends RefCounted
## Where a server is: "http://127.0.0.1:8080", "https://sounds.example:8443/swash", "http://[::1]:8080".

var host := ""
var port := 0
## Encrypted.
var is_https := false
## Before every method's path: empty or "/swash".
var prefix := ""
## What is wrong with the text; empty when nothing is.
var problem := ""


## Returns whether nobody can read on the way what is sent there.
func is_private() -> bool:
	return is_https or host == "localhost" or host == "::1" or _is_loopback_ipv4()


func _is_loopback_ipv4() -> bool:
	return host.is_valid_ip_address() and host.begins_with("127.")


func _init(text: String) -> void:
	var rest := text.strip_edges()
	if rest.begins_with("https://"):
		is_https = true
	elif not rest.begins_with("http://"):
		problem = 'server_url: "http://host:port" or "https://host:port", got "%s"' % text
		return
	rest = rest.substr(rest.find("://") + 3)
	var slash := rest.find("/")
	if slash >= 0:
		prefix = rest.substr(slash).trim_suffix("/")
		rest = rest.substr(0, slash)
	port = 443 if is_https else 80
	var colon := rest.rfind(":")
	if colon > rest.rfind("]"):
		if not rest.substr(colon + 1).is_valid_int():
			problem = 'server_url: the port is a number, got "%s"' % text
			return
		port = int(rest.substr(colon + 1))
		rest = rest.substr(0, colon)
	host = rest.trim_prefix("[").trim_suffix("]")
	if host.is_empty() or port < 1 or port > 65535:
		problem = 'server_url: a host and a port of 1 to 65535, got "%s"' % text
