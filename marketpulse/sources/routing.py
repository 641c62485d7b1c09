"""Whom the market asks what, in the order of preference; the next is asked when one fails."""

from collections.abc import Sequence

from marketpulse.ports import Capability

__all__ = ["LIVE", "RECORDED", "REPLAY", "Routing"]

Routing = Sequence[tuple[Capability, str, tuple[str, ...]]]
"""What is asked, of which instruments, and whom in which order."""

_SHARES = ("alpaca", "finnhub", "yahoo")
_PAIRS = ("binance", "bybit")
LIVE: Routing = (
    (Capability.QUOTE, "shares", _SHARES),
    (Capability.QUOTE, "pairs", _PAIRS),
    (Capability.BARS, "shares", ("yahoo", "alpaca", "alphavantage")),
    (Capability.BARS, "pairs", _PAIRS),
    (Capability.ACTIONS, "shares", ("yahoo", "alpaca")),
    (Capability.INTRADAY, "shares", ("yahoo", "alpaca")),
    (Capability.INTRADAY, "pairs", _PAIRS),
    (Capability.BOOK, "pairs", _PAIRS),
    (Capability.NEWS, "shares", ("finnhub", "alpaca", "yahoo")),
    (Capability.EVENTS, "shares", ("finnhub", "yahoo")),
    (Capability.STREAM, "shares", _SHARES),
    (Capability.STREAM, "pairs", _PAIRS),
)
REPLAY: Routing = tuple(
    (capability, what, (source,))
    for what, source in (("shares", "tape"), ("pairs", "simulated"))
    for capability in (
        Capability.QUOTE,
        Capability.BARS,
        Capability.ACTIONS,
        Capability.INTRADAY,
        Capability.BOOK,
    )
)
RECORDED: Routing = tuple(
    (capability, "recorded", ("recorded",))
    for capability in (
        Capability.QUOTE,
        Capability.BARS,
        Capability.ACTIONS,
        Capability.BOOK,
        Capability.INTRADAY,
    )
)
