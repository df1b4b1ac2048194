"""Keys, tokens, passwords and what is sealed with them; nothing here knows HTTP or the store."""
