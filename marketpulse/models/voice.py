"""What serves a class of instruments as the pipeline asks it: the ensemble, its network, and its doubts."""

from dataclasses import replace
from datetime import UTC, datetime

from marketpulse.features.full import NAMES, VERSION
from marketpulse.guard.breaker import BreakerMemo
from marketpulse.models.deep import Deep
from marketpulse.models.meta import Meta
from marketpulse.models.opening import ENSEMBLE, Opened
from marketpulse.models.seats import Seat
from marketpulse.models.serving import Served
from marketpulse.signals.consensus import Circumstances, Consensus
from marketpulse.types import Call, Card, Edge, FloatArray, Serving

__all__ = ["Speaker", "plain_card"]


class Speaker:
    """One opened model with everything that stands beside it.

    Parameters
    ----------
    card : of what answers in truth, so of the fallback where one does
    opened : what ``served`` was made of
    deep : a network that votes with the others; None without one
    meta : None where nothing has been learned about the calls
    """

    def __init__(
        self,
        served: Served,
        card: Card,
        opened: Opened,
        deep: Deep | None = None,
        meta: Meta | None = None,
    ) -> None:
        self.asked = served
        self.deep = deep
        self._card = card
        self._meta = meta
        self._edge = card.edge
        self.servings: tuple[Serving, ...] = opened.servings
        self._served = next((str(one.path) for one in opened.servings if one.model == ENSEMBLE), "")

    @property
    def card(self) -> Card:
        """What a person should know of it, with the word that holds now."""
        return self._card

    @property
    def served(self) -> str:
        """By which way the whole answers."""
        return self._served

    @property
    def steps(self) -> int:
        """Rows it looks at."""
        return 1 if self.deep is None else self.deep.manifest.steps

    @property
    def seats(self) -> dict[str, Seat]:
        """Where each member sits, the network's last."""
        every = dict(self.asked.seats)
        if self.deep is not None:
            every[self.deep.seat.name] = self.deep.seat
        return every

    def memos(self) -> dict[str, BreakerMemo]:
        """Who rests and for how long, for a restart."""
        return {name: seat.memo() for name, seat in self.seats.items()}

    def recall(self, member: str, rest: float, opened: int) -> None:
        """Let a member rest on for ``rest`` seconds, as it did before the desk was started."""
        if member in self.seats:
            self.seats[member].recall(rest, opened)

    def judge(self, *, degraded: bool) -> None:
        """Take the word for its edge back while it does worse than the base rate, and give it again after."""
        self._card = replace(self._card, edge=Edge.DEGRADED if degraded else self._edge)

    def decide(
        self, rows: FloatArray, base: float, sigma: float, around: Circumstances | None = None
    ) -> Consensus:
        """Decide the newest of ``rows``; never raises on data."""
        more = [] if self.deep is None else [self.deep.vote(rows, base)]
        return self.asked.decide(rows[-1], base, sigma, around, more=more)

    def right(self, row: FloatArray, said: Consensus) -> float | None:
        """Chance that the call is right; None where there is no call or nothing has been learned."""
        if self._meta is None or said.call is Call.NONE:
            return None
        return self._meta.right(said.probability, said.base, said.agreed, row)


def plain_card(horizon: int) -> Card:
    """Of the base rate, which is all that is said where no model can be used."""
    return Card(
        name="base rate",
        version="base-rate",
        horizon=horizon,
        features=NAMES,
        feature_version=VERSION,
        symbols=(),
        first_bar="",
        last_bar="",
        rows=0,
        base_rate=0.5,
        score=None,
        edge=Edge.NONE,
        trained=datetime.fromtimestamp(0, UTC),
        source="",
    )
