"""The verbs this door needs of the desk; ``marketpulse.desk.Desk`` has them, and so have test doubles."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from marketpulse.types import (
    AccountView,
    AlertView,
    Bars,
    Drawing,
    Halt,
    IndicatorOffer,
    Interval,
    Issued,
    Lock,
    Order,
    OrderRequest,
    Placement,
    Proposal,
    SignalStatistics,
    Snapshot,
    Statement,
    Why,
)

__all__ = ["Facade", "Find"]


class Facade(Protocol):
    """The desk as REST sees it. Every verb may raise Refused or StorageError."""

    def snapshot(self) -> Snapshot:
        """Return the newest picture; never waits."""

    def place(self, request: OrderRequest | Mapping[str, object], key: str) -> Placement:
        """Commit an order's intent, once for each key."""

    def cancel(self, order_id: str) -> Order:
        """Ask for a cancel."""

    def replace(
        self,
        order_id: str,
        key: str,
        *,
        quantity: str | None = None,
        limit_price: str | None = None,
        stop_price: str | None = None,
    ) -> Placement:
        """Change an order that rests, once for each key."""

    def reduce(self, why: str) -> Halt:
        """Refuse every buy from now on."""

    def flatten(self, confirm: str) -> Halt:
        """Halt and sell everything."""

    def halt(self, why: str) -> Halt:
        """Refuse every new order from now on."""

    def resume(self, confirm: str) -> None:
        """Trade again."""

    def statement(self, text: str, account: str, commit: str = "") -> Statement:
        """Show what a broker's statement would do; book it with the hash of what was shown."""

    def arm(self, broker: str, account_id: str) -> AccountView:
        """Let orders leave to a live account for the rest of this run."""

    def adopt(self, broker: str, account_id: str, typed: str) -> AccountView:
        """Believe a live venue where the books differ."""

    def login(self, broker: str, request_token: str) -> AccountView:
        """Log in to a venue that wants that daily."""

    def why(self, symbol: str, at: datetime | None = None, quantity: Decimal | None = None) -> Why:
        """Say why an instrument would be bought or not."""

    def answer(self, proposal: str, *, approve: bool) -> Proposal:
        """Approve or decline a proposal."""

    def unlock(self, name: str, confirm: str) -> Lock:
        """Lift a protection."""

    def acknowledge(self, alert: str) -> AlertView:
        """Say that somebody has seen an alert."""

    def ask_again(self, provider: str) -> None:
        """Ask a provider of prices again at once."""

    def history(self, symbol: str, interval: Interval, n: int) -> Bars:
        """Return the last ``n`` adjusted bars, the forming one last."""

    def indicators(self) -> tuple[IndicatorOffer, ...]:
        """Every classic indicator that a chart can ask for."""

    def indicator(self, symbol: str, interval: Interval, name: str, n: int = 500) -> Drawing:
        """Draw one of them over the last ``n`` adjusted bars."""

    def get_latest_signals(self, limit: int = 20) -> tuple[Issued, ...]:
        """Return the newest frozen signals with what became of them."""

    def get_signals_by_symbol(self, symbol: str, limit: int = 20) -> tuple[Issued, ...]:
        """Return those of one instrument, newest first."""

    def get_signal_statistics(self) -> SignalStatistics:
        """Return the scoreboard of all that was issued."""

    def generate(self, symbol: str | None = None) -> tuple[Issued, ...]:
        """Issue signals for bars that have closed, and return what stands for them."""


Find = Callable[[], Facade]
"""Gives the running desk, or raises ConfigError when there is none."""
