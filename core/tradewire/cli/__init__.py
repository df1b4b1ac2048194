"""The command line: a client of the API, whether a Tradewire is running or not. See docs/reference/cli.md."""
