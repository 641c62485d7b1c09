"""Shares listed in the United States, as the vendors that know no others spell them."""

from collections.abc import Sequence

from marketpulse.errors import UnknownSymbol
from marketpulse.types import AssetClass, Instrument

__all__ = ["american", "symbols_of"]

_CALENDARS = frozenset({"XNYS", "XNAS", "NYSE", "NASDAQ"})


def american(instrument: Instrument, source: str) -> str:
    """Return the vendor's symbol of an American share: ``BRK.B`` for our ``BRK-B``.

    Raises
    ------
    UnknownSymbol
        It is none; a vendor might know another company under the same letters.
    """
    if not _known(instrument):
        raise UnknownSymbol(f"{source}: {instrument.symbol} is no share listed in the United States")
    return _spelled(instrument)


def symbols_of(instruments: Sequence[Instrument], most: int) -> dict[str, Instrument]:
    """Return the American shares among ``instruments``, the first ``most``, by the vendor's symbols."""
    known = [i for i in instruments if _known(i)][:most]
    return {_spelled(i): i for i in known}


def _known(instrument: Instrument) -> bool:
    return (
        instrument.asset_class is AssetClass.EQUITY
        and instrument.calendar in _CALENDARS
        and instrument.currency == "USD"
    )


def _spelled(instrument: Instrument) -> str:
    return instrument.symbol.replace("-", ".")
