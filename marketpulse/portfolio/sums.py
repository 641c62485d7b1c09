"""Cash and units of each account: what deposits, executions, actions and external events add up to.

Called by the books, under their lock and with a context in which no sum is rounded.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from marketpulse.portfolio.codec import External, ExternalKind, Paid, read_cash, read_external
from marketpulse.portfolio.holding import Holding, tidy
from marketpulse.types import ActionKind, CorporateAction, Event, EventKind, Portfolio

__all__ = ["Sums", "alias_of", "currency_of", "own_fee", "put_in"]

_ZERO = Decimal(0)
_PLAIN = 11  # what every FILL has; the rest is optional, and looking for it costs as much as a sum
_FIRST = "USD"  # the only currency of a share that the first ledgers knew: they name none
_ON_PAPER: Mapping[str, str] = MappingProxyType({"USDT": "USD"})
_AS_THEY_ARE: Mapping[str, str] = MappingProxyType({})


def alias_of(accounts: Iterable[str]) -> Mapping[str, str]:
    """Name the currencies that these accounts keep as another: on paper one USDT is one US dollar."""
    return _ON_PAPER if all(account.startswith("paper:") for account in accounts) else _AS_THEY_ARE


def currency_of(symbol: str, said: str = "") -> str:
    """Tell in which currency ``symbol`` is priced: as said, or a pair's second half, or US dollars.

    Examples
    --------
    >>> currency_of("BTC/USDT"), currency_of("AAPL"), currency_of("INFY.NS", "INR")
    ('USDT', 'USD', 'INR')
    """
    return said or symbol.partition("/")[2] or _FIRST


def own_fee(
    symbol: str, currency: str, price: Decimal, fee: Decimal, named: str
) -> tuple[Decimal | None, Decimal]:
    """Say what a fee is in the instrument's currency, and how many units of the position it takes.

    None: it was paid in a third currency.

    Examples
    --------
    >>> own_fee("BTC/USDT", "USDT", Decimal(100), Decimal("0.5"), "BTC")
    (Decimal('50.0'), Decimal('0.5'))
    """
    if not named or named == currency:
        return fee, _ZERO
    if named == symbol.partition("/")[0]:
        return fee * price, fee
    return None, _ZERO


def put_in(event: Event, aliases: Mapping[str, str]) -> tuple[str, Decimal]:
    """Tell what a CASH or EXTERNAL event put in, units at their price: a currency, and how much of it."""
    if event.kind is EventKind.CASH:
        cash = read_cash(event.payload)
        return aliases.get(cash.currency, cash.currency), cash.amount
    row = read_external(event.payload)
    named = currency_of(row.symbol, row.currency)
    units = row.quantity * row.price if row.kind is ExternalKind.OPENING else _ZERO
    return aliases.get(named, named), units + row.cash


class _Purse:
    """Cash of one currency in one account.

    Attributes
    ----------
    amount : what is there, after fees
    deposits, fees, dividends : what was put in, paid in fees, received as dividends
    worse, better : what ``amount`` would differ by at the fills' pessimistic and optimistic prices
    """

    __slots__ = ("amount", "better", "deposits", "dividends", "fees", "worse")

    def __init__(self) -> None:
        self.amount = self.deposits = self.fees = self.dividends = self.worse = self.better = _ZERO


class Sums:
    """The numbers of all accounts of one set.

    ``aliases`` names the currencies that are kept as another.
    """

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._aliases = aliases
        self._purses: dict[tuple[str, str], _Purse] = {}
        self._places: dict[tuple[str, str], tuple[Holding, _Purse]] = {}
        self._coins: dict[tuple[str, str], tuple[Holding, _Purse]] = {}
        self._banded = False

    def _purse(self, account: str, currency: str) -> _Purse:
        key = account, self._aliases.get(currency, currency)
        purse = self._purses.get(key)
        if purse is None:
            purse = self._purses[key] = _Purse()
        return purse

    def _place(self, account: str, symbol: str, said: str) -> tuple[Holding, _Purse]:
        """Open a position; its currency is that of its first event."""
        place = self._places.get((account, symbol))
        if place is None:
            currency = currency_of(symbol, said)
            holding = Holding(symbol, self._aliases.get(currency, currency))
            place = self._places[account, symbol] = holding, self._purse(account, currency)
            if "/" in symbol:
                self._coins.setdefault((account, symbol.partition("/")[0]), place)
        return place

    def know(self, account: str, symbol: str, currency: str) -> None:
        """Open a position before anything moves."""
        self._place(account, symbol, currency)

    def deposit(self, account: str, currency: str, amount: Decimal) -> None:
        """Put cash in, or take it out."""
        purse = self._purse(account, currency)
        purse.amount += amount
        purse.deposits += amount

    def fill(self, account: str, payload: Any) -> tuple[Decimal, Decimal, Decimal]:
        """Book an execution; returns quantity, value, and what it cost in the instrument's currency."""
        symbol = payload["symbol"]
        place = self._places.get((account, symbol))
        if place is None:
            place = self._place(account, symbol, payload.get("currency", ""))
        quantity, price, fee = (
            Decimal(payload["quantity"]),
            Decimal(payload["price"]),
            Decimal(payload["fee"]),
        )
        value = quantity * price
        holding, purse = place
        if len(payload) > _PLAIN:
            if "pessimistic" in payload or "optimistic" in payload:
                self._banded = True
                _band(purse, payload, quantity, price)
            elsewhere = payload.get("fee_currency")
            if elsewhere:
                signed = quantity if payload["side"] == "buy" else -quantity
                return quantity, value, self._trade(account, place, signed, price, (fee, elsewhere))
        if payload["side"] == "buy":
            holding.trade(quantity, value)
            purse.amount -= value + fee
        else:
            holding.trade(-quantity, -value)
            purse.amount += value - fee
        purse.fees += fee
        return quantity, value, fee

    def _trade(
        self,
        account: str,
        place: tuple[Holding, _Purse],
        units: Decimal,
        price: Decimal,
        paid: tuple[Decimal, str],
    ) -> Decimal:
        """Book a trade whose fee may be in any currency; returns the fee in the instrument's own.

        A fee in the coin itself never arrives (or leaves too): the position changes by what is left, at
        the trade's price, so that nothing is earned by it, and the coin's value is the fee.
        A fee in another coin leaves the position in that coin at its cost, or the balance of that currency
        where none was ever held.
        """
        holding, purse = place
        named = self._aliases.get(paid[1], paid[1])
        fee, coins = own_fee(holding.symbol, holding.currency, price, paid[0], named)
        if fee is None:
            self._elsewhere(account, named, paid[0])
            fee = _ZERO
        units -= coins
        value = units * price
        holding.trade(units, value)
        purse.amount -= value + fee
        purse.fees += fee
        return fee

    def _elsewhere(self, account: str, currency: str, fee: Decimal) -> None:
        coin = self._coins.get((account, currency))
        if coin is not None:
            coin[1].fees += coin[0].shed(fee)
            return
        purse = self._purse(account, currency)
        purse.amount -= fee
        purse.fees += fee

    def external(self, account: str, external: External) -> None:
        """Book units and cash that came from no order of the desk."""
        place = None
        if external.symbol:
            place = self._place(account, external.symbol, external.currency)
        if place is not None and external.kind is ExternalKind.OPENING:
            value = external.quantity * external.price
            place[0].trade(external.quantity, value)
            place[1].deposits += value
        elif place is not None:
            paid = external.fee, external.fee_currency
            self._trade(account, place, external.quantity, external.price, paid)
        currency = external.currency or (place[0].currency if place else _FIRST)
        if external.cash:
            self.deposit(account, currency, external.cash)
        if external.fee and (place is None or external.kind is ExternalKind.OPENING):
            purse = self._purse(account, external.fee_currency or currency)
            purse.amount -= external.fee
            purse.fees += external.fee

    def action(self, account: str, action: CorporateAction, paid: Paid | None) -> None:
        """Work a split into the units, and a dividend into the cash where the event says how much."""
        place = self._places.get((account, action.symbol))
        if action.kind is ActionKind.SPLIT and place is not None:
            place[0].split(action.value)
        elif action.kind is ActionKind.DIVIDEND and paid is not None:
            purse = self._purse(account, paid.currency)
            purse.amount += paid.cash
            purse.dividends += paid.cash

    def held(self, symbol: str, account: str | None) -> Decimal:
        """Units of ``symbol``, in one account or in all."""
        if account is not None:
            place = self._places.get((account, symbol))
            return place[0].quantity if place else _ZERO
        return sum((h.quantity for (_, named), (h, _) in self._places.items() if named == symbol), _ZERO)

    def units(self, account: str) -> Mapping[str, Decimal]:
        """What one account holds, by symbol."""
        found = {s: h.quantity for (owner, s), (h, _) in self._places.items() if owner == account}
        return MappingProxyType({symbol: quantity for symbol, quantity in found.items() if quantity})

    def balance(self, currency: str, account: str | None) -> Decimal:
        """Cash of ``currency``, in one account or in all."""
        if account is not None:
            purse = self._purses.get((account, currency))
            return purse.amount if purse else _ZERO
        return sum((p.amount for (_, named), p in self._purses.items() if named == currency), _ZERO)

    def portfolio(self, account: str, base: str) -> Portfolio:
        """Freeze the numbers."""
        by_symbol: dict[str, list[Holding]] = {}
        realized: dict[str, Decimal] = {}
        for (_, symbol), (holding, _) in self._places.items():
            by_symbol.setdefault(symbol, []).append(holding)
            realized[holding.currency] = realized.get(holding.currency, _ZERO) + holding.realized
        deposits, fees, dividends = (self._by_currency(name) for name in ("deposits", "fees", "dividends"))
        return Portfolio(
            account=account,
            currency=base,
            cash=tidy(self.balance(base, None)),
            deposits=deposits.get(base, _ZERO),
            realized=tidy(realized.get(base, _ZERO)),
            fees=fees.get(base, _ZERO),
            positions=MappingProxyType({s: Holding.merged(held).view for s, held in by_symbol.items()}),
            balances=MappingProxyType({key: tidy(purse.amount) for key, purse in self._purses.items()}),
            deposits_in=deposits,
            realized_in=MappingProxyType({currency: tidy(gain) for currency, gain in realized.items()}),
            fees_in=fees,
            dividends_in=dividends,
            worse_in=self._by_currency("worse") if self._banded else MappingProxyType({}),
            better_in=self._by_currency("better") if self._banded else MappingProxyType({}),
        )

    def _by_currency(self, name: str) -> Mapping[str, Decimal]:
        sums: dict[str, Decimal] = {}
        for (_, currency), purse in self._purses.items():
            sums[currency] = sums.get(currency, _ZERO) + getattr(purse, name)
        return MappingProxyType({currency: tidy(total) for currency, total in sums.items()})


def _band(purse: _Purse, payload: Any, quantity: Decimal, price: Decimal) -> None:
    """Note what the fill's other two prices would have left in the purse."""
    paid = quantity if payload["side"] == "buy" else -quantity
    purse.worse -= paid * (Decimal(payload.get("pessimistic", price)) - price)
    purse.better -= paid * (Decimal(payload.get("optimistic", price)) - price)
