"""What a plugin raises to say in a sentence that something will not be done."""


class InvalidMessage(Exception):
    """A message that will never run: the field at fault (None: the whole body), and a sentence why."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class Unhonoured(Exception):
    """Something that was asked for and cannot be done here; the text is a sentence for the user."""
