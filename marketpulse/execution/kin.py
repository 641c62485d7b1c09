"""Orders that the desk makes itself: their names follow from the ledger, so making one twice is impossible."""

from collections.abc import Mapping
from typing import NamedTuple

from marketpulse.execution.day import limits
from marketpulse.execution.ids import body_hash, client_order_id, kin_id
from marketpulse.execution.kit import Kit
from marketpulse.portfolio.codec import Intent, write_denial, write_intent
from marketpulse.types import EventKind, MarketDatum, OrderRequest, Reason, SessionInfo

__all__ = ["Deriver", "Kin", "mid"]


class Kin(NamedTuple):
    """Whose an order is, and its name.

    Attributes
    ----------
    key : of its event
    parent : the order it exists for, None for a person's own and for a flatten
    role : why it exists, as on ``types.Order``
    account : None is the first one
    named : the order's id where a person's key names it; else it follows from ``key``
    """

    key: str
    parent: str | None
    role: str
    account: str | None
    named: str = ""

    @property
    def id(self) -> str:
        """Name the order; no person's key gives the same name as one of the desk's."""
        return self.named or kin_id(self.key)


def mid(datum: MarketDatum | None) -> float | None:
    """Return the middle of bid and ask, or the last price where there is no book."""
    if datum is None:
        return None
    quote = datum.quote
    known = quote.bid is not None and quote.ask is not None
    return (quote.bid + quote.ask) / 2.0 if known else quote.price  # type: ignore[operator]  # both are known


class Deriver:
    """Commits exits and the sales of a flatten; no gate is asked, for they only make positions smaller.

    Attributes
    ----------
    sessions : as of this turn
    """

    def __init__(self, kit: Kit, installation: str) -> None:
        self._kit = kit
        self._installation = installation
        self.sessions: Mapping[str, SessionInfo] = {}

    def derive(
        self, request: OrderRequest, kin: Kin, datum: MarketDatum | None, reasons: tuple[Reason, ...] = ()
    ) -> None:
        """Commit the intent, or why there is none, once for each key."""
        kit = self._kit
        instrument = kit.instruments[request.symbol]
        opens, expires = limits(request.time_in_force, instrument, self.sessions, kit.clock)
        intent = Intent(
            client_order_id=client_order_id(self._installation, kin.id),
            request=request,
            body=body_hash(request),
            reserve=request.quantity * 0,
            wall=kit.clock.wall(),
            opens=opens,
            expires=expires,
            parent=kin.parent,
            role=kin.role,
            arrival=mid(datum),
        )
        with kit.journal.writing() as draft:
            if not draft.fresh(kin.key):
                return
            kind = EventKind.DENIED if reasons else EventKind.ORDER
            payload = write_denial(intent, reasons) if reasons else write_intent(intent)
            draft.add(kind, kin.id, payload, kin.key, account=kin.account)
            kit.probe("exit.appended")
        kit.probe("exit.committed")
