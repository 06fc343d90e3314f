"""Kernels that effects are built from.

Inside the kernels audio is float64 of shape (channels, frames) at `SAMPLE_RATE`; the engine turns it
into float32 blocks of shape (frames, channels) at its edge.
"""
