"""The demo's console."""

import os
import sys

from rich.console import Console


class Screen(Console):
    """stdout; where its reader has gone (`| head`), the demo goes on to its verdict in silence."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
