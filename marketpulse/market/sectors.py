"""The sector of each instrument that the desk knows by itself; what stands in no table has none.

Sources: for shares the Global Industry Classification Standard of MSCI and S&P, its eleven sectors as of
2023, in the published lists of the S&P 500 and of the Nifty 50's constituents (GOOG and META have been
Communication Services since 28 September 2018 and were Information Technology before: a tape of 2012
shows them where they stand today). For coins the industry groups of CoinDesk's Digital Asset
Classification Standard: money, platforms for contracts, and computing.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["SECTORS", "sector"]

_TECHNOLOGY, _COMMUNICATION, _ENERGY = "Information Technology", "Communication Services", "Energy"
_MONEY, _PLATFORM, _COMPUTING = "Coins: currency", "Coins: contract platform", "Coins: computing"

SECTORS: Mapping[str, str] = MappingProxyType(
    {
        "AAPL": _TECHNOLOGY,
        "IBM": _TECHNOLOGY,
        "MSFT": _TECHNOLOGY,
        "GOOG": _COMMUNICATION,
        "FB": _COMMUNICATION,
        "META": _COMMUNICATION,
        "INFY.NS": _TECHNOLOGY,
        "TCS.NS": _TECHNOLOGY,
        "RELIANCE.NS": _ENERGY,
        "BTC/USDT": _MONEY,
        "XRP/USDT": _MONEY,
        "ETH/USDT": _PLATFORM,
        "ADA/USDT": _PLATFORM,
        "SOL/USDT": _PLATFORM,
        "BNB/USDT": _PLATFORM,
        "DOT/USDT": _PLATFORM,
        "LINK/USDT": _COMPUTING,
    }
)
"""By symbol."""


def sector(symbol: str) -> str:
    """Return the sector of a symbol, empty where none is known.

    Examples
    --------
    >>> sector("AAPL"), sector("TSLA")
    ('Information Technology', '')
    """
    return SECTORS.get(symbol, "")
