"""What a person may ask of the models: train one now."""

from marketpulse.errors import Refused
from marketpulse.loop.loop import Loop
from marketpulse.types import AssetClass

__all__ = ["Schooling"]


class Schooling:
    """The part of the facade that models use; ``Desk`` is one."""

    _loop: Loop

    def train(self, kind: str) -> None:
        """Train the models of a class of instruments as soon as nothing else is trained; returns at once.

        Raises
        ------
        Refused
            ``UNKNOWN_MODEL``, ``TRAINING`` where it is under way, ``NOT_TRAINABLE`` with too few bars, or
            ``READ_ONLY`` where this desk's ledger takes nothing.
        """
        if self._loop.rooms.sealed:
            raise Refused(
                "READ_ONLY", f"This desk only shows what its ledger holds. {self._loop.rooms.sealed}"
            )
        if kind not in [one.value for one in AssetClass]:
            raise Refused("UNKNOWN_MODEL", f"There is no model of {kind[:20]!r}.")
        self._loop.train(AssetClass(kind))
        self._loop.nudge()
