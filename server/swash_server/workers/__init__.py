"""The processes that sounds and live voices are made in, and the way to them."""
