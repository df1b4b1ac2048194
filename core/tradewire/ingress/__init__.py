"""The webhook's door: what a message must pass before it is stored and answered with 200."""
