"""Many sounds at once: manifests, and what is preloaded."""
