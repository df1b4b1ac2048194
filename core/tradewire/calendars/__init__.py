"""Trading calendars: compiled apart from the server, loaded as session rows."""
