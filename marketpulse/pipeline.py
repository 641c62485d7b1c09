"""The one pure way from closed bars to signals, the same on live prices, on replay and in a backtest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Protocol

import numpy as np

from marketpulse.features.full import NAMES, TAIL, VERSION
from marketpulse.features.scene import History, Scene, scene
from marketpulse.signals import Frozen, abstain, bars_hash, base_rate, feature_hash, feature_text, issue
from marketpulse.signals.consensus import Circumstances, Consensus
from marketpulse.signals.words import NO_MODEL, SIMULATED, TOO_SHORT, UNSOUND, regime
from marketpulse.types import AssetClass, Bars, Card, Conduct, FloatArray, Instrument, Signal

__all__ = ["Again", "Conduct", "Decision", "Playbook", "Voice", "Voices", "decide", "recompute"]

_NEEDED = ("momentum_252", "sd_63", "rsi_14", "trend_200")
"""Without these nothing is said: an instrument that is too young, or does not move."""

_NEEDED_AT = [NAMES.index(name) for name in _NEEDED]


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


class Voice(Protocol):
    """A trained ensemble, or what stands in for it; asking is pure."""

    @property
    def card(self) -> Card:
        """What a person should know of it."""

    @property
    def served(self) -> str:
        """By which way it answers."""

    @property
    def steps(self) -> int:
        """Rows it looks at."""

    def decide(
        self, rows: FloatArray, base: float, sigma: float, around: Circumstances | None = None
    ) -> Consensus:
        """Decide the newest of ``rows``; never raises on data."""

    def right(self, row: FloatArray, said: Consensus) -> float | None:
        """Chance that the call is right; None where nobody can tell."""


@dataclass(frozen=True, slots=True)
class Voices:
    """Who speaks of a class of instruments: the one that is heard, and one on trial."""

    serving: Voice
    shadow: Voice | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on one set of closed bars.

    Attributes
    ----------
    signals : at most one per instrument, in the playbook's order
    features : the numbers behind them as text, by their hash
    rows : the newest features by symbol, in the order of ``features.full.NAMES``
    """

    signals: tuple[Signal, ...] = ()
    features: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    rows: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Again:
    """What a signal's numbers come to when they are computed anew.

    Attributes
    ----------
    values : in the order of ``features.full.NAMES``
    data_hash : of the bars now held, cut to what was there then
    probability : of the model that issued it; None where that does not serve any more
    """

    values: tuple[float, ...]
    data_hash: str
    probability: float | None


def decide(  # noqa: PLR0917 - the whole state of a decision, in the order it is made
    playbook: Playbook,
    voices: Mapping[AssetClass, Voices],
    histories: Mapping[str, History],
    benchmark: History | None,
    instruments: Mapping[str, Instrument],
    simulated: frozenset[str],
    now: datetime,
    around: Mapping[str, Circumstances] | None = None,
) -> Decision:
    """Give one signal for the newest closed bar of each instrument that has one.

    Bars that had not closed by ``now`` are left out, so that a forming bar never decides.

    Parameters
    ----------
    voices : by asset class; a class without one gets a signal that says so
    histories : daily bars as received, by symbol; a symbol without bars gets no signal
    benchmark : daily bars of the shares' market
    instruments : must hold every symbol of the universe that has bars
    simulated : symbols whose prices are made up; no model is asked about them
    now : the desk's clock, aware UTC
    around : what may be wrong around a signal, by symbol
    """
    known = {s: h.until(now) for s, h in histories.items() if s in instruments}
    index = None if benchmark is None else benchmark.until(now)
    looks = _looks(playbook.universe, known, index, instruments, simulated)
    seen = _rows(looks, {s: _steps(voices.get(instruments[s].asset_class)) for s in looks})
    signals: list[Signal] = []
    texts: dict[str, str] = {}
    for symbol, look in looks.items():
        instrument, (values, sigma) = instruments[symbol], seen[symbol]
        frozen, text = _freeze(symbol, look, values[-1], now)
        signals.append(
            abstain(instrument, frozen, playbook.horizon, SIMULATED)
            if symbol in simulated
            else _spoken(instrument, frozen, voices.get(instrument.asset_class), look, playbook.horizon,
                         asked=(values, sigma), around=(around or {}).get(symbol))
        )  # fmt: skip
        texts[frozen.feature_hash] = text
    rows = {symbol: values[-1] for symbol, (values, _) in seen.items()}
    return Decision(tuple(signals), MappingProxyType(texts), MappingProxyType(rows))


