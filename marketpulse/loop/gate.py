"""The desk as one order sees it: joins books, prices and scenarios for ``risk.pretrade``."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from math import isfinite, nan

from marketpulse.clock import Clock
from marketpulse.loop.equity import market_day
from marketpulse.loop.locks import Locks
from marketpulse.loop.rates import exchange_rates
from marketpulse.market import Market
from marketpulse.portfolio import Books, currencies, equity
from marketpulse.ports import Broker
from marketpulse.risk.context import DAILY_LOSS, ORDERS_PER_MINUTE, Day, Offer, Opinion, OrderContext
from marketpulse.risk.costs import Liquidity, liquidity
from marketpulse.risk.exposures import Bounds
from marketpulse.risk.liquidity import usual_volume
from marketpulse.risk.pretrade import preview, verdict
from marketpulse.risk.prospect import Standing
from marketpulse.risk.var import Scenarios
from marketpulse.settings import Settings
from marketpulse.types import (
    Bars,
    Call,
    Edge,
    Instrument,
    MarketDatum,
    OrderRequest,
    Preview,
    Rate,
    SessionState,
    Signal,
)
from marketpulse.types.earnings import Upcoming

__all__ = ["Gate"]


class Gate:
    """Answers what an order would do; called under the books' lock, by ``place`` and by the ticket.

    Attributes
    ----------
    recovered : set once the venue has been asked about every order left over from before the start
    scenarios : None until daily bars have been read
    over : the market day whose loss has ended its buying, None before there was one
    standing : what the background has measured; None on a desk without one
    signals : the newest one of each instrument
    peak : the highest equity so far, base currency; None on a desk that does not keep it
    bounds, event_days : limits of where money may lie, and sessions before earnings that are kept free
    upcoming : tells what is known of an instrument's next earnings; None on a desk that knows of none
    medians : units that are traded on a usual day, by symbol
    venue : names the account that an instrument's orders go to, and its broker; None where there is none

    Parameters
    ----------
    clock : the desk's
    per_minute : buys within 60 seconds
    daily_loss : the loss that ends a day's buying, a fraction of the equity it began with
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        market: Market,
        books: Books,
        clock: Clock,
        *,
        per_minute: int = ORDERS_PER_MINUTE,
        daily_loss: float = DAILY_LOSS,
        bounds: Bounds | None = None,
        event_days: int = 0,
    ) -> None:
        self._instruments = instruments
        self._market = market
        self._books = books
        self._clock = clock
        self._per_minute, self._daily_loss = per_minute, daily_loss
        self._currencies = frozenset(i.currency for i in instruments.values() if i.tradable)
        self._liquidity: dict[str, Liquidity | None] = {}
        self._began: tuple[date, float | None, float | None] | None = None
        self.recovered = False
        self.scenarios: Scenarios | None = None
        self.over: date | None = None
        self.standing: Standing | None = None
        self.signals: Mapping[str, Signal] = {}
        self.locks: Locks | None = None
        self.peak: float | None = None
        self.bounds, self.event_days = bounds or Bounds(), event_days
        self.upcoming: Callable[[Instrument], Upcoming] | None = None
        self.medians: Mapping[str, float] = {}
        self.venue: Callable[[Instrument], tuple[str, Broker] | None] = _nowhere

    @classmethod
    def of(
        cls,
        settings: Settings,
        instruments: Mapping[str, Instrument],
        market: Market,
        books: Books,
        clock: Clock,
    ) -> "Gate":
        """Make the one of a desk, with the limits that its settings name."""
        bounds = Bounds(
            gross=settings.max_gross,
            net=settings.max_net,
            leverage=settings.max_leverage,
            asset_class=settings.max_class,
            sector=settings.max_sector,
            currency=settings.max_currency,
            liquidity_days=settings.liquidity_days,
            volume_share=settings.volume_share,
        )
        gate = cls(
            instruments,
            market,
            books,
            clock,
            per_minute=settings.orders_per_minute,
            daily_loss=settings.daily_loss,
            bounds=bounds,
            event_days=settings.event_days,
        )
        gate.upcoming = market.upcoming
        return gate

    def learn(self, frames: Mapping[str, Bars]) -> None:
        """Take new daily bars (adjusted, closed) as scenarios and measures of liquidity."""
        self._liquidity = {symbol: liquidity(bars) for symbol, bars in frames.items()}
        self.medians = {symbol: usual_volume(bars) for symbol, bars in frames.items()}
        self.scenarios = Scenarios(frames)

    def __call__(self, request: OrderRequest, instead: str = "") -> Preview:
        """Pass the order through every gate, on prices of this moment; ``instead`` is not counted."""
        return preview(request, self._context(request, instead))

    def supposing(self, request: OrderRequest, said: Opinion | Signal) -> Preview:
        """Preview an order as if the newest signal had said this."""
        opinion = said if isinstance(said, Opinion) else _opinion(said)
        return preview(request, replace(self._context(request, ""), opinion=opinion))

    def verdict(self, request: OrderRequest, instead: str = "") -> Preview:
        """Refuse what ``preview`` refuses, without losses, stress and size: inside the write transaction."""
        return verdict(request, self._context(request, instead))

    def _context(self, request: OrderRequest, instead: str) -> OrderContext:
        data, books, instrument = self._market.data(), self._books, self._instruments[request.symbol]
        portfolio, rates = books.portfolio, self.rates(data)
        prices = {symbol: datum.quote.price for symbol, datum in data.items()}
        worth = equity(portfolio, prices, rates)
        account, broker = self.venue(instrument) or (None, None)
        return OrderContext(
            instrument=instrument,
            datum=data.get(request.symbol),
            portfolio=portfolio,
            orders=tuple(o for o in books.open_orders if o.id != instead),
            equity=worth,
            halt=books.halt,
            recovered=self.recovered,
            prices=prices,
            instruments=self._instruments,
            scenarios=self.scenarios,
            market=self._liquidity.get(request.symbol),
            account=account,
            held=books.held(request.symbol, account),
            now=self._clock.market(instrument.calendar),
            venue=None if broker is None else Offer(broker.name, broker.capabilities),
            rates=rates,
            aliases=books.aliases,
            recent=books.recent_buys(self._clock.wall()),
            per_minute=self._per_minute,
            day=self._day(data, worth),
            standing=self.standing,
            drawdown=self.fall(worth),
            opinion=_opinion(self.signals.get(request.symbol)),
            locks=None if self.locks is None else self.locks.now(worth),
            bounds=self.bounds,
            usual=self.medians.get(request.symbol, nan),
            event=None if self.upcoming is None else self.upcoming(instrument),
            event_days=self.event_days,
        )

    def began(self, day: date, start: float | None, worth: float | None) -> None:
        """Take over what a market day began with, and what the account is worth now; base currency."""
        self._began = day, start, worth

    def fall(self, worth: float | None) -> float | None:
        """How far below the highest equity the account is, a fraction; NaN is unknown, None is not kept."""
        if self.peak is None:
            return None
        known = worth is not None and isfinite(worth) and self.peak > 0
        return max(0.0, 1.0 - worth / self.peak) if known and worth is not None else nan

    def look(self, data: Mapping[str, MarketDatum]) -> Day:
        """Tell how the day stands; from a loss past the limit on it is over for buying."""
        return self._day(data, self.equity(data))

    def _day(self, data: Mapping[str, MarketDatum], worth: float | None) -> Day:
        today, start = market_day(self._clock.now()), None
        if self._began is not None:
            day, start, last = self._began
            if day != today:
                start = last  # the day has just begun: with what the last one left
        if worth is not None and start and start > 0 and worth - start <= -self._daily_loss * start:
            self.over = today
        return Day(start, self._daily_loss, over=self.over == today, unsure=self._unsure(data))

    def _unsure(self, data: Mapping[str, MarketDatum]) -> str:
        """The first thing held whose price is stale though its market is open."""
        for symbol, position in self._books.portfolio.positions.items():
            datum = data.get(symbol) if position.quantity else None
            if datum is not None and datum.stale and datum.session is SessionState.OPEN:
                return symbol
        return ""

    def equity(self, data: Mapping[str, MarketDatum]) -> float | None:
        """Cash and holdings at the last good prices; None when something held has no price or no rate."""
        prices = {symbol: datum.quote.price for symbol, datum in data.items()}
        return equity(self._books.portfolio, prices, self.rates(data))

    def rates(self, data: Mapping[str, MarketDatum]) -> Mapping[str, Rate]:
        """Return what each currency that is held or can be traded in is worth in the base currency."""
        books = self._books
        kept_as = books.aliases
        wanted = {kept_as.get(currency, currency) for currency in self._currencies}
        wanted.update(currencies(books.portfolio))
        return exchange_rates(books.currency, wanted, data)


def _opinion(signal: Signal | None) -> Opinion | None:
    """What a signal says to a size: its chance counts only where an edge has been shown."""
    if signal is None:
        return None
    if signal.probability is None or signal.edge is not Edge.WEAK or signal.call is not Call.UP:
        return Opinion(None, signal.horizon, signal.sentence)
    base = "" if signal.base_rate is None else f", base {signal.base_rate:.1%}"
    return Opinion(signal.probability, signal.horizon, f"p {signal.probability:.1%}{base}", signal.right)


def _nowhere(instrument: Instrument) -> None:
    """Before the order path is there, no venue is known."""
    del instrument
