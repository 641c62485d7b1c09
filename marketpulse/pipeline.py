"""The one pure way from closed bars to signals, the same on live prices, on replay and in a backtest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from marketpulse.features import VERSION, FeatureTable, compute
from marketpulse.ports import Model
from marketpulse.signals import feature_text, issue
from marketpulse.types import AssetClass, Bars, Card, Conduct, Instrument, Signal, Vote

__all__ = ["Conduct", "Decision", "Playbook", "decide"]


@dataclass(frozen=True, slots=True)
class Playbook:
    """A strategy as data.

    Attributes
    ----------
    universe : symbols, in the order they are shown
    horizon : bars ahead
    mode : what the desk does with its signals
    practice : on paper, a call without a shown edge is played as if it had one
    demands_stops : a position without a confirmed stop is an alarm
    """

    universe: tuple[str, ...]
    horizon: int = 5
    mode: Conduct = Conduct.SUGGEST
    demands_stops: bool = False
    practice: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on one set of closed bars.

    Attributes
    ----------
    signals : at most one per instrument, in the playbook's order
    features : the numbers behind them as text, by their hash
    """

    signals: tuple[Signal, ...] = ()
    features: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def decide(  # noqa: PLR0917 - the whole state of a decision, in the order it is made
    playbook: Playbook,
    models: Mapping[AssetClass, tuple[Model, Card]],
    frames: Mapping[str, Bars],
    benchmark: Bars | None,
    instruments: Mapping[str, Instrument],
    simulated: frozenset[str],
    now: datetime,
) -> Decision:
    """Give one signal for the newest closed bar of each instrument that has one.

    Bars that had not closed by ``now`` are left out, so that a forming bar never decides.

    Parameters
    ----------
    models : by asset class; a class without one gets a signal that says so
    frames : adjusted daily bars by symbol; a symbol without bars gets no signal
    benchmark : adjusted daily bars of the market
    instruments : must hold every symbol of the universe that has bars
    simulated : symbols whose prices are made up; no model is asked about them
    now : the desk's clock, aware UTC
    """
    market = None if benchmark is None else benchmark.until(now)
    signals: list[Signal] = []
    texts: dict[str, str] = {}
    for symbol in playbook.universe:
        bars = frames[symbol].until(now) if symbol in frames else None
        if bars is None or not len(bars):
            continue
        table = compute(bars, market)
        row = table.values[-1].tolist()
        instrument = instruments[symbol]
        model, card = models.get(instrument.asset_class, (None, None))
        if card is not None and (card.feature_version != VERSION or card.horizon != playbook.horizon):
            model, card = None, None  # it speaks of other numbers than these
        made_up = symbol in simulated
        signal = issue(
            instrument,
            bar=str(bars.last_day()),
            time=now,
            horizon=playbook.horizon,
            features=row,
            vote=None if made_up or model is None or card is None else _vote(model, card, table),
            card=card,
            simulated=made_up,
        )
        signals.append(signal)
        texts[signal.feature_hash] = feature_text(VERSION, table.names, row)
    return Decision(tuple(signals), MappingProxyType(texts))


def _vote(model: Model, card: Card, table: FeatureTable) -> Vote:
    """Ask the model about the newest row, in the order of its own card."""
    return model.vote(table.columns(card.features)[-1].tolist())
