"""The database: its tables, and the one way to read and write them."""
