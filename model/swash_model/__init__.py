"""Sound from a description: engines and the kernels below them. Knows no gRPC and no server."""
