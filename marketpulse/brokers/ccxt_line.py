"""One of ccxt's clients behind a lock, and its exceptions in our words.

Each call sends one request, once. No text of ccxt's leaves this module, not even as the cause of our own
error: it holds addresses with signatures in them.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from threading import Lock
from typing import Any, NamedTuple

from marketpulse.brokers.verdicts import Outcome, Row, Verdict, failure_of, judge
from marketpulse.clock import Clock
from marketpulse.errors import AuthExpired, BrokerError, Rejected, Throttled, Uncertain
from marketpulse.types import AssetClass, Instrument

__all__ = ["Absent", "Line", "Make", "Pair", "Steps", "There", "options_of", "prepared"]

Make = Callable[[dict[str, Any]], Any]
"""Makes one of ccxt's clients from its options."""

_TIMEOUT = 6.0  # seconds for one request
_WINDOW = 5000  # milliseconds a request stays valid at the venue; the shorter, the sooner doubt ends
_PAUSE = 5.0  # seconds until the next try to learn the venue's pairs and time
_SKEW = 1.0  # seconds until the next try after measuring the time anew


class There(Uncertain):
    """The venue has an order of this name already."""


class Absent(Uncertain):
    """The venue does not have the order, or not any more."""


_PLAIN: dict[Outcome, tuple[type[BrokerError], str]] = {
    Outcome.THERE: (There, "it has an order of this name"),
    Outcome.ABSENT: (Absent, "it has no such order"),
    Outcome.LOGIN: (AuthExpired, "the key was refused"),
    Outcome.UNCERTAIN: (Uncertain, "no clear answer"),
}


class Pair(NamedTuple):
    """A pair in the venue's words; ``tick`` and ``lot`` are its own, zero where it names none."""

    id: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal


Steps = Callable[[Any], tuple[Decimal, Decimal]]
"""Reads tick and lot from the venue's own description of a pair."""


class Line:
    """Calls a venue through ccxt, one call at a time, since ccxt's clients are not threadsafe.

    Parameters
    ----------
    name : begins every sentence
    make : makes the client when it is first needed
    rows : what the venue's refusals mean
    steps : reads tick and lot of a pair
    """

    def __init__(
        self, name: str, clock: Clock, make: Callable[[], Any], rows: Sequence[Row], steps: Steps
    ) -> None:
        self._name = name
        self._clock = clock
        self._make = make
        self._rows = rows
        self._steps = steps
        self._lock = Lock()
        self._client: Any = None
        self._loaded = self._timed = False
        self._pairs: dict[str, Pair] = {}

    def pair(self, instrument: Instrument) -> Pair | None:
        """Return the pair in the venue's words, None where it does not offer it."""
        if instrument.asset_class is not AssetClass.CRYPTO:
            return None
        known = self._pairs.get(instrument.symbol)
        if known is None:
            market = self._do(lambda client: client.markets.get(instrument.symbol), ())
            if market is None or not market["spot"]:
                return None
            tick, lot = self._do(lambda _: self._steps(market["info"]), ())
            known = Pair(market["id"], market["base"], market["quote"], tick, lot)
            self._pairs[instrument.symbol] = known
        return known

    def write(self, ask: Callable[[Any], Any]) -> Any:
        """Send an order or a cancel. Whatever no table names is Uncertain.

        Raises
        ------
        There, Absent
            Which are Uncertain to whoever does not look closer.
        """
        return self._do(ask, self._rows)

    def read(self, ask: Callable[[Any], Any]) -> Any:
        """Ask a question; a refusal of it rejects no order.

        Raises
        ------
        Absent
            The venue does not have what was asked for.
        """
        return self._do(ask, [row for row in self._rows if row.verdict.outcome is not Outcome.REJECTED])

    def _do(self, ask: Callable[[Any], Any], rows: Iterable[Row]) -> Any:
        with self._lock:
            said: BrokerError
            try:
                client = self._ready()
            except Exception as error:  # noqa: BLE001  whatever it was, the question has not been put
                said = self._unsent(error)
            else:
                client.last_json_response = client.last_response_headers = None
                try:
                    return ask(client)
                except BrokerError as error:
                    said = error
                except Exception as error:  # noqa: BLE001  ccxt lets Python's own exceptions through as well
                    said = self._said(error, rows)
        raise said  # out here, so that ccxt's exception does not travel along as its context

    def _ready(self) -> Any:
        if self._client is None:
            client = self._make()
            client.last_json_response = client.last_response_headers = None
            self._client = client
        if not self._loaded:
            self._client.load_markets(True)  # noqa: FBT003  ccxt's own order of arguments; measures the time too
            if not self._client.markets:
                raise Uncertain(f"{self._name}: the list of pairs came empty")
            self._loaded = self._timed = True
        if not self._timed:
            self._client.load_time_difference()
            self._timed = True
        return self._client

    def _unsent(self, error: Exception) -> BrokerError:
        client = self._client
        headers = None if client is None else client.last_response_headers
        told = failure_of(error, None, headers, self._clock.wall().timestamp()).wait
        sentence = f"{self._name}: its pairs and its time could not be learnt; nothing was sent"
        limited = type(error).__name__ in {"DDoSProtection", "RateLimitExceeded"}
        return Throttled(sentence, told if limited and told else _PAUSE)

    def _said(self, error: Exception, rows: Iterable[Row]) -> BrokerError:
        body, headers = self._client.last_json_response, self._client.last_response_headers
        failure = failure_of(error, body, headers, self._clock.wall().timestamp())
        verdict = judge(failure, rows)
        if verdict.outcome is Outcome.SKEWED:
            self._timed = False
        return self._error(verdict, failure.wait)

    def _error(self, verdict: Verdict, wait: float | None) -> BrokerError:
        name = self._name
        if verdict.outcome is Outcome.REJECTED:
            return Rejected(verdict.code, verdict.sentence)
        if verdict.outcome is Outcome.THROTTLED:
            return Throttled(f"{name}: too many requests", wait or verdict.pause)
        if verdict.outcome is Outcome.SKEWED:
            # The time is checked before the order is looked at, so it is not there.
            return Throttled(f"{name}: CLOCK_SKEW: our clock and the venue's differ", _SKEW)
        kind, sentence = _PLAIN[verdict.outcome]
        return kind(f"{name}: {sentence}")


def options_of(key: str, secret: str, **more: Any) -> dict[str, Any]:
    """Return ccxt's options for trading spot: nothing retried, nothing slept, nothing logged."""
    silent = logging.Logger("ccxt")  # noqa: LOG001  its own would log keys and signatures
    silent.disabled = True
    options = {
        "fetchMarkets": {"types": ["spot"]},  # the derivatives' hosts must not be able to stop us
        "defaultType": "spot",
        "fetchCurrencies": False,
        "fetchMargins": False,
        "adjustForTimeDifference": True,
        "recvWindow": _WINDOW,
        "maxRetriesOnFailure": 0,
        **more,
    }
    client = {"enableRateLimit": False, "timeout": int(_TIMEOUT * 1000), "options": options, "logger": silent}
    return {**client, "apiKey": key, "secret": secret}


def prepared(client: Any, *, sandbox: bool) -> Any:
    """Make a new client ready: to the venue's sandbox or not, and never to where a reply points."""
    client.set_sandbox_mode(sandbox)
    client.has["fetchCurrencies"] = False  # a private call that no order needs
    client.enableLastJsonResponse = client.enableLastResponseHeaders = True
    client.session.max_redirects = 0  # a redirect would send an order, and its signature, again
    return client
