"""What a chart asks of the desk: bars, and the classic indicators drawn over them. Nothing here changes anything."""

from marketpulse.errors import Refused
from marketpulse.features.offer import HISTORY, drawing, offers
from marketpulse.loop.loop import Loop
from marketpulse.types import Bars, Drawing, IndicatorOffer, Interval

__all__ = ["Charting"]

_LONGEST_HISTORY = 5_000


class Charting:
    """The part of the facade that charts use; ``Desk`` is one."""

    _loop: Loop

    def history(self, symbol: str, interval: Interval, n: int) -> Bars:
        """Return the last ``n`` adjusted bars, the forming one last.

        Raises
        ------
        Refused
            ``UNKNOWN_SYMBOL``.
        """
        if symbol not in self._loop.rooms.instruments:
            raise Refused("UNKNOWN_SYMBOL", f"The desk does not know {symbol[:20]!r}.")
        return self._loop.rooms.market.history(symbol, interval, min(max(n, 1), _LONGEST_HISTORY))

    def indicators(self) -> tuple[IndicatorOffer, ...]:
        """Every classic indicator that a chart can ask for."""
        return offers()

    def indicator(self, symbol: str, interval: Interval, name: str, n: int = 500) -> Drawing:
        """Draw one of them over the last ``n`` adjusted bars, the forming one last.

        Raises
        ------
        Refused
            ``UNKNOWN_SYMBOL`` or ``UNKNOWN_INDICATOR``.
        """
        shown = min(max(n, 1), HISTORY)
        return drawing(self.history(symbol, interval, HISTORY), name, shown)
