"""What is remembered: in the process, on disk, and among servers."""
