@tool
extends RefCounted
## Sounds that were made once: in memory, and on disk over restarts. Both are bounded, and what is read from disk
## is checked: a damaged or foreign file is a miss, and removed.
##
## A key is what was asked for, so a server that makes another sound of it (a newer version) is not noticed:
## [method clear] forgets everything.

const Sound := preload("../generated/sound.gd")
const Take := preload("../client/swash_take.gd")

const MAGIC := "SWASH 1\n"
const ENDING := ".swash"
const SHA256_BYTES := 32

## Bytes of samples to hold in memory; 0: none.
var max_memory_bytes: int
## Bytes of files; 0: none.
var max_disk_bytes: int

var _folder: String
var _takes := {}  # key -> Array[Take], the longest unused first
var _memory_bytes := 0
var _files := {}  # file name -> bytes, the oldest first
var _disk_bytes := 0
var _has_looked := false


func _init(folder: String, memory_bytes: int, disk_bytes: int) -> void:
	_folder = folder
	max_memory_bytes = memory_bytes
	max_disk_bytes = disk_bytes


## Returns the name of what a request asks for, whatever the order of its parameters; empty when it leaves the seed
## to the server, for then it asks for another sound each time.
static func key_of(request: Sound.RenderRequest) -> String:
	if not request.has_seed:
		return ""
	var sorted := Sound.RenderRequest.from_bytes(request.to_bytes())
	var names := request.parameters.keys()
	names.sort()
	sorted.parameters.clear()
	for name: String in names:
		sorted.parameters[name] = request.parameters[name]
	var hash := HashingContext.new()
	hash.start(HashingContext.HASH_SHA256)
	hash.update(sorted.to_bytes())
	return hash.finish().hex_encode()


## Returns the takes under a key; none when they are not there.
func find(key: String) -> Array[Take]:
	var none: Array[Take] = []
	if key.is_empty():
		return none
	if _takes.has(key):
		var takes: Array[Take] = _takes[key]
		_takes.erase(key)  # to the end: used last
		_takes[key] = takes
		return takes
	var read := _read(key)
	if not read.is_empty():
		_hold(key, read)
	return read


## Keeps takes under a key; with an empty key it does nothing.
func keep(key: String, takes: Array[Take]) -> void:
	if key.is_empty() or takes.is_empty():
		return
	_hold(key, takes)
	_write(key, takes)


## Forgets what is in memory; the files stay.
func forget_memory() -> void:
	_takes.clear()
	_memory_bytes = 0


## Forgets everything.
func clear() -> void:
	forget_memory()
	_look()
	for file: String in _files.keys():
		_remove(file)


func _hold(key: String, takes: Array[Take]) -> void:
	var bytes := _bytes_of(takes)
	if _takes.has(key) or bytes > max_memory_bytes:
		return
	_takes[key] = takes
	_memory_bytes += bytes
	while _memory_bytes > max_memory_bytes:
		var oldest: String = _takes.keys()[0]
		_memory_bytes -= _bytes_of(_takes[oldest])
		_takes.erase(oldest)


func _bytes_of(takes: Array[Take]) -> int:
	var bytes := 0
	for take in takes:
		bytes += take.data.size()
	return bytes


func _read(key: String) -> Array[Take]:
	var none: Array[Take] = []
	var path := _folder.path_join(key + ENDING)
	if max_disk_bytes == 0 or not FileAccess.file_exists(path):
		return none
	var takes := _unpacked(FileAccess.get_file_as_bytes(path))
	if takes.is_empty():
		_look()
		_remove(key + ENDING)
	return takes


func _write(key: String, takes: Array[Take]) -> void:
	var file := key + ENDING
	var bytes := _packed(takes)
	_look()
	if bytes.size() > max_disk_bytes or _files.has(file):
		return
	var path := _folder.path_join(file)
	var part := FileAccess.open(path + ".part", FileAccess.WRITE)
	if part == null or not part.store_buffer(bytes):
		push_warning("swash: %s cannot be written" % path)
		return
	part.close()
	# Renamed when it is whole: whoever is interrupted leaves no half file under its name.
	if DirAccess.rename_absolute(path + ".part", path) != OK:
		return
	_files[file] = bytes.size()
	_disk_bytes += bytes.size()
	while _disk_bytes > max_disk_bytes:
		_remove(_files.keys()[0])


func _packed(takes: Array[Take]) -> PackedByteArray:
	var body := StreamPeerBuffer.new()
	for take in takes:
		for part: PackedByteArray in [take.header.to_bytes(), take.trailer.to_bytes(), take.data]:
			body.put_u32(part.size())
			body.put_data(part)
	var packed := MAGIC.to_ascii_buffer()
	packed.append_array(_sha256(body.data_array))
	packed.append_array(body.data_array)
	return packed


func _unpacked(packed: PackedByteArray) -> Array[Take]:
	var takes: Array[Take] = []
	var none: Array[Take] = []
	var head := MAGIC.length() + SHA256_BYTES
	if packed.size() <= head or packed.slice(0, MAGIC.length()) != MAGIC.to_ascii_buffer():
		return none
	var body := StreamPeerBuffer.new()
	body.data_array = packed.slice(head)
	if _sha256(body.data_array) != packed.slice(MAGIC.length(), head):
		return none
	while body.get_position() < body.get_size():  # sound from here on: the digest holds
		var take := Take.new()
		take.header = Sound.Header.from_bytes(body.get_data(body.get_u32())[1])
		take.trailer = Sound.Trailer.from_bytes(body.get_data(body.get_u32())[1])
		take.data = body.get_data(body.get_u32())[1]
		if take.header == null or take.trailer == null:
			return none
		takes.append(take)
	return takes


func _sha256(data: PackedByteArray) -> PackedByteArray:
	var hash := HashingContext.new()
	hash.start(HashingContext.HASH_SHA256)
	hash.update(data)
	return hash.finish()


## Looks once at what earlier runs have left.
func _look() -> void:
	if _has_looked:
		return
	_has_looked = true
	DirAccess.make_dir_recursive_absolute(_folder)
	var found: Array[Array] = []
	for file in DirAccess.get_files_at(_folder):
		var path := _folder.path_join(file)
		if file.ends_with(ENDING):
			var opened := FileAccess.open(path, FileAccess.READ)
			var bytes := opened.get_length() if opened != null else 0
			found.append([FileAccess.get_modified_time(path), file, bytes])
		elif file.ends_with(".part"):
			DirAccess.remove_absolute(path)
	found.sort()
	for entry in found:
		_files[entry[1]] = entry[2]
		_disk_bytes += entry[2]


func _remove(file: String) -> void:
	DirAccess.remove_absolute(_folder.path_join(file))
	_disk_bytes -= _files.get(file, 0)
	_files.erase(file)
