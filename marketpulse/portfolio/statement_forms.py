"""The columns of brokers' statements: which form a header is, and where each thing stands in it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["NEEDED", "Form", "form_of", "heading"]

NEEDED = (
    "A statement needs a first line with the columns time (or date), symbol, side, quantity and price; fee, "
    "fee_currency, currency and id may be there too."
)


@dataclass(frozen=True, slots=True)
class Form:
    """One broker's form.

    Attributes
    ----------
    kind : its name
    needs : columns that tell it from others
    columns : where each thing stands, the first that is there
    zone : in which a time without a zone is meant
    """

    kind: str
    needs: frozenset[str]
    columns: Mapping[str, Sequence[str]]
    zone: str = "UTC"


def _form(kind: str, needs: str, zone: str = "UTC", **columns: str) -> Form:
    split = {name: tuple(said.split()) for name, said in columns.items()}
    return Form(kind, frozenset(needs.split()), MappingProxyType(split), zone)


_FORMS = (
    _form(
        "marketpulse", "time account venue trade_id client_order_id symbol side quantity price fee",
        time="time", symbol="symbol", side="side", quantity="quantity", price="price", fee="fee",
        fee_currency="fee_currency", id="trade_id", venue="venue", account="account",
    ),
    _form(
        "kite", "symbol trade_date exchange trade_type quantity price trade_id order_id order_execution_time",
        "Asia/Kolkata",
        time="order_execution_time", symbol="symbol", side="trade_type", quantity="quantity", price="price",
        id="trade_id", order="order_id", exchange="exchange",
    ),
    _form(
        "alpaca", "activity_type transaction_time price qty side symbol",
        time="transaction_time", symbol="symbol", side="side", quantity="qty", price="price", id="id",
        activity="activity_type",
    ),
    _form(
        "binance", "date_utc pair side price executed fee",
        time="date_utc", symbol="pair", side="side", quantity="executed", price="price", fee="fee",
    ),
    _form(
        "binance", "date_utc market type price amount fee fee_coin",
        time="date_utc", symbol="market", side="type", quantity="amount", price="price", fee="fee",
        fee_currency="fee_coin",
    ),
    _form(
        "generic", "",
        time="time date_time datetime timestamp date", symbol="symbol ticker pair instrument",
        side="side action", quantity="quantity qty units shares", price="price",
        fee="fee fees commission", fee_currency="fee_currency commission_currency fee_coin",
        currency="currency", id="id trade_id", clock="time",
    ),
)  # fmt: skip
_MUST = ("time", "symbol", "side", "quantity", "price")


def heading(cell: str) -> str:
    """Write a column's name plainly.

    Examples
    --------
    >>> heading("Date(UTC)"), heading(" Fee Coin ")
    ('date_utc', 'fee_coin')
    """
    return re.sub(r"[^a-z0-9]+", "_", cell.strip().lower()).strip("_")


def form_of(header: Sequence[str]) -> tuple[Form | None, Mapping[str, int]]:
    """Return the form of a first line, and the place of each thing in it; None when it is none."""
    names = [heading(cell) for cell in header]
    places = {name: number for number, name in reversed(list(enumerate(names)))}
    for form in _FORMS:
        if not form.needs <= places.keys():
            continue
        found = {
            what: next(places[name] for name in said if name in places)
            for what, said in form.columns.items()
            if any(name in places for name in said)
        }
        if all(what in found for what in _MUST):
            return form, MappingProxyType(_clock(form, found, places))
    return None, MappingProxyType({})


def _clock(form: Form, found: dict[str, int], places: Mapping[str, int]) -> dict[str, int]:
    """A date in one column and a time in another are one moment."""
    clock = found.pop("clock", None)
    if form.kind == "generic" and clock is not None and "date" in places:
        return {**found, "time": places["date"], "clock": clock}
    return found
