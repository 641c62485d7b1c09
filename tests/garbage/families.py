"""Who sends what: every provider family with its questions, its kinds and the number of its seeds."""

from dataclasses import dataclass
from random import Random

from garbage import bases, coins, frames, own
from garbage.bodies import numbered
from garbage.kinds import FIELDS, Kind
from garbage.trees import Question

COMMON: tuple[Kind, ...] = (*FIELDS, *numbered(len(FIELDS) + 1))


@dataclass(frozen=True, slots=True)
class Family:
    """A family of providers.

    Attributes
    ----------
    questions : by provider
    own : kinds that fit only this family
    seeds : payloads of each kind, in a short run and in the whole one
    """

    name: str
    questions: dict[str, tuple[Question, ...]]
    own: tuple[Kind, ...]
    seeds: tuple[int, int]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All that fit one of its questions."""
        return tuple(kind for kind in (*COMMON, *self.own) if self._asked(kind))

    def _asked(self, kind: Kind) -> list[tuple[str, Question]]:
        return [(p, q) for p, some in self.questions.items() for q in some if kind.fits(q)]

    def payload(self, kind: Kind, seed: int) -> tuple[str, Question, bytes]:
        """A provider, one of its questions, and garbage for it; the same for the same seed."""
        rng = Random(f"{self.name} {kind.id} {seed}")
        asked = self._asked(kind)
        provider, question = asked[seed % len(asked)]
        return provider, question, kind.make(rng, question)


STREAMS = {
    "finnhub": (frames.FINNHUB_TRADE,),
    "alpaca": (frames.ALPACA_TRADE,),
    "binance": frames.BINANCE_FRAMES,
    "bybit": frames.BYBIT_FRAMES,
}

FAMILIES = (
    Family("yahoo", {"yahoo": bases.YAHOO}, own.YAHOO, (2, 4)),
    Family("finnhub", {"finnhub": bases.FINNHUB}, own.FINNHUB, (2, 24)),
    Family("alphavantage", {"alphavantage": bases.ALPHAVANTAGE}, own.ALPHAVANTAGE, (2, 12)),
    Family("alpaca", {"alpaca": (*bases.ALPACA, frames.ALPACA_TRADE)}, own.ALPACA, (2, 8)),
    Family("binance", {"binance": bases.BINANCE}, coins.BINANCE, (2, 13)),
    Family("bybit", {"bybit": bases.BYBIT}, coins.BYBIT, (2, 13)),
    Family("streams", STREAMS, coins.STREAMS, (2, 8)),
)
