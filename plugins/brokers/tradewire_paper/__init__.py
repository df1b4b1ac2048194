"""The paper broker: a simulated venue, in-process or as a process of its own behind HTTP and WebSocket."""

from collections.abc import Sequence

from tradewire import Broker, hookimpl


@hookimpl
def broker() -> Sequence[Broker]:
    from tradewire_paper.paper import PaperBroker

    return [PaperBroker()]
