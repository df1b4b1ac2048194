"""How the tables came to be what they are: alembic's scripts, one transaction each."""
