"""Which alerts are open, and which episodes still hold: a fold of ALERT and ACK events.

An episode is one alert and, where what it warns of can end, the event that ends it. While one holds, the
same is not raised again, whether somebody has seen it or not.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from types import MappingProxyType

from marketpulse.portfolio.codec import read_alert
from marketpulse.types import Event, EventKind
from marketpulse.types.alert import AlertView

__all__ = ["ENDS", "AlertBook", "ack_key"]

ENDS = MappingProxyType({"PROTECTED": "UNPROTECTED"})
"""Codes that end an episode without naming its event, and what they end of the same thing."""

_SEEN = 1_000


def ack_key(alert_id: str) -> str:
    """Name an acknowledgement for ever: there is one for each alert.

    Examples
    --------
    >>> ack_key("17")
    'ack:17'
    """
    return f"ack:{alert_id}"


class AlertBook:
    """Alerts by their event's number; one thread at a time.

    Attributes
    ----------
    open : not acknowledged, by id, oldest first
    """

    def __init__(self) -> None:
        self.open: dict[str, AlertView] = {}
        self._seen: dict[str, AlertView] = {}
        self._holding: dict[tuple[str, str], str] = {}
        self._count: dict[tuple[str, str], int] = {}

    @classmethod
    def of(cls, events: Iterable[Event]) -> "AlertBook":
        """Fold a ledger from its beginning."""
        book = cls()
        for event in events:
            book.take(event)
        return book

    def take(self, event: Event) -> None:
        """Fold one event, in the ledger's order."""
        if event.kind is EventKind.ALERT:
            self._alert(event)
        elif event.kind is EventKind.ACK and event.ref in self.open:
            self._seen[event.ref] = replace(self.open.pop(event.ref), acknowledged=event.time)
            for old in list(islice(self._seen, max(0, len(self._seen) - _SEEN))):
                del self._seen[old]

    def _alert(self, event: Event) -> None:
        said = read_alert(event.payload)
        if said.ends or said.code in ENDS:
            self._end(event, said.ends or self._holding.get((ENDS[said.code], event.ref), ""))
            return
        episode, name = (said.code, event.ref), str(event.seq)
        self._count[episode] = self._count.get(episode, 0) + 1
        self._holding[episode] = name
        self.open[name] = AlertView(
            id=name,
            time=event.time,
            wall=said.wall,
            account=event.account,
            code=said.code,
            severity=said.level,
            sentence=said.sentence,
            ref=event.ref,
        )

    def _end(self, event: Event, name: str) -> None:
        for kept in (self.open, self._seen):
            if name in kept:
                kept[name] = replace(kept[name], ended=event.time)
        self._holding = {episode: at for episode, at in self._holding.items() if at != name}

    def find(self, alert_id: str) -> AlertView | None:
        """Return one alert; of those that were acknowledged the last thousand are known."""
        return self.open.get(alert_id) or self._seen.get(alert_id)

    @property
    def episodes(self) -> dict[tuple[str, str], str]:
        """Code and ref of each episode that has not ended, and its alert's id."""
        return dict(self._holding)

    def holding(self, code: str, ref: str) -> str:
        """Return the id of the alert whose episode has not ended, empty when there is none."""
        return self._holding.get((code, ref), "")

    def count(self, code: str, ref: str) -> int:
        """Tell how often this was raised."""
        return self._count.get((code, ref), 0)

    def newest(self, most: int) -> tuple[AlertView, ...]:
        """Return the open alerts, newest first."""
        return tuple(islice(reversed(self.open.values()), most))
