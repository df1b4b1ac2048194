"""The venue's process: how it ends, with whom, and what it refuses at its start."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import plain_http
from plugins.brokers.paper.account import RealEnv, open_paper
from plugins.brokers.paper.process import VenueProcess
from tradewire import Unhonoured


def test_the_venue_ends_when_asked_and_refuses_a_folder_in_use(venue: VenueProcess, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tradewire_paper", "--state", str(tmp_path / "state")]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert "in use by another venue process" in second.stderr
    assert venue.stop() == 0


PARENT = """
import subprocess, sys
venue = [sys.executable, "-m", "tradewire_paper", "--memory"]
stays = subprocess.Popen(venue, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
goes = subprocess.Popen([*venue, "--exit-with-parent"], stdout=subprocess.PIPE, text=True)
goes.stdout.readline()
print(stays.stdout.readline(), end="", flush=True)
"""


def test_the_venue_outlives_its_parent_unless_told_otherwise() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=-1, stderr=-1, text=True)
    # The venue that is to go holds the parent's stderr, so this returns once both have ended.
    url, _ = parent.communicate(timeout=30)
    health = plain_http.get(url.strip() + "/health", trust_env=False).json()
    assert health["status"] == "ok"
    os.kill(health["pid"], signal.SIGTERM)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(Unhonoured, match="must look like"):
        asyncio.run(open_paper(RealEnv(), url="venue"))
