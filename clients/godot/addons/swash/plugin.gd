@tool
extends EditorPlugin
## The editor's side of swash: a dock to try words in, sliders in the inspector, and the setting where the server
## is. The nodes work without it.

const Catalogue := preload("editor/catalogue.gd")
const Client := preload("client/swash_client.gd")
const Dock := preload("editor/dock.gd")
const SourceInspector := preload("editor/source_inspector.gd")

var _catalogue: Catalogue
var _dock: Dock
var _inspector: SourceInspector


func _enter_tree() -> void:
	_register_setting()
	_catalogue = Catalogue.new()
	add_child(_catalogue)
	_inspector = SourceInspector.new(_catalogue)
	add_inspector_plugin(_inspector)
	_dock = Dock.new()
	_dock.baked.connect(_on_baked)
	add_control_to_dock(DOCK_SLOT_RIGHT_BL, _dock)


func _exit_tree() -> void:
	remove_inspector_plugin(_inspector)
	remove_control_from_docks(_dock)
	_dock.queue_free()
	_catalogue.queue_free()


func _register_setting() -> void:
	if not ProjectSettings.has_setting(Client.SETTING_URL):
		ProjectSettings.set_setting(Client.SETTING_URL, Client.DEFAULT_URL)
	ProjectSettings.set_initial_value(Client.SETTING_URL, Client.DEFAULT_URL)
	ProjectSettings.set_as_basic(Client.SETTING_URL, true)


func _on_baked(_path: String) -> void:
	EditorInterface.get_resource_filesystem().scan()
