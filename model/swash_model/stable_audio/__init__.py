"""Stable Audio Open Small: words and seconds to stereo sound. Needs the extra `neural`."""
