"""Progress: how far a call has come, and whether its caller still wants it."""

from typing import Final, Protocol


class Progress(Protocol):
    """OnChange between the steps of a call, where it could still be undone."""

    def reached(self, done: int, of: int) -> None:
        """So many steps are done.  Raises TaskCancelled when the call is not wanted any more."""


class Unwatched:
    """Nobody looks, and nobody stops it: an undo, the reconciler."""

    def reached(self, done: int, of: int) -> None:
        """It goes on."""


UNWATCHED: Final = Unwatched()
