"""Live sessions: commands in, frames out."""
