"""A process that has settled stays on one core, unless it is told not to."""

import os
import subprocess
import sys

import pytest

SETTLED = """
import os, threading
from tradewire.runtime.one_core import settle
settle({one_core})
cores = []
later = threading.Thread(target=lambda: cores.append(os.sched_getaffinity(0)))
later.start()
later.join()
print(len(os.sched_getaffinity(0)), len(cores[0]))
"""


@pytest.mark.parametrize("one_core", [True, False])
def test_its_threads_stay_on_one_core_also_those_that_begin_later(one_core: bool) -> None:
    code = SETTLED.format(one_core=one_core)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    cores = 1 if one_core else len(os.sched_getaffinity(0))
    assert said.stdout.split() == [str(cores), str(cores)]
