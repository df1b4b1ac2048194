"""`tradewire demo`: real processes and real messages, and three books that must agree at the end."""
