"""What senders were told: which message was answered as accepted, under which id."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from tradewire.audit.finding import FindingCode
from tradewire.audit.world import World
from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct


class Post(Struct):
    """One answer 200: `signal_id` as it was told (of a duplicate: the first's); `message` names what was
    meant, however often it was sent."""

    signal_id: str
    message: str | None = None


_decode = msgspec.json.Decoder(Post).decode


def read_posts(lines: Iterable[str]) -> tuple[Post, ...]:
    """A file with a JSON object a line, or a bare signal id; raises `Unhonoured` for anything else."""
    return tuple(_post(line.strip(), place) for place, line in enumerate(lines, 1) if line.strip())


def compare(world: World, posts: Iterable[Post]) -> None:
    """What was acknowledged is in the history, and one message is one signal."""
    meant: dict[str, set[str]] = defaultdict(set)
    for post in posts:
        if post.message is not None:
            meant[post.message].add(post.signal_id)
        if post.signal_id not in world.accepted:
            text = f"Signal {post.signal_id} was acknowledged, and the history does not have it."
            world.note(FindingCode.LOST, text)
    for message, signals in meant.items():
        if len(signals) > 1:
            told = ", ".join(sorted(signals))
            world.note(
                FindingCode.DOUBLED, f"The message {message!r} was taken for {len(signals)} signals: {told}."
            )


def _post(text: str, place: int) -> Post:
    if not text.startswith("{"):
        return Post(signal_id=text)
    try:
        return _decode(text)
    except msgspec.MsgspecError as error:
        raise Unhonoured(f"Line {place} of the acknowledged messages cannot be read: {error}.") from error
