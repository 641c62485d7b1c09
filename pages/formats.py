"""How numbers, prices, times and ages are written; the same on every page.

True minus, explicit plus where asked, thousands grouped, a dash for what is not known. The results
hold no markup and nothing that came from outside.
"""

import math
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from marketpulse.types import Instrument

__all__ = [
    "DASH",
    "EASTERN",
    "MINUS",
    "Number",
    "Tone",
    "age",
    "duration",
    "eastern",
    "money",
    "number",
    "percent",
    "price",
    "quantity",
    "tone",
    "use_tone",
]

MINUS = "\u2212"
DASH = "\u2013"
EASTERN = ZoneInfo("America/New_York")

Tone = Literal["", "up", "down", "warn", "accent", "violet", "muted"]
Number = float | Decimal | None


def number(
    value: Number, decimals: int = 2, *, plus: bool = False, prefix: str = "", suffix: str = ""
) -> str:
    """Group thousands and use a true minus; a dash stands for what is not known.

    A value that rounds to zero carries no sign.

    Examples
    --------
    >>> number(-1234.5) == MINUS + "1,234.50", number(0.004, plus=True), number(None) == DASH
    (True, '0.00', True)
    """
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{abs(value):,.{decimals}f}"
    zero = not any(digit in "123456789" for digit in text)
    sign = "" if zero else MINUS if value < 0 else "+" if plus else ""
    return f"{sign}{prefix}{text}{suffix}"


def money(value: Number, decimals: int = 2, *, plus: bool = False, currency: str = "USD") -> str:
    """Write an amount: ``$1,131.66``, ``+$12.00``; other currencies by code behind the number."""
    if currency == "USD":
        return number(value, decimals, plus=plus, prefix="$")
    return number(value, decimals, plus=plus, suffix=f" {currency}")


def percent(fraction: Number, decimals: int = 1, *, plus: bool = False) -> str:
    """Write a fraction as percent: 0.0168 is ``1.7%``."""
    return number(None if fraction is None else fraction * 100, decimals, plus=plus, suffix="%")


def price(value: Number, instrument: Instrument | None, *, plus: bool = False) -> str:
    """Write a price with the decimals of its instrument."""
    return number(value, instrument.decimals if instrument else 2, plus=plus)


def quantity(value: Number) -> str:
    """Write units without trailing zeros.

    Examples
    --------
    >>> quantity(Decimal("1200.000")), quantity(Decimal("0.1500"))
    ('1,200', '0.15')
    """
    text = number(value, 8)
    return text.rstrip("0").rstrip(".") if "." in text else text


def age(seconds: Number) -> str:
    """Write how old something is: ``0.8 s``, ``45 s``, ``12 min``, ``3 h``, ``2 d``."""
    if seconds is None or not math.isfinite(seconds):
        return DASH
    value = max(0.0, float(seconds))
    for limit, size, unit in ((10, 1, "s"), (120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if value < limit:
            return f"{value / size:.{1 if limit == 10 else 0}f} {unit}"  # noqa: PLR2004 - the first row
    return f"{value / 86_400:.0f} d"


def duration(span_of_time: timedelta) -> str:
    """Write a time to go: ``2h 14m``, ``9m``, ``40s``, ``3d 4h``."""
    seconds = max(0, int(span_of_time.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days:
        return f"{days}d {hours % 24}h"
    if hours:
        return f"{hours}h {minutes % 60}m"
    return f"{minutes}m" if minutes else f"{seconds}s"


def eastern(moment: datetime, form: str = "%H:%M:%S") -> str:
    """Write a moment in New York's time, by a strftime form."""
    return moment.astimezone(EASTERN).strftime(form)


def tone(value: Number) -> Tone:
    """Green for a gain, red for a loss, grey for neither."""
    if value is None or not math.isfinite(value) or value == 0:
        return "muted"
    return "up" if value > 0 else "down"


def use_tone(used: float | None) -> Tone:
    """Colour of a limit's bar: blue, amber from 80 % on, red above the limit."""
    if used is None:
        return "muted"
    return "down" if used > 1 else "warn" if used >= 0.8 else "accent"  # noqa: PLR2004 - the two marks above
