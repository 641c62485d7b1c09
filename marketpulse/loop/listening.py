"""A model that is asked again, and who of its members voted: another vote is no repaint."""

from marketpulse.pipeline import Voice
from marketpulse.signals.consensus import Circumstances, Consensus
from marketpulse.types import Card, FloatArray, Signal

__all__ = ["Listener"]


class Listener:
    """A voice that remembers what it said last.

    Parameters
    ----------
    voice : who is asked
    """

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._said: Consensus | None = None

    @property
    def card(self) -> Card:
        """Of the voice."""
        return self._voice.card

    @property
    def served(self) -> str:
        """By which way it answers."""
        return self._voice.served

    @property
    def steps(self) -> int:
        """Rows it looks at."""
        return self._voice.steps

    def decide(
        self, rows: FloatArray, base: float, sigma: float, around: Circumstances | None = None
    ) -> Consensus:
        """As the voice decides."""
        self._said = self._voice.decide(rows, base, sigma, around)
        return self._said

    def right(self, row: FloatArray, said: Consensus) -> float | None:
        """As the voice tells it."""
        return self._voice.right(row, said)

    def heard_as(self, signal: Signal) -> bool:
        """Whether the same members spoke and kept silent as when the signal was issued, by the same way."""
        if self._said is None or signal.served != self._voice.served:
            return False
        now = {one.member: one.probability is None for one in self._said.ballots}
        return now == {one.model: one.probability is None for one in signal.votes}
