"""What is believed of a live price: one gate a source, so that garbage is never shown, filled or booked.

Refused for good: a number that is not finite and positive, a crossed book, a last price far from its
own book or outside its own day, a time in the future, and a
price a hundred times the reference or a hundredth of it (a unit mix-up). Held: a jump of more than eight
daily standard deviations or 20 %, whichever is larger, until a second source tells it too. Where none
can be had, five minutes of consistent prices make a held jump true; until then the last good price
stays and grows old.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite, log

from marketpulse.market.agreement import apart
from marketpulse.types import Quote

__all__ = ["Gate", "Reference", "Verdict", "shape", "sound", "units"]

_FUTURE = timedelta(seconds=10)
_ANCIENT = timedelta(days=366)
_BOOK = 0.05  # of the price: how far the last trade may lie outside bid and ask
_DAY = 0.01  # of the price: how far outside its own day's range
_WIDE = 2.0  # asked over bid; a pair further apart is no market
_HUNDRED = 80.0
_SIGMAS = 8.0
_JUMP = 0.20
_MANY = 10.0
_MOST_UNITS = 1e18  # of a day's volume
_CONSISTENT = 0.05
_PERSIST = timedelta(minutes=5)
_LEAST = 3  # quotes


@dataclass(frozen=True, slots=True)
class Reference:
    """What a new price is compared with.

    Attributes
    ----------
    price : the last good price of the day, or the last close worked through today's splits
    closes : other prices a unit mix-up would show against (the last daily close)
    sigma : standard deviation of daily log returns, 0 when unknown
    """

    price: float | None
    closes: tuple[float, ...] = ()
    sigma: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason`` is a clause that completes "the price ..."; empty when it is believed.

    ``held`` says that it may yet turn out true: a second source or time decides.
    """

    believed: bool
    reason: str = ""
    held: bool = False


_BELIEVED = Verdict(believed=True)


@dataclass(frozen=True, slots=True)
class _Held:
    """A jump that waits to be confirmed."""

    price: float
    since: datetime
    count: int


class Gate:
    """Judge the live quotes that one source gives of one instrument, in order."""

    def __init__(self) -> None:
        self._held: _Held | None = None

    def judge(
        self,
        quote: Quote,
        now: datetime,
        reference: Reference,
        others: Sequence[Quote] = (),
        *,
        witnessed: bool = False,
    ) -> Verdict:
        """Believe ``quote`` or say why not.

        Parameters
        ----------
        others : what other sources said lately, held or believed
        witnessed : a second source can be had, so it alone confirms a jump
        """
        reason = shape(quote, now) or units(quote.price, reference)
        if reason:
            return Verdict(believed=False, reason=reason)
        jump = _jump(quote.price, reference)
        if not jump or any(not apart(quote, other, reference.sigma) for other in others):
            self._held = None
            return _BELIEVED
        if witnessed:
            return Verdict(believed=False, reason=f"{jump}; held until a second source agrees", held=True)
        if self._confirmed(quote.price, now):
            self._held = None
            return _BELIEVED
        return Verdict(believed=False, reason=f"{jump}; held until it lasts five minutes", held=True)

    def _confirmed(self, price: float, now: datetime) -> bool:
        """Count a held jump; True once it has stayed where it went for five minutes."""
        held = self._held
        if held is None or abs(price / held.price - 1.0) > _CONSISTENT:
            self._held = _Held(price, now, 1)
            return False
        self._held = _Held(price, held.since, held.count + 1)
        return held.count + 1 >= _LEAST and now - held.since >= _PERSIST


def shape(quote: Quote, now: datetime) -> str:
    """Judge a quote by itself; empty when nothing is wrong with it."""
    numbers = [x for x in (quote.price, quote.bid, quote.ask) if x is not None]
    if not all(isfinite(x) for x in numbers):
        return "is not a finite number"
    if min(numbers) <= 0:
        return "is zero" if min(numbers) == 0 else "is negative"
    return _timing(quote, now) or _pair(quote) or _range(quote)


def _timing(quote: Quote, now: datetime) -> str:
    if quote.time > now + _FUTURE:
        return f"comes from {(quote.time - now).total_seconds():.0f} s ahead of this machine's clock"
    return "is more than a year old" if now - quote.time > _ANCIENT else ""


def _pair(quote: Quote) -> str:
    """Compare the price with the bid and ask that came with it."""
    if quote.bid is None or quote.ask is None:
        return ""
    if quote.bid >= quote.ask:
        return f"came with a crossed book ({_say(quote.bid)} bid, {_say(quote.ask)} asked)"
    if not quote.bid * (1.0 - _BOOK) <= quote.price <= quote.ask * (1.0 + _BOOK):
        return f"({_say(quote.price)}) is far from its own book ({_say(quote.bid)} to {_say(quote.ask)})"
    if quote.ask > _WIDE * quote.bid:
        return f"came with a book that is no market ({_say(quote.bid)} bid, {_say(quote.ask)} asked)"
    return ""


def sound(quote: Quote) -> Quote:
    """Leave out what came beside a believed price and cannot be: of the day's range, and the volume."""

    def near(value: float | None) -> float | None:
        return value if value is not None and quote.price / _MANY <= value <= quote.price * _MANY else None

    first, high, low = near(quote.open), near(quote.high), near(quote.low)
    if high is not None and low is not None and high < low:
        high = low = None
    volume = quote.volume if quote.volume is not None and 0 <= quote.volume <= _MOST_UNITS else None
    if (first, high, low, volume) == (quote.open, quote.high, quote.low, quote.volume):
        return quote
    return replace(quote, open=first, high=high, low=low, volume=volume)


def _range(quote: Quote) -> str:
    """Compare the price with the day's range that came with it."""
    if quote.low is None or quote.high is None or not 0 < quote.low <= quote.high < float("inf"):
        return ""
    if quote.low * (1.0 - _DAY) <= quote.price <= quote.high * (1.0 + _DAY):
        return ""
    return f"({_say(quote.price)}) is outside its own day ({_say(quote.low)} to {_say(quote.high)})"


def units(price: float, reference: Reference) -> str:
    """Find a price a hundred times too large or small; empty when it is neither."""
    for known in (reference.price, *reference.closes):
        if known is None:
            continue
        if price / known >= _HUNDRED:
            return f"({_say(price)}) is a hundred times the last good one ({_say(known)}) or more"
        if known / price >= _HUNDRED:
            return f"({_say(price)}) is a hundredth of the last good one ({_say(known)}) or less"
    return ""


def _jump(price: float, reference: Reference) -> str:
    """Find a move too large to believe at once."""
    if reference.price is None:
        return ""
    move = log(price) - log(reference.price)
    if abs(move) <= max(_SIGMAS * reference.sigma, log(1.0 + _JUMP)):
        return ""
    ratio = price / reference.price
    moved = f"{ratio - 1.0:+.0%}" if ratio < _MANY else f"to {ratio:.3g} times its value"
    return f"({_say(price)}) jumped {moved} from {_say(reference.price)}"


def _say(price: float) -> str:
    return f"{price:,.8g}"
