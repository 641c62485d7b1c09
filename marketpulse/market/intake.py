"""The one door for live quotes: whoever told it, a quote is judged, compared, and shown or kept out.

Several sources may tell of one instrument at the same time (two streams, a stream and a poll). The
source that the person would rather hear is shown; what the others say makes them its witnesses. When
the preferred one falls silent or talks nonsense, the next one is shown, and the board says who it is.

Where two sources disagree, nobody can know which is right, so the price is marked disputed and prices
no order. Shown is the one that goes on from the last price both agreed on; when neither does, the last
price stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock

from marketpulse.market.agreement import apart, witness
from marketpulse.market.isolation import Isolation
from marketpulse.market.quality import Gate, Reference, shape, sound
from marketpulse.market.state import State
from marketpulse.meter import Meter
from marketpulse.types import Agreement, AssetClass, Instrument, Quote, Witness

__all__ = ["PATIENCE", "Intake"]

_FRESH = {AssetClass.CRYPTO: 15.0, AssetClass.EQUITY: 45.0, AssetClass.INDEX: 45.0}
"""Seconds for which a source's last word counts as a witness's."""
PATIENCE = 12.0
"""Seconds without a word after which a source loses its place to one that has spoken since."""
_COMING = 5.0  # seconds without a word after which a stream counts as not coming in
_REMEMBERED = 600.0  # seconds after which a second source that is silent counts as not to be had


@dataclass(frozen=True, slots=True)
class _Said:
    """A quote that passed the first look, and when it came (monotonic seconds)."""

    quote: Quote
    at: float


@dataclass(slots=True)
class _Line:
    """What the sources say of one instrument.

    Attributes
    ----------
    said : each source's newest sound quote, also one held for its jump
    believed : each source's newest believed quote
    agreed : the last price that two sources told, or that was shown while only one did
    """

    instrument: Instrument
    gates: dict[str, Gate] = field(default_factory=dict)
    said: dict[str, _Said] = field(default_factory=dict)
    believed: dict[str, _Said] = field(default_factory=dict)
    agreed: Quote | None = None


class Intake:
    """Judge quotes and keep the board; safe from every thread.

    Parameters
    ----------
    order : source names by asset class, the one to show first
    patience : seconds without a word, by asset class, after which a source loses its place to one that
        has spoken since; longer than two cadences, else places would change to and fro
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        order: Mapping[AssetClass, Sequence[str]],
        state: State,
        isolation: Isolation,
        meter: Meter,
        *,
        patience: Mapping[AssetClass, float] | None = None,
    ) -> None:
        self._patience = {**dict.fromkeys(AssetClass, PATIENCE), **(patience or {})}
        self._state = state
        self._clock = state.clock
        self._order = order
        self._isolation = isolation
        self._meter = meter
        self._lines = {symbol: _Line(i) for symbol, i in instruments.items()}
        self._lock = Lock()
        self.judged = 0

    def take(self, quote: Quote) -> None:
        """Judge ``quote``; show it, take it as a witness, or keep it out."""
        line = self._lines.get(quote.symbol)
        if line is None:
            return
        if quote.bid is not None and quote.bid == quote.ask:
            quote = replace(quote, bid=None, ask=None)  # a locked book says nothing of the spread
        with self._lock:
            self.judged += 1
            self._judge(line, quote)

    def heard(self, symbol: str, source: str) -> float:
        """Return the seconds since ``source`` last gave a believed quote of ``symbol``."""
        said = self._lines[symbol].believed.get(source)
        return float("inf") if said is None else self._clock.monotonic() - said.at

    def trouble(self, symbol: str, sentence: str, unless: Iterable[str] = ()) -> None:
        """Say what is wrong, unless the price is coming in from one of the sources ``unless``."""
        if all(self.heard(symbol, source) > _COMING for source in unless):
            self._state.board.trouble(symbol, sentence)

    def _judge(self, line: _Line, quote: Quote) -> None:
        source, now = quote.source, self._clock.monotonic()
        before = line.said.get(source)
        if before is not None and quote.time < before.quote.time:
            return  # out of order: what came later is known already
        if reason := shape(quote, self._clock.now()):  # before a calendar is asked about an impossible time
            self._refuse(line, quote, reason)
            return
        quote = sound(quote)
        reference = self._reference(line, quote)
        others = [s.quote for name, s in self._fresh(line, line.said).items() if name != source]
        witnessed = any(now - s.at < _REMEMBERED for name, s in line.said.items() if name != source)
        gate = line.gates.setdefault(source, Gate())
        verdict = gate.judge(quote, self._clock.now(), reference, others, witnessed=witnessed)
        if verdict.believed or verdict.held:
            line.said[source] = _Said(quote, now)
        if not verdict.believed:
            self._refuse(line, quote, verdict.reason)
            return
        line.believed[source] = _Said(quote, now)
        for name, said in self._fresh(line, line.said).items():
            if not apart(quote, said.quote, reference.sigma):
                line.believed[name] = said  # a jump that two sources tell is true of both
        self._show(line, reference.sigma)

    def _refuse(self, line: _Line, quote: Quote, reason: str) -> None:
        sentence = f"{quote.source}: the price {reason}"
        entry = self._state.board.entry(quote.symbol)
        fresh = self._fresh(line, line.believed)
        if not fresh or quote.source == self._serving(line, fresh):
            self._state.board.trouble(quote.symbol, sentence)
        self._meter.fault(f"quality.{quote.source}", f"{quote.symbol}: {sentence}")
        self._isolation.quote(quote, reason, None if entry is None else entry.quote.price)

    def _show(self, line: _Line, sigma: float) -> None:
        """Put the preferred source's price on the board, beside what the others say."""
        fresh = self._fresh(line, line.believed)
        serving = self._serving(line, fresh)
        shown = fresh[serving].quote
        others = [s.quote for name, s in fresh.items() if name != serving]
        against = [other for other in others if apart(shown, other, sigma)]
        agreement = Agreement.AGREED if others else Agreement.ALONE
        trouble = ""
        if against:
            agreement, trouble = Agreement.DISPUTED, _dispute(shown, against[0])
            shown = self._continues(line, [shown, *against], sigma)
        else:
            line.agreed = shown
        saw = tuple(witness(shown, q, sigma) for q in _beside(shown, fresh))
        self._put(line, shown, agreement, saw, trouble)

    def _put(
        self, line: _Line, shown: Quote, agreement: Agreement, saw: tuple[Witness, ...], trouble: str
    ) -> None:
        state = self._state
        entry = state.board.entry(shown.symbol)
        if entry is not None and entry.quote is shown and not trouble:
            state.board.compared(shown.symbol, agreement, saw)
        elif state.board.put(shown, agreement, saw, trouble):
            state.history.saw(shown, state.sessions.day(line.instrument.calendar, shown.time))

    def _continues(self, line: _Line, candidates: Sequence[Quote], sigma: float) -> Quote:
        """Return the candidate that goes on from the last agreed price, else that price itself."""
        anchor = line.agreed
        if anchor is None:
            return candidates[0]
        near = [q for q in candidates if not apart(anchor, q, sigma)]
        return near[0] if near else anchor

    def _serving(self, line: _Line, told: Mapping[str, _Said]) -> str:
        """Return the most preferred of the sources ``told``, at least one, whose word still counts.

        A source that goes on telling an old price lags behind the others and does not count.
        """
        patience = self._patience[line.instrument.asset_class]
        newest, heard = max(s.quote.time for s in told.values()), max(s.at for s in told.values())
        slack = timedelta(seconds=_FRESH[line.instrument.asset_class])
        timely = {
            name: said
            for name, said in told.items()
            if newest - said.quote.time <= slack and heard - said.at <= patience
        } or told
        for name in self._order.get(line.instrument.asset_class, ()):
            if name in timely:
                return name
        return max(timely, key=lambda name: timely[name].at)

    def _fresh(self, line: _Line, said: Mapping[str, _Said]) -> dict[str, _Said]:
        oldest = self._clock.monotonic() - _FRESH[line.instrument.asset_class]
        return {name: s for name, s in said.items() if s.at >= oldest}

    def _reference(self, line: _Line, quote: Quote) -> Reference:
        """Return what the price is measured against; yesterday's close is worked through today's splits."""
        calendar, state = line.instrument.calendar, self._state
        day = state.sessions.day(calendar, quote.time)
        entry, past = state.board.entry(quote.symbol), state.history.past(quote.symbol, day)
        price = past.close
        if entry is not None and (
            past.close is None or state.sessions.day(calendar, entry.quote.time) == day
        ):
            price = entry.quote.price
        return Reference(price, () if past.close is None else (past.close,), past.sigma)


def _beside(shown: Quote, fresh: Mapping[str, _Said]) -> list[Quote]:
    return [said.quote for name, said in fresh.items() if name != shown.source]


def _dispute(one: Quote, other: Quote) -> str:
    return (
        f"disputed: {one.source} says {one.price:,.8g}, {other.source} {other.price:,.8g} "
        f"({other.price / one.price - 1.0:+.2%})"
    )
