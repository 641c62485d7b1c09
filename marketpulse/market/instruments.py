"""The instruments the desk knows: five shares, one index, eight crypto pairs."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from marketpulse.market.sectors import sector
from marketpulse.types import AssetClass, Feed, Instrument

__all__ = ["indian_shares", "instruments", "stranger"]

_SHARES = (("AAPL", "Apple"), ("GOOG", "Google"), ("IBM", "IBM"), ("MSFT", "Microsoft"))
_FACEBOOK = {Feed.REPLAY: ("FB", "Facebook"), Feed.LIVE: ("META", "Meta Platforms")}

# Price and quantity steps are those of Binance spot in 2026; the venue's own list decides when
# real orders are sent there.
_PAIRS = (
    ("BTC/USDT", "Bitcoin", "0.01", "0.00001"),
    ("ETH/USDT", "Ether", "0.01", "0.0001"),
    ("ADA/USDT", "Cardano", "0.0001", "0.1"),
    ("SOL/USDT", "Solana", "0.01", "0.001"),
    ("BNB/USDT", "BNB", "0.01", "0.001"),
    ("XRP/USDT", "XRP", "0.0001", "0.1"),
    ("DOT/USDT", "Polkadot", "0.001", "0.01"),
    ("LINK/USDT", "Chainlink", "0.01", "0.01"),
)

# The step is that of shares between 1,000 and 5,000 rupees; the exchange's finer steps below it divide it.
_INDIAN = (("INFY.NS", "Infosys"), ("RELIANCE.NS", "Reliance Industries"), ("TCS.NS", "Tata Consultancy"))


def _share(symbol: str, name: str) -> Instrument:
    return Instrument(
        symbol,
        name,
        AssetClass.EQUITY,
        "USD",
        "XNYS",
        Decimal("0.01"),
        Decimal(1),
        min_notional=Decimal(1),
        sector=sector(symbol),
    )


def _pair(symbol: str, name: str, tick: str, lot: str) -> Instrument:
    return Instrument(
        symbol,
        name,
        AssetClass.CRYPTO,
        "USDT",
        "24/7",
        Decimal(tick),
        Decimal(lot),
        min_notional=Decimal(5),
        sector=sector(symbol),
    )


def instruments(feed: Feed) -> Mapping[str, Instrument]:
    """All instruments by symbol, in the order they are shown.

    The tape knows Facebook by the ticker of its day, FB; live it is META.
    """
    index = Instrument("^GSPC", "S&P 500", AssetClass.INDEX, "USD", "XNYS", Decimal("0.01"), Decimal(1))
    shares = [_share(*row) for row in (*_SHARES, _FACEBOOK[feed])]
    pairs = [_pair(*row) for row in _PAIRS]
    return MappingProxyType({i.symbol: i for i in (*shares, index, *pairs)})


def indian_shares() -> Mapping[str, Instrument]:
    """Shares of the National Stock Exchange of India, in rupees; followed where a venue trades them.

    Its calendar is that of Bombay (XBOM): both exchanges keep the same days and hours.
    """
    step, one = Decimal("0.10"), Decimal(1)
    return MappingProxyType(
        {
            symbol: Instrument(
                symbol,
                name,
                AssetClass.EQUITY,
                "INR",
                "XBOM",
                step,
                one,
                min_notional=one,
                sector=sector(symbol),
            )
            for symbol, name in _INDIAN
        }
    )


def stranger(symbol: str) -> Instrument:
    """Something that was traded here and stands on no list any more: shown and asked about, never ordered anew.

    Examples
    --------
    >>> stranger("GONE").tradable, stranger("GONE/USDT").currency
    (False, 'USDT')
    """
    pair = "/" in symbol
    currency, calendar = (symbol.partition("/")[2], "24/7") if pair else ("USD", "XNYS")
    step = Decimal("0.00000001") if pair else Decimal("0.01")
    return Instrument(symbol, f"{symbol}, not on any list", AssetClass.INDEX, currency, calendar, step, step)
