"""A life whose paper broker says that it is of another class (what it does with an id it has seen)."""

from collections.abc import Mapping

#: For a life of a nursery only: A, B or C.
VARIABLE = "_DEDUPE_CLASS"


def become(environment: Mapping[str, str]) -> None:
    """Say so from now on; nothing where the environment says nothing."""
    if VARIABLE not in environment:
        return
    import msgspec

    from tradewire import AccountConfig, DedupeClass, Env, Session
    from tradewire_paper.paper import PaperBroker

    opened = PaperBroker.open
    dedupe = DedupeClass(environment[VARIABLE].lower())

    async def of_another_class(self: PaperBroker, account: AccountConfig, env: Env) -> Session:
        session = await opened(self, account, env)
        session.capabilities = msgspec.structs.replace(session.capabilities, dedupe=dedupe)
        return session

    PaperBroker.open = of_another_class  # type: ignore[method-assign]
