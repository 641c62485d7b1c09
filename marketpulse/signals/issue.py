"""One signal of one instrument after a closed bar."""

from collections.abc import Sequence
from datetime import datetime

from marketpulse.signals.hashing import feature_hash
from marketpulse.signals.words import NO_MODEL, SIMULATED, opinion
from marketpulse.types import AssetClass, Card, Edge, Instrument, Signal, Vote

__all__ = ["issue"]


def issue(
    instrument: Instrument,
    *,
    bar: str,
    time: datetime,
    horizon: int,
    features: Sequence[float],
    vote: Vote | None,
    card: Card | None,
    simulated: bool = False,
) -> Signal:
    """Put a vote into words; without a model, or on simulated prices, say so and give no probability.

    Parameters
    ----------
    bar : ISO date of the newest closed bar
    time : when it is issued, aware UTC, by the desk's clock
    horizon : bars ahead that are spoken of
    features : all numbers of that bar, NaN where not defined; the hash names exactly these
    vote, card : the model's, or None while there is none
    simulated : the prices were made up; no vote is shown then
    """
    if simulated or vote is None or card is None:
        return Signal(
            symbol=instrument.symbol,
            bar=bar,
            time=time,
            horizon=horizon,
            probability=None,
            base_rate=None,
            edge=Edge.NONE,
            sentence=SIMULATED if simulated else NO_MODEL,
            model="",
            model_version="",
            feature_hash=feature_hash(features),
        )
    unit = "days" if instrument.asset_class is AssetClass.CRYPTO else "trading days"
    return Signal(
        symbol=instrument.symbol,
        bar=bar,
        time=time,
        horizon=card.horizon,
        probability=vote.probability,
        base_rate=vote.base_rate,
        edge=card.edge if vote.probability is not None else Edge.NONE,
        sentence=opinion(vote, card, instrument.symbol, unit),
        model=card.name,
        model_version=card.version,
        feature_hash=feature_hash(features),
        votes=(vote,),
    )
