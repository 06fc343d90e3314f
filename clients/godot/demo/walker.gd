class_name Walker
extends CharacterBody3D
## Somebody on the beach: arrow keys or WASD walk, with Shift faster. Every step sounds like the ground it falls
## on.

## A foot came down on this surface.
signal stepped(surface: String)

const WALK_M_S := 2.2
const RUN_M_S := 4.5
const STEP_M := 0.75  # from foot to foot
const RUN_STEP_M := 1.3
const GRAVITY_M_S2 := 9.8
const RUN_GAIN_DB := 4.0

## The steps of each surface, by the name that a Ground has: the banks below the players below Feet.
var steps: Dictionary[String, SwashBank] = {}

var _walked_m := 0.0


func _ready() -> void:
	for player in $Feet.get_children():
		for bank: SwashBank in player.get_children():
			steps[player.name.to_snake_case()] = bank


func _physics_process(delta: float) -> void:
	var is_running := Input.is_physical_key_pressed(KEY_SHIFT)
	var way := _wanted_way()
	var speed_m_s := RUN_M_S if is_running else WALK_M_S
	velocity.x = way.x * speed_m_s
	velocity.z = way.y * speed_m_s
	velocity.y = 0.0 if is_on_floor() else velocity.y - GRAVITY_M_S2 * delta
	var before := position
	move_and_slide()
	if not is_on_floor():
		return
	_walked_m += Vector2(position.x - before.x, position.z - before.z).length()
	if _walked_m >= (RUN_STEP_M if is_running else STEP_M):
		_walked_m = 0.0
		step(ground(), RUN_GAIN_DB if is_running else 0.0)


## Puts a foot down on a surface.
func step(surface: String, gain_db := 0.0) -> void:
	if steps.has(surface):
		steps[surface].play(gain_db)
		stepped.emit(surface)


## Returns what is below; empty in the air.
func ground() -> String:
	for i in get_slide_collision_count():
		var below := get_slide_collision(i).get_collider() as Ground
		if below != null:
			return below.surface
	return ""


func _wanted_way() -> Vector2:
	var way := Vector2.ZERO
	if Input.is_physical_key_pressed(KEY_A) or Input.is_physical_key_pressed(KEY_LEFT):
		way.x -= 1.0
	if Input.is_physical_key_pressed(KEY_D) or Input.is_physical_key_pressed(KEY_RIGHT):
		way.x += 1.0
	if Input.is_physical_key_pressed(KEY_W) or Input.is_physical_key_pressed(KEY_UP):
		way.y -= 1.0
	if Input.is_physical_key_pressed(KEY_S) or Input.is_physical_key_pressed(KEY_DOWN):
		way.y += 1.0
	return way.normalized()
