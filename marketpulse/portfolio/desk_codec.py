"""What the events that steer the order path carry: a halt's terms, a flatten, a mark, the terms of a replace."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marketpulse.portfolio.texts import Payload, as_text, given, to_money
from marketpulse.ports import Terms
from marketpulse.types import Json

__all__ = [
    "read_flatten",
    "read_halt_terms",
    "read_mark",
    "read_terms",
    "write_flatten",
    "write_halt_terms",
    "write_mark",
    "write_terms",
]


def write_halt_terms(*, reducing: bool, kept: tuple[str, ...]) -> Payload:
    """HALT, beside its reason."""
    listed: list[Json] = list(kept)
    return given(reducing=reducing, kept=listed)


def read_halt_terms(payload: Mapping[str, Any]) -> tuple[bool, tuple[str, ...]]:
    """HALT: whether sales still pass, and the protective stops that were left at their venue."""
    return bool(payload.get("reducing")), tuple(payload.get("kept", ()))


def write_flatten(*, done: bool) -> Payload:
    """FLATTEN: it begins, or nothing is held any more."""
    return {"done": done}


def read_flatten(payload: Mapping[str, Any]) -> bool:
    """FLATTEN: whether it is done."""
    return bool(payload["done"])


def write_mark(best: Decimal) -> Payload:
    """MARK."""
    return {"best": str(best)}


def read_mark(payload: Mapping[str, Any]) -> Decimal:
    """MARK: the best price the trailing stop has followed."""
    return Decimal(payload["best"])


def write_terms(terms: Terms | None) -> Payload:
    """STATE, where a replace is wanted or made."""
    if terms is None:
        return {}
    said = given(
        quantity=as_text(terms.quantity),
        limit_price=as_text(terms.limit_price),
        stop_price=as_text(terms.stop_price),
    )
    return {"terms": said}


def read_terms(payload: Mapping[str, Any]) -> Terms | None:
    """STATE: what a replace wants or has made."""
    said = payload.get("terms")
    if said is None:
        return None
    return Terms(
        quantity=to_money(said.get("quantity")),
        limit_price=to_money(said.get("limit_price")),
        stop_price=to_money(said.get("stop_price")),
    )