def recompute(
    signal: Signal,
    seen: Mapping[str, int],
    histories: Mapping[str, History],
    benchmark: History | None,
    voice: Voice | None = None,
) -> Again | None:
    """Compute a signal's numbers anew from the bars now held, cut to what was there when it was issued.

    Parameters
    ----------
    seen : by symbol the newest bar that was there, as kept with its features
    histories, benchmark : as now held
    voice : the model that issued it, where it still serves

    Returns
    -------
    Again or None
        None where its bar is not held any more.
    """
    cut = {s: h.upto(seen[s]) for s, h in histories.items() if s in seen}
    own = cut.get(signal.symbol)
    if own is None or not len(own.bars) or str(own.bars.last_day()) != signal.bar:
        return None
    market = benchmark if benchmark is not None and benchmark.bars.symbol in seen else None
    look = _Look.of(cut, None if market is None else market.upto(seen[market.bars.symbol]))
    steps = 1 if voice is None else voice.steps
    values, sigma = look.scene.rows(signal.symbol, steps)
    frozen, _ = _freeze(signal.symbol, look, values[-1], signal.time)
    probability = None
    if voice is not None and signal.base_rate is not None:
        probability = voice.decide(values, signal.base_rate, sigma).probability
    return Again(tuple(values[-1].tolist()), frozen.data_hash, probability)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """A scene with the hash of what all of its instruments are compared with, and the newest bar of each."""

    scene: Scene
    others: str
    newest: Mapping[str, int]
    bases: dict[int, float | None] = field(default_factory=dict)

    def base(self, horizon: int, now: int) -> float | None:
        """The base rate of the class when ``now`` was the newest bar, counted once for all that share it."""
        if now not in self.bases:
            self.bases[now] = base_rate(self.scene.bars.values(), horizon, now)
        return self.bases[now]

    @classmethod
    def of(cls, histories: Mapping[str, History], benchmark: History | None) -> "_Look":
        seen = scene(histories, benchmark)
        h = sha256()
        for raw in (*(seen.raw[symbol] for symbol in sorted(seen.raw)), seen.benchmark):
            if raw is not None:
                h.update(f"{raw.symbol}|".encode())
                h.update(bars_hash(raw[-64:]).encode())
        return cls(seen, h.hexdigest(), seen.seen)


def _looks(
    universe: tuple[str, ...],
    known: Mapping[str, History],
    index: History | None,
    instruments: Mapping[str, Instrument],
    simulated: frozenset[str],
) -> dict[str, _Look]:
    """What each instrument with bars is looked at in: its class, or itself alone where its prices are made up."""
    classes: dict[AssetClass, _Look] = {}
    found = {}
    for symbol in universe:
        if symbol not in known or not len(known[symbol].bars):
            continue
        kind = instruments[symbol].asset_class
        if kind not in classes:
            classes[kind] = _look(kind, known, index, instruments, simulated)
        found[symbol] = classes[kind] if symbol not in simulated else _Look.of({symbol: known[symbol]}, None)
    return found


def _rows(looks: Mapping[str, _Look], steps: Mapping[str, int]) -> dict[str, tuple[FloatArray, float]]:
    """Everyone's newest features, those of one scene at once."""
    found: dict[str, tuple[FloatArray, float]] = {}
    scenes: dict[int, tuple[Scene, list[str]]] = {}
    for symbol, look in looks.items():
        if steps[symbol] == 1:
            scenes.setdefault(id(look), (look.scene, []))[1].append(symbol)
        else:
            found[symbol] = look.scene.rows(symbol, steps[symbol])
    for shown, symbols in scenes.values():
        found |= shown.newest(symbols)
    return found


def _look(
    kind: AssetClass,
    known: Mapping[str, History],
    index: History | None,
    instruments: Mapping[str, Instrument],
    simulated: frozenset[str],
) -> _Look:
    """All of a class at once; the benchmark is that of shares, since pairs close at other moments."""
    same = {s: h for s, h in known.items() if instruments[s].asset_class is kind and s not in simulated}
    return _Look.of(same, index)


def _freeze(symbol: str, look: _Look, row: FloatArray, now: datetime) -> tuple[Frozen, str]:
    """Name what a signal rests on, and write its numbers down."""
    raw: Bars = look.scene.raw[symbol]
    values = row.tolist()
    data = sha256(f"{bars_hash(raw[-TAIL:])}|{look.others}".encode()).hexdigest()
    frozen = Frozen(
        bar=str(raw.last_day()),
        time=now,
        feature_hash=feature_hash(values),
        feature_version=VERSION,
        data_hash=data,
        regime=regime(dict(zip(NAMES, values, strict=True))),
    )
    return frozen, feature_text(VERSION, NAMES, values, look.newest)


def _steps(voices: Voices | None) -> int:
    """Rows that whoever speaks looks at."""
    return max((one.steps for one in _both(voices)), default=1)


def _both(voices: Voices | None) -> tuple[Voice, ...]:
    if voices is None:
        return ()
    return (voices.serving,) if voices.shadow is None else (voices.serving, voices.shadow)


def _spoken(
    instrument: Instrument,
    frozen: Frozen,
    voices: Voices | None,
    look: _Look,
    horizon: int,
    *,
    asked: tuple[FloatArray, float],
    around: Circumstances | None,
) -> Signal:
    """Ask the one that serves, and the one on trial, about the newest row."""
    (rows, sigma), row = asked, asked[0][-1]
    if voices is None or voices.serving.card.horizon != horizon:
        return abstain(instrument, frozen, horizon, NO_MODEL)
    if not look.scene.ready(instrument.symbol):
        return abstain(instrument, frozen, horizon, UNSOUND)
    now = int(look.scene.raw[instrument.symbol].time[-1])
    base = look.base(horizon, now)
    if base is None or not np.isfinite(row[_NEEDED_AT]).all():
        return abstain(instrument, frozen, horizon, TOO_SHORT)
    voice, trial = voices.serving, voices.shadow
    said = voice.decide(rows[-voice.steps :], base, sigma, around)
    shadow = None
    if trial is not None:
        shadow = trial.card.version, trial.decide(rows[-trial.steps :], base, sigma, around).probability
    return issue(
        instrument, frozen, said, voice.card, served=voice.served, right=voice.right(row, said), shadow=shadow
    )
