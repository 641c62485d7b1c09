"""Accounts at venues as the desk knows them, and what is settled in which currency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from marketpulse.types.instrument import Side

__all__ = ["AccountView", "Balance", "Difference", "ExternalOrder", "Mode", "Rate", "Trading"]


class Mode(StrEnum):
    """Whose money."""

    PAPER = "paper"
    LIVE = "live"


class Trading(StrEnum):
    """What the desk lets through."""

    ACTIVE = "active"
    REDUCING = "reducing"  # only what makes a position smaller
    HALTED = "halted"  # nothing


@dataclass(frozen=True, slots=True)
class Difference:
    """One number in which the venue and the books disagree.

    Attributes
    ----------
    what : a symbol (units) or a currency (cash)
    books, venue : what each of them says
    """

    what: str
    books: Decimal
    venue: Decimal


@dataclass(frozen=True, slots=True)
class ExternalOrder:
    """An order that rests at a venue and is not this desk's; None is what the venue does not say.

    Attributes
    ----------
    ours : its client id has this desk's form, but the ledger does not know it
    """

    client_id: str
    venue_id: str
    symbol: str
    quantity: Decimal
    filled_quantity: Decimal
    side: Side | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of ``currency`` is worth in the base currency, and who says so.

    Attributes
    ----------
    value : None is unknown, and then nothing is converted
    source : a provider, or ``assumed 1:1``
    age : seconds; None for an assumption
    """

    currency: str
    value: float | None
    source: str
    age: float | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """Cash of one currency in one account; ``value`` in the base currency, None without a rate."""

    account: str
    currency: str
    amount: Decimal
    value: float | None


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account of the set that the desk shows.

    Attributes
    ----------
    account : ``broker:account id``, as on the events
    armed : orders may be sent; a paper account always is
    reconciled : the venue and the books agree, and were compared in this run
    checked : when they were last compared, aware UTC by the desk's clock
    note : one sentence on what is missing (a login, an answer, an arming), empty when nothing is
    difference : what they disagree about
    external : orders there that are not this desk's
    login_expires : when the venue's session ends, for venues that want a daily login
    phrase : what must be typed to adopt the venue's balances, empty while there is nothing to adopt
    """

    account: str
    broker: str
    account_id: str
    mode: Mode
    armed: bool
    reconciled: bool
    checked: datetime | None = None
    note: str = ""
    difference: tuple[Difference, ...] = ()
    external: tuple[ExternalOrder, ...] = ()
    login_expires: datetime | None = None
    phrase: str = ""
    asset_classes: tuple[str, ...] = ()
    cash: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
