"""The phone as a sink of the ledger: many events in one message, and whose money they are about."""

from collections.abc import Callable, Sequence
from typing import Protocol

from marketpulse.desk import Desk
from marketpulse.settings import Settings
from marketpulse.telegram.line import Line
from marketpulse.telegram.why import Explainer
from marketpulse.telegram.words import message, wanted
from marketpulse.types import Event, Mode, Snapshot

__all__ = ["Phone", "attach"]


class _Line(Protocol):
    """What carries the text."""

    def say(self, text: str) -> None:
        """Send one message or raise Undelivered."""

    def close(self) -> None:
        """Let go."""


class Phone:
    """Implements ``ports.Sink``.

    Parameters
    ----------
    look : gives the newest Snapshot, for whose money it is and what an order was
    sandbox : the accounts are on the venues' test networks
    explain : says which gate failed first and what would pass; None leaves that out
    """

    name = "telegram"

    def __init__(
        self,
        line: _Line,
        look: Callable[[], Snapshot],
        *,
        sandbox: bool = False,
        explain: Explainer | None = None,
    ) -> None:
        self._line, self._look, self._sandbox, self._explain = line, look, sandbox, explain

    def wants(self, event: Event) -> bool:
        """Fills, refusals, urgent alerts, and stops and starts of trading."""
        return wanted(event)

    def send(self, events: Sequence[Event]) -> int:
        """Send one message about as many of them as it holds.

        Raises
        ------
        Undelivered
            It may not have arrived.
        """
        snapshot = self._look()
        header, orders = _header(snapshot, sandbox=self._sandbox), _orders(snapshot)
        if self._explain is None:
            text, count = message(events, header, orders)
        else:
            self._explain.begin()
            text, count = message(events, header, orders, self._explain)
        self._line.say(text)
        return count

    def close(self) -> None:
        """End the line."""
        self._line.close()


def attach(desk: Desk, settings: Settings) -> bool:
    """Let the desk tell the phone, where both settings name one; tells whether they do."""
    token, chat = settings.telegram_bot_token, settings.telegram_chat_id
    if token is None or not chat:
        return False
    line = Line(token.get_secret_value(), chat)
    desk.attach(Phone(line, desk.snapshot, sandbox=settings.sandbox, explain=Explainer(desk)))
    return True


def _header(snapshot: Snapshot, *, sandbox: bool) -> str:
    """Say whose money it is: paper, a test network, or real; and whether the prices are a tape's."""
    live = any(view.mode is Mode.LIVE for view in snapshot.accounts)
    mode = "PAPER" if not live else "TEST NETWORK" if sandbox else "LIVE MONEY"
    return f"MarketPulse {mode}{' · REPLAY, not today' if snapshot.replay else ''}"


def _orders(snapshot: Snapshot) -> Callable[[str], str]:
    def words(order_id: str) -> str:
        order = snapshot.order(order_id)
        if order is None:
            return order_id
        return f"{order.request.side} {order.request.quantity.normalize():f} {order.request.symbol}"

    return words
