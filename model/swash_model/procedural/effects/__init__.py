"""One effect a file. Effects are built from `dsp` and never import each other."""
