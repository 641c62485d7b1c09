"""One line of a statement: cells into a trade, or a sentence that says what is wrong with it."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from marketpulse.portfolio.statement_forms import Form
from marketpulse.types import Instrument, Side, StatementRow

__all__ = ["BadRowError", "Reader"]

_SIDES = {"buy": Side.BUY, "b": Side.BUY, "bought": Side.BUY, "sell": Side.SELL, "s": Side.SELL, "sold": Side.SELL}  # fmt: skip
_PLAIN = re.compile(r"[+-]?\d{1,12}(\.\d{1,12})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3}){1,3}(\.\d{1,12})?", re.ASCII)
_WITH_COIN = re.compile(r"([+-]?[\d,]*\.?\d+)\s*([A-Z][A-Z0-9]{0,9})", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_.:+/=\-]{1,80}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z0-9]{2,10}", re.ASCII)
_QUOTED = ("'=", "'+", "'-", "'@", "'\t", "'\r")
_SHOWN = 30
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_INDIAN = {"NSE": ".NS", "BSE": ".BO"}


class BadRowError(Exception):
    """One line cannot be used; the text is a sentence."""


class Reader:
    """Reads the lines of one statement."""

    def __init__(
        self,
        form: Form,
        places: Mapping[str, int],
        account: str,
        instruments: Mapping[str, Instrument],
        now: datetime,
    ) -> None:
        self._form = form
        self._places = places
        self._account = account
        self._instruments = instruments
        self._now = now

    def read(self, line: int, cells: Sequence[str]) -> tuple[StatementRow, str]:
        """Return the trade, still without a key, and the venue whose id it bears.

        Raises
        ------
        BadRowError
            It is none.
        """
        found = {what: _cell(cells[at]) for what, at in self._places.items() if at < len(cells)}
        self._ours(found)
        instrument = self._instrument(found.get("symbol", ""), found.get("exchange", ""))
        priced = found.get("currency", "").upper()
        if priced and priced != instrument.currency:
            raise BadRowError(
                f"{instrument.symbol} is priced in {instrument.currency} here, not in {_shown(priced)}."
            )
        time = self._time(found)
        coin = instrument.symbol.partition("/")[0]
        quantity = _number(found, "quantity", (coin,))[0]
        price = _number(found, "price", (instrument.currency,))[0]
        if quantity <= 0 or price <= 0:
            raise BadRowError("Quantity and price must be above zero; side says the direction.")
        fee, paid = _number(found, "fee", None) if found.get("fee") else (Decimal(0), "")
        row = StatementRow(
            line=line,
            key="",
            time=time,
            symbol=instrument.symbol,
            side=_side(found.get("side", "")),
            quantity=quantity,
            price=price,
            currency=instrument.currency,
            fee=fee,
            fee_currency=_currency(found.get("fee_currency", "")) or paid,
            trade_id=self._id(found, time),
        )
        return row, found.get("venue") or self._account.partition(":")[0]

    def _ours(self, found: Mapping[str, str]) -> None:
        other = found.get("account", "")
        if other and other != self._account:
            raise BadRowError(f"It belongs to the account {_shown(other)}.")
        activity = found.get("activity", "")
        if activity and activity.upper() != "FILL":
            raise BadRowError(f"{_shown(activity)} is no trade; only trades are imported.")
        if "venue" in found and not _ID.fullmatch(found["venue"]):
            raise BadRowError("The venue's name cannot be read.")

    def _instrument(self, said: str, exchange: str) -> Instrument:
        name = said.upper()
        suffix = _INDIAN.get(exchange.upper())  # INFY of Mumbai is not INFY of New York
        names = (name, name.replace("-", "/")) if suffix is None else (name + suffix,)
        found = next((self._instruments[n] for n in names if n in self._instruments), None)
        if found is None:
            glued = (i for s, i in self._instruments.items() if "/" in s and s.replace("/", "") == name)
            found = next(glued, None)
        if found is None or not found.tradable:
            what = f"{_shown(said)} is no instrument of this desk" if said else "The symbol is missing"
            raise BadRowError(f"{what}; the watchlist can add it.")
        return found

    def _time(self, found: Mapping[str, str]) -> datetime:
        said = f"{found.get('time', '')} {found.get('clock', '')}".strip()
        try:
            time = datetime.fromisoformat(said)
            time = (time if time.tzinfo else time.replace(tzinfo=ZoneInfo(self._form.zone))).astimezone(UTC)
        except (ValueError, OverflowError):
            raise BadRowError(
                f"The time {_shown(said)} cannot be read; write 2026-11-27 15:30:00, with a zone if it is not "
                f"{self._form.zone}."
            ) from None
        if not _OLDEST <= time <= self._now + timedelta(days=1):
            raise BadRowError(f"The time {_shown(said)} is before 1990 or still to come.")
        return time

    def _id(self, found: Mapping[str, str], time: datetime) -> str:
        said = found.get("id", "")
        if said and not _ID.fullmatch(said):
            raise BadRowError(f"The id {_shown(said)} cannot be read.")
        if self._form.kind == "kite" and said:
            day = time.astimezone(ZoneInfo(self._form.zone))
            order = found.get("order", "")
            if not _ID.fullmatch(order):
                raise BadRowError("The order_id cannot be read.")
            return f"{day:%Y%m%d}-{order}-{said}"
        return said


def _cell(cell: str) -> str:
    """Take a cell as it was meant: without the apostrophe that our own export puts before a formula."""
    return (cell[1:] if cell.startswith(_QUOTED) else cell).strip()


def _number(found: Mapping[str, str], what: str, coins: tuple[str, ...] | None) -> tuple[Decimal, str]:
    """Read a number and the coin that may stand behind it, which must be one of ``coins`` (None: any)."""
    said, coin = found.get(what, ""), ""
    if not said:
        raise BadRowError(f"The {what} is missing.")
    with_coin = _WITH_COIN.fullmatch(said)
    if with_coin is not None:
        said, coin = with_coin.groups()
        if coins is not None and coin not in coins:
            raise BadRowError(f"The {what} is in {_shown(coin)}, not in {coins[0]}.")
    if _PLAIN.fullmatch(said):
        return Decimal(said), coin
    if _GROUPED.fullmatch(said):
        return Decimal(said.replace(",", "")), coin
    raise BadRowError(
        f"The {what} {_shown(said)} is no number that can be booked: at most twelve digits before and after "
        "the point, no exponent."
    )


def _side(said: str) -> Side:
    side = _SIDES.get(said.lower())
    if side is None:
        raise BadRowError(f"The side {_shown(said)} is neither buy nor sell.")
    return side


def _currency(said: str) -> str:
    name = said.upper()
    if name and not _CURRENCY.fullmatch(name):
        raise BadRowError(f"The fee's currency {_shown(said)} cannot be read.")
    return name


def _shown(said: str) -> str:
    """What was written, as far as it can be shown: short, printable, in quotes."""
    plain = "".join(c if c.isprintable() else "?" for c in said[:_SHOWN])
    return f'"{plain}"' if len(said) <= _SHOWN else f'"{plain}..."'
