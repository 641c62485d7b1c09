"""One venue as the order path meets it: when it may be asked, and what silence means."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from marketpulse.clock import Clock
from marketpulse.errors import AuthExpired, BrokerError, Throttled
from marketpulse.meter import Meter
from marketpulse.ports import Broker, OrderRef
from marketpulse.types import Instrument, Order

__all__ = ["AT_ONCE", "EACH_SECOND", "NoAnswer", "Pace", "Venue", "say"]

_FIRST_REST = 0.1
_LONGEST_REST = 30.0
_LOGIN_REST = 60.0

_T = TypeVar("_T")


class Pace(NamedTuple):
    """How often a venue may be asked for fills, so that its limits are kept.

    Attributes
    ----------
    seconds : between two sweeps; 0: each turn, and everything
    each : more seconds for each instrument, where the venue is asked one by one
    """

    seconds: float
    each: float = 0.0


AT_ONCE, EACH_SECOND = Pace(0.0), Pace(1.0)


class NoAnswer(BrokerError):
    """The venue did not answer a question. Next: ask again later; nothing follows from it."""


def say(error: BaseException) -> str:
    """Describe a venue's error; only our own errors are known to hold no secret."""
    return str(error) if isinstance(error, BrokerError) else f"an unforeseen {type(error).__name__}"


class Venue:
    """A broker, the account held there, and how long it wants to be left alone.

    Attributes
    ----------
    account : ``broker:account id``, as on the events
    broker : behind the port
    pace : how often it may be asked for fills
    trouble : what it last failed with, empty once it answers again
    """

    def __init__(
        self, account: str, broker: Broker, clock: Clock, meter: Meter, *, pace: Pace = AT_ONCE
    ) -> None:
        self.account = account
        self.broker = broker
        self.pace = pace
        self._clock = clock
        self._meter = meter
        self._quiet_until = 0.0
        self._failures = 0
        self.trouble = ""

    @property
    def ready(self) -> bool:
        """It may be asked now."""
        return self._clock.monotonic() >= self._quiet_until

    def ref(self, order: Order, instrument: Instrument) -> OrderRef:
        """All names of an order."""
        return OrderRef(order.client_order_id, order.venue_id, instrument)

    def rest(self, error: Throttled | AuthExpired) -> None:
        """Leave it alone for as long as it asked, or until somebody may have logged in again."""
        seconds = error.retry_after if isinstance(error, Throttled) else _LOGIN_REST
        self._quiet_until = self._clock.monotonic() + max(0.0, seconds)
        self.trouble = say(error)

    def wake(self) -> None:
        """Ask it again at once: somebody has logged in."""
        self._quiet_until = 0.0

    def ask(self, question: str, call: Callable[[], _T]) -> _T:
        """Ask something that changes nothing at the venue, or may be repeated.

        Raises
        ------
        NoAnswer
            For every kind of failure: nothing may be concluded from one.
        """
        if not self.ready:
            raise NoAnswer(f"{self.broker.name} is left alone for now")
        try:
            answer = call()
        except (Throttled, AuthExpired) as error:
            self.rest(error)
            raise self._silent(question, error) from None
        except Exception as error:  # noqa: BLE001  an adapter's bug must not stop fills and cancels elsewhere
            rest = min(_LONGEST_REST, _FIRST_REST * 2.0**self._failures)
            self._quiet_until = self._clock.monotonic() + rest
            self._failures = min(self._failures + 1, 16)
            raise self._silent(question, error) from None
        self._failures = 0
        self.trouble = ""
        return answer

    def _silent(self, question: str, error: Exception) -> NoAnswer:
        self.trouble = say(error)
        sentence = f"{self.broker.name} did not answer when asked for {question}: {self.trouble}"
        self._meter.fault("venue", sentence)
        return NoAnswer(sentence)
