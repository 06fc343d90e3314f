"""What listens: native gRPC, and HTTP for gRPC-Web, Connect and pages; what stands around each call."""
