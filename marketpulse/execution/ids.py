"""Names that are the same however often they are made: of an intent, of an order at a venue, of a body."""

import re
from base64 import b32encode
from datetime import UTC
from hashlib import sha256

from marketpulse.types import OrderRequest

__all__ = ["body_hash", "client_order_id", "intent_id", "is_ours", "kin_id"]

_LENGTH = 18
_OURS = re.compile(r"MP[A-Z2-7]{18}", re.ASCII)


def _short(text: str, length: int) -> str:
    return b32encode(sha256(text.encode()).digest()[:15]).decode()[:length]


def intent_id(key: str) -> str:
    """Name the intent behind an idempotency key: 16 base32 characters.

    It follows from the key alone, so a ledger restored from a backup gives the same wish the same
    name again, and a venue that has seen it recognises it.

    Examples
    --------
    >>> intent_id("ticket-1") == intent_id("ticket-1") != intent_id("ticket-2")
    True
    """
    return _short(f"intent {key}", 16).lower()


def kin_id(key: str) -> str:
    """Name an order that the desk makes itself; no person's key gives the same name.

    Examples
    --------
    >>> kin_id("leg:1:stop:1") == kin_id("leg:1:stop:1") != intent_id("leg:1:stop:1")
    True
    """
    return _short(f"kin {key}", 16).lower()


def client_order_id(installation: str, intent: str) -> str:
    """Name the order for its venue: ``MP`` and 18 base32 characters, which fits every venue.

    Examples
    --------
    >>> len(client_order_id("0123456789abcdef", "order-1"))
    20
    """
    return "MP" + _short(f"{installation} {intent}", _LENGTH)


def is_ours(client_id: str) -> bool:
    """Tell whether a venue's name of an order has the form of ours.

    Examples
    --------
    >>> is_ours(client_order_id("0123456789abcdef", "order-1")), is_ours("web_4711")
    (True, False)
    """
    return _OURS.fullmatch(client_id) is not None


def body_hash(request: OrderRequest) -> str:
    """Tell one request from another; ``10`` and ``10.0`` are the same wish."""
    trigger = request.trigger
    parts = (
        request.symbol,
        request.side.value,
        request.type.value,
        f"{request.quantity.normalize():f}",
        "" if trigger is None else f"{trigger.normalize():f}",
        request.time_in_force.value,
        *_further(request),
    )
    return sha256("\x1f".join(parts).encode()).hexdigest()


def _further(request: OrderRequest) -> list[str]:
    """Name what only some orders have; without any, the hash is that of the first ledgers."""
    numbers = {
        "stop": request.stop_price if request.limit_price is not None else None,
        "trail": request.trail_amount,
        "percent": request.trail_percent,
        "activation": request.activation_price,
        "target": request.take_profit_price,
        "loss": request.stop_loss_price,
    }
    found = [f"{name}={n.normalize():f}" for name, n in numbers.items() if n is not None]
    if request.good_till is not None:
        found.append(f"till={request.good_till.astimezone(UTC).isoformat()}")
    return found + [name for name in ("reduce_only", "post_only") if getattr(request, name)]
