"""One signal of one instrument after a closed bar."""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from marketpulse.signals.consensus import Ballot, Consensus
from marketpulse.signals.words import opinion
from marketpulse.types import AssetClass, Card, Edge, Instrument, Signal, Vote

__all__ = ["Frozen", "abstain", "issue"]


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a signal rests on, by which it can be checked later.

    Attributes
    ----------
    bar : ISO date of the newest closed bar
    time : when it is issued, aware UTC, by the desk's clock
    feature_hash, feature_version : of all numbers of that bar, and of their definitions
    data_hash : of the bars behind them, as received
    regime : of the instrument
    """

    bar: str
    time: datetime
    feature_hash: str
    feature_version: str
    data_hash: str
    regime: str


def abstain(instrument: Instrument, frozen: Frozen, horizon: int, sentence: str) -> Signal:
    """Give no probability, and say why."""
    return Signal(
        symbol=instrument.symbol,
        bar=frozen.bar,
        time=frozen.time,
        horizon=horizon,
        probability=None,
        base_rate=None,
        edge=Edge.NONE,
        sentence=sentence,
        model="",
        model_version="",
        feature_hash=frozen.feature_hash,
        feature_version=frozen.feature_version,
        data_hash=frozen.data_hash,
        regime=frozen.regime,
    )


def issue(
    instrument: Instrument,
    frozen: Frozen,
    said: Consensus,
    card: Card,
    *,
    served: str = "",
    right: float | None = None,
    shadow: tuple[str, float] | None = None,
) -> Signal:
    """Put a consensus into words, with everything that led to it.

    Parameters
    ----------
    card : of the model that serves
    served, right, shadow : as in ``Signal``
    """
    unit = "days" if instrument.asset_class is AssetClass.CRYPTO else "trading days"
    return Signal(
        symbol=instrument.symbol,
        bar=frozen.bar,
        time=frozen.time,
        horizon=card.horizon,
        probability=said.probability,
        base_rate=said.base,
        edge=card.edge,
        sentence=opinion(said, card, instrument.symbol, unit),
        model=card.name,
        model_version=card.version,
        feature_hash=frozen.feature_hash,
        votes=tuple(_vote(one, said.base) for one in said.ballots),
        call=said.call,
        needed=said.needed if isfinite(said.needed) else None,
        agreed=said.agreed,
        why=said.why,
        caveats=said.caveats,
        reasons=said.reasons,
        feature_version=frozen.feature_version,
        data_hash=frozen.data_hash,
        served=served,
        right=right,
        shadow=shadow,
        regime=frozen.regime,
    )


def _vote(one: Ballot, base: float) -> Vote:
    why = "" if one.probability is not None else _silence(one)
    return Vote(
        one.member,
        one.probability,
        base,
        why,
        raw=one.raw,
        weight=one.share,
        kept=one.kept,
        skill=one.skill if isfinite(one.skill) else None,
    )


def _silence(one: Ballot) -> str:
    """Why a member is not heard."""
    return "has not been scored yet" if one.raw is not None else "abstains on this bar"
