@tool
class_name SwashResult
extends RefCounted
## What became of a call: ask [member ok] first.

const Fault := preload("swash_error.gd")
const Take := preload("swash_take.gd")

## It succeeded.
var ok: bool:
	get:
		return error == null
## Why it failed; null when it did not.
var error: Fault = null
## The answer of a call that has one, the last message of one that streams; null when none came.
var response: RefCounted = null
## The whole sounds of a render.
var takes: Array[Take] = []
## The first of [member takes]; null when there is none.
var take: Take:
	get:
		return null if takes.is_empty() else takes[0]


## Returns the result of what failed.
static func failed(because: Fault) -> SwashResult:
	var result := SwashResult.new()
	result.error = because
	return result
