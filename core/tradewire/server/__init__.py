"""The HTTP server: the app around the door, and granian beneath it."""
