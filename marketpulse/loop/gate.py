"""The desk as one order sees it: joins books, prices and scenarios for ``risk.pretrade``."""

from collections.abc import Mapping

from marketpulse.loop.rates import exchange_rates
from marketpulse.market import Market
from marketpulse.portfolio import Books, currencies, equity
from marketpulse.risk.context import OrderContext
from marketpulse.risk.costs import Liquidity, liquidity
from marketpulse.risk.pretrade import preview
from marketpulse.risk.var import Scenarios
from marketpulse.types import Bars, Instrument, MarketDatum, OrderRequest, Preview, Rate

__all__ = ["Gate"]


class Gate:
    """Answers what an order would do; called under the books' lock, by ``place`` and by the ticket.

    Attributes
    ----------
    recovered : set once the venue has been asked about every order left over from before the start
    scenarios : None until daily bars have been read
    """

    def __init__(self, instruments: Mapping[str, Instrument], market: Market, books: Books) -> None:
        self._instruments = instruments
        self._market = market
        self._books = books
        self._currencies = frozenset(i.currency for i in instruments.values() if i.tradable)
        self._liquidity: dict[str, Liquidity | None] = {}
        self.recovered = False
        self.scenarios: Scenarios | None = None

    def learn(self, frames: Mapping[str, Bars]) -> None:
        """Take new daily bars (adjusted, closed) as scenarios and measures of liquidity."""
        self._liquidity = {symbol: liquidity(bars) for symbol, bars in frames.items()}
        self.scenarios = Scenarios(frames)

    def __call__(self, request: OrderRequest, instead: str = "") -> Preview:
        """Pass the order through every gate, on prices of this moment; ``instead`` is not counted."""
        data = self._market.data()
        portfolio = self._books.portfolio
        prices = {symbol: datum.quote.price for symbol, datum in data.items()}
        context = OrderContext(
            instrument=self._instruments[request.symbol],
            datum=data.get(request.symbol),
            portfolio=portfolio,
            orders=tuple(o for o in self._books.open_orders if o.id != instead),
            equity=self.equity(data),
            halt=self._books.halt,
            recovered=self.recovered,
            prices=prices,
            instruments=self._instruments,
            scenarios=self.scenarios,
            market=self._liquidity.get(request.symbol),
        )
        return preview(request, context)

    def equity(self, data: Mapping[str, MarketDatum]) -> float | None:
        """Cash and holdings at the last good prices; None when something held has no price or no rate."""
        prices = {symbol: datum.quote.price for symbol, datum in data.items()}
        return equity(self._books.portfolio, prices, self.rates(data))

    def rates(self, data: Mapping[str, MarketDatum]) -> Mapping[str, Rate]:
        """Return what each currency that is held or can be traded in is worth in the base currency."""
        books = self._books
        wanted = self._currencies.union(currencies(books.portfolio))
        return exchange_rates(books.currency, wanted, data)
