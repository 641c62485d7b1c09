"""All accounts of the desk: which one trades what, whether it may, and their turns."""

import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from types import MappingProxyType

from marketpulse.errors import BrokerError, Refused
from marketpulse.execution.kit import Kit
from marketpulse.execution.lane import Lane
from marketpulse.execution.placing import Placer
from marketpulse.execution.seat import Seat
from marketpulse.execution.venue import Venue, say
from marketpulse.ports import Broker
from marketpulse.types import AccountView, Instrument, MarketDatum, Mode, Reason, SessionInfo

__all__ = ["Accounts"]

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)


class Accounts:
    """Routes orders to accounts, and turns each of them.

    Parameters
    ----------
    kit : of the whole order path
    venues : of paper accounts, by account; live ones come in once their id is known
    seats : of live accounts; where there are any, only they trade
    route : names the paper account of an instrument
    halt : stops all trading, with the reason
    """

    def __init__(
        self,
        kit: Kit,
        venues: MutableMapping[str, Venue],
        seats: Sequence[Seat],
        route: Callable[[Instrument], str],
        halt: Callable[[str], object],
    ) -> None:
        self._kit = kit
        self._route = route
        self._seats = tuple(seats)
        self._paper = [Lane(kit, venue, venues, halt=halt) for venue in venues.values()]
        self._live: dict[str, Lane] = {}
        for seat in self._seats:
            live = seat.live
            if live.adapter is not None:
                venue = Venue(seat.account, live.adapter, kit.clock, kit.meter, pace=live.pace)
                if seat.account_id:
                    venues[seat.account] = venue
                self._live[live.broker] = Lane(kit, venue, venues, seat=seat, halt=halt)

    def keep(self, placer: Placer) -> None:
        """Let each account's turn keep exits, replaces and flattens, which place orders themselves."""
        for lane in (*self._paper, *self._live.values()):
            lane.keep(placer, self._kit.instruments)

    @property
    def recovered(self) -> bool:
        """Every order of the paper accounts left over from before the start has been asked about."""
        return all(lane.recovered for lane in self._paper)

    @property
    def views(self) -> tuple[AccountView, ...]:
        """The accounts of the set as they stand now."""
        return (*map(self._on_paper, self._paper), *map(self._view, self._seats))

    def _on_paper(self, lane: Lane) -> AccountView:
        account = lane.venue.account
        broker, _, account_id = account.partition(":")
        classes = sorted(kind.value for kind in lane.venue.broker.capabilities.asset_classes)
        balances = self._kit.books.portfolio.balances.items()
        return AccountView(
            account=account,
            broker=broker,
            account_id=account_id,
            mode=Mode.PAPER,
            armed=True,
            reconciled=lane.recovered,
            asset_classes=tuple(classes),
            cash=MappingProxyType(
                {currency: amount for (whose, currency), amount in balances if whose == account}
            ),
        )

    def _view(self, seat: Seat) -> AccountView:
        lane = self._live.get(seat.live.broker)
        return seat.view(lane.venue, lane.external) if lane else seat.view(None, ())

    def account(self, instrument: Instrument) -> str:
        """Name the account that trades an instrument; empty where none does."""
        if self._seats:
            seat = self._seat(instrument)
            return "" if seat is None else seat.account
        account = self._route(instrument)
        return account if account in self._kit.venues else ""

    def venue(self, instrument: Instrument) -> tuple[str, Broker] | None:
        """Name the account that trades an instrument, and its broker; None where there is none."""
        account, seat = self.account(instrument), self._seat(instrument)
        if seat is not None:
            return None if seat.live.adapter is None else (account, seat.live.adapter)
        return (account, self._kit.venues[account].broker) if account else None

    def reasons(self, instrument: Instrument) -> list[Reason]:
        """Say why an order in an instrument may not leave; empty when it may."""
        seat = self._seat(instrument)
        if seat is not None:
            return seat.reasons()
        if not self._seats and self.account(instrument):
            return []
        how = " Live accounts are routed, so nothing is traded on paper; see MARKETPULSE_ROUTES."
        sentence = f"No account of this desk trades {instrument.symbol}.{how if self._seats else ''}"
        return [Reason("NO_ROUTE", sentence)]

    def _seat(self, instrument: Instrument) -> Seat | None:
        return next((seat for seat in self._seats if seat.live.trades(instrument)), None)

    def arm(self, broker: str, account_id: object) -> AccountView:
        """Let orders leave to an account for the rest of this run."""
        seat = self._named(broker)
        seat.arm(account_id)
        return self._view(seat)

    def adopt(self, broker: str, account_id: object, typed: object) -> AccountView:
        """Believe a venue where the books differ."""
        seat = self._named(broker)
        lane = self._live.get(broker)
        if lane is None or not seat.account_id or account_id != seat.account_id:
            raise Refused(
                "UNKNOWN_ACCOUNT", f"That is not the id of the account at {broker}; nothing was adopted."
            )
        lane.adopt(typed)
        return self._view(seat)

    def login(self, broker: str, request_token: object) -> AccountView:
        """Log in to a venue that wants that daily."""
        seat = self._named(broker)
        lane, login = self._live.get(broker), seat.live.login
        if login is None or lane is None:
            raise Refused("NO_LOGIN", f"{broker} takes no login here.")
        token = request_token.strip() if isinstance(request_token, str) else ""
        if not _TOKEN.fullmatch(token):
            raise Refused(
                "LOGIN_FAILED",
                "Paste the request_token: the letters and digits of it in the address of the page.",
            )
        try:
            login.log_in(token)
        except BrokerError as error:
            raise Refused("LOGIN_FAILED", f"{broker} did not take the login: {say(error)}.") from None
        lane.ask_now()
        return self._view(seat)

    def _named(self, broker: object) -> Seat:
        for seat in self._seats:
            if seat.live.broker == broker:
                return seat
        names = ", ".join(seat.live.broker for seat in self._seats) or "none, all is on paper"
        raise Refused("UNKNOWN_ACCOUNT", f"This desk has no live account of that name; it has: {names}.")

    def recover(self) -> bool:
        """Ask what became of everything that was under way in paper accounts."""
        done = [lane.recover() for lane in self._paper]  # each is asked, also after one that is silent
        return all(done)

    def turn(self, market: Mapping[str, MarketDatum], sessions: Mapping[str, SessionInfo]) -> None:
        """Turn each account, or wake the thread that does."""
        for lane in (*self._paper, *self._live.values()):
            if lane.threaded:
                lane.show(market, sessions)
            else:
                lane.turn(market, sessions)

    def start(self) -> None:
        """Turn each live account on a thread of its own from now on."""
        for lane in self._live.values():
            lane.start()

    def close(self) -> None:
        """End these threads, each after the call that is under way and its record."""
        for lane in self._live.values():
            lane.stop()
        for lane in self._live.values():
            lane.join()
