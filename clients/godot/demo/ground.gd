class_name Ground
extends StaticBody3D
## Something to walk on, and what it is made of.

## A surface of the effect "footsteps": "sand", "gravel", "wood", ...
@export var surface := "sand"
