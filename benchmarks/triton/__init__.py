"""swash beside NVIDIA's Triton Inference Server."""
