"""`python -m tradewire` is `tradewire`."""

from tradewire.cli.main import run

if __name__ == "__main__":
    run()
