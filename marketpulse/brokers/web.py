"""What venues that speak through ``requests`` have in common: patience, exact numbers, and what an error means.

No text of a vendor gets out of an adapter: it may hold a key. No number becomes a float on its way in.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from json import loads
from typing import Any, TypeVar

from marketpulse.errors import AuthExpired, BrokerError, Rejected, Uncertain

__all__ = [
    "Refusals",
    "decimal",
    "harden",
    "listed",
    "lost",
    "moment",
    "price",
    "refused",
    "spoken",
    "text",
    "wait",
]

_T = TypeVar("_T")

_LONGEST_PAUSE = 300.0  # seconds; whatever a header says
_DIGITS = 20  # no price, quantity or balance has more before or behind its point

Refusals = Sequence[tuple[tuple[str, ...], str, str]]
"""(any of these words in the venue's sentence, our code, our sentence), the first that fits counts."""


def harden(session: Any, seconds: float) -> None:
    """Let a ``requests`` session wait ``seconds`` at most, follow no redirect, and read numbers exactly.

    alpaca-py sets no timeout at all: against a venue that hangs it never returns. A redirect would
    carry the header that holds the key elsewhere, and might repeat an order.
    """
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 (lazy: only a live account speaks to the web)

    class Impatient(HTTPAdapter):
        def send(self, *args: Any, **named: Any) -> Any:
            return super().send(*args, **{**named, "timeout": seconds})

    session.mount("https://", Impatient(max_retries=0))
    session.max_redirects = 0
    session.hooks["response"].append(_exact)
    # its debug lines hold the addresses asked
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def _exact(response: Any, *args: Any, **named: Any) -> None:
    """Have the answer read with Decimals where JSON writes a point, and without NaN."""
    del args, named

    def refuse(word: str) -> None:
        msg = f"{word} is not a number"
        raise ValueError(msg)

    response.json = lambda: loads(response.content, parse_float=Decimal, parse_constant=refuse)


def spoken(call: Callable[[], _T], say: Callable[[Exception], BrokerError]) -> _T:
    """Return what ``call`` returns, or raise what ``say`` makes of whatever the vendor's client raised.

    It is raised outside the handler, so the vendor's error is not even the context of ours.
    """
    try:
        return call()
    except BrokerError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, the order may have arrived)
        told = say(error)
    raise told


def lost(name: str, error: Exception) -> BrokerError:
    """Say what an error of ``requests``, or of reading an answer, means.

    Uncertain, whatever it is; only a key that cannot be written into a header was never sent.
    """
    from requests import exceptions as http  # noqa: PLC0415 (as above)
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 (as above)

    if isinstance(error, (http.InvalidHeader, UnicodeEncodeError)):
        return AuthExpired(f"{name}: the key holds characters that cannot be sent")
    if isinstance(error, (http.Timeout, TimeoutError)):
        return Uncertain(f"{name}: no answer came in time")
    if isinstance(error, (http.InvalidJSONError, http.ContentDecodingError, http.TooManyRedirects)):
        return Uncertain(f"{name}: the answer was not readable (an outage or an error page)")
    if isinstance(error, (http.RequestException, HTTPError, OSError)):
        return Uncertain(f"{name}: the connection failed")
    return Uncertain(f"{name}: the answer could not be understood ({type(error).__name__})")


def refused(said: str, table: Refusals, venue: str) -> Rejected:
    """Return the rejection in our own words, told by the words in the venue's."""
    low = said.lower()
    for words, code, sentence in table:
        if any(word in low for word in words):
            return Rejected(code, sentence)
    sentence = (
        f"{venue} refused the order for a reason that MarketPulse does not know; {venue} itself shows it."
    )
    return Rejected("VENUE_REFUSED", sentence)


def wait(headers: Mapping[str, str], pause: float) -> float:
    """Return the seconds a venue asks for, within reason; ``pause`` where it names none."""
    told = str(headers.get("Retry-After", ""))
    return min(max(1.0, float(told)), _LONGEST_PAUSE) if told.isascii() and told.isdigit() else pause


def text(fields: Any, key: str, name: str) -> str:
    """Read one word of an answer that must be there; ``name`` begins the sentence of the error."""
    value = fields.get(key) if isinstance(fields, dict) else None
    if not isinstance(value, str) or not value:
        raise Uncertain(f"{name}: {key} is missing in the answer")
    return value


def decimal(fields: Any, key: str, name: str) -> Decimal:
    """Read one exact number of an answer, written as digits or as their text."""
    value = fields.get(key) if isinstance(fields, dict) else None
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise Uncertain(f"{name}: {key} is missing in the answer")
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise Uncertain(f"{name}: {key} is not a number") from None
    if not found.is_finite() or (found and abs(found.adjusted()) > _DIGITS):
        raise Uncertain(f"{name}: {key} is not a believable number")
    return found


def price(fields: Any, key: str, name: str) -> Decimal | None:
    """Read a price that an order may have; None where it is not there, empty or zero."""
    value = fields.get(key) if isinstance(fields, dict) else None
    return None if value in (None, "") else decimal(fields, key, name) or None


def moment(fields: Any, key: str, name: str) -> datetime:
    """Read one moment that is written with its offset, aware UTC."""
    try:
        found = datetime.fromisoformat(text(fields, key, name))
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (OverflowError, ValueError):
        pass
    raise Uncertain(f"{name}: {key} is not a moment")


def listed(answer: Any, name: str) -> list[Any]:
    """Return an answer that must be a list."""
    if not isinstance(answer, list):
        raise Uncertain(f"{name}: the answer had an unexpected shape")
    return answer
