"""Filled in shortly."""
