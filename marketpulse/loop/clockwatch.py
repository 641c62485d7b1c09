"""The machine's clock, watched against a timer that nobody can set: a jump is said, and stops live trading."""

from collections.abc import Callable

from marketpulse.clock import Clock
from marketpulse.storage import Ledger

__all__ = ["ClockWatch"]

_BACK = 2.0  # seconds; time servers slew smaller errors away
_FORWARD = 5.0


class ClockWatch:
    """Looks once a turn; only the loop's thread calls it.

    A clock that was set back gives orders and events times that lie before others already written;
    one that sprang forward (or a machine that slept) ends day orders and ages prices at once. Nothing
    is lost by either, but a person should look before more is sent.

    Parameters
    ----------
    stop : stops trading with a reason
    live : orders go to real venues
    """

    def __init__(self, clock: Clock, ledger: Ledger, stop: Callable[[str], object], *, live: bool) -> None:
        self._clock = clock
        self._stop = stop
        self._live = live
        self._seen: tuple[float, float] | None = None
        last = ledger.last()
        ahead = 0.0 if last is None else (last.time - clock.now()).total_seconds()
        self._ahead = ahead if ahead > _BACK else 0.0
        self.notes: tuple[str, ...] = ()

    def turn(self) -> None:
        """Compare the two clocks; the first turn also compares the clock with the ledger's last event."""
        now = self._clock.wall().timestamp(), self._clock.monotonic()
        before, self._seen = self._seen, now
        if before is None:
            if self._ahead:
                self._say(
                    f"The clock stands {_long(self._ahead)} before the newest event of the ledger.",
                    stops=True,
                )
            return
        jump = (now[0] - before[0]) - (now[1] - before[1])
        if jump < -_BACK:
            self._say(f"The machine's clock was set back by {_long(-jump)}.", stops=True)
        elif jump > _FORWARD:
            sentence = f"The machine's clock sprang forward by {_long(jump)}, or it slept."
            self._say(sentence, stops=self._live)

    def _say(self, sentence: str, *, stops: bool) -> None:
        if stops:
            self._stop(f"{sentence} Check the machine's time, then resume.")
        else:
            self.notes = (*self.notes[-2:], sentence)


def _long(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 120:  # noqa: PLR2004  two minutes
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004  two hours
