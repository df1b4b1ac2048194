"""Backups: one file that holds every table, for SQLite and PostgreSQL alike, and reading it back."""
