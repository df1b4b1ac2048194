"""Who this process is among the workers."""

import hashlib
import os
import re
import socket
from importlib.metadata import version
from uuid import uuid4

from tradewire.domain.clock import Clock
from tradewire.engine.roll import WorkerIdentity
from tradewire.runtime.folder import DataFolder

#: The process of `tradewire up`. There is one per database, so it need not differ between lives.
EMBEDDED = "embedded"


def default_id(folder: DataFolder) -> str:
    """The same for every start of a worker on this machine and folder, and only for those."""
    host = re.sub(r"[^A-Za-z0-9_-]+", "-", socket.gethostname().partition(".")[0]).strip("-") or "worker"
    where = hashlib.blake2s(str(folder.path).encode(), digest_size=3).hexdigest()
    return f"{host}-{where}"


def identity(worker_id: str, clock: Clock) -> WorkerIdentity:
    return WorkerIdentity(
        id=worker_id,
        life=str(uuid4()),
        host=socket.gethostname(),
        pid=os.getpid(),
        version=version("tradewire"),
        started_at=clock.now(),
    )
