"""Why an instrument is bought or not: the ladder of gates, the first that fails, the change that would pass."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Change", "Rung", "Why"]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an order that was tried and passes.

    Attributes
    ----------
    field : as in an order: ``quantity``, ``limit_price`` ...
    text : what to write there
    """

    field: str
    text: str

    @property
    def words(self) -> str:
        """The field in a sentence."""
        return self.field.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Rung:
    """One gate of the ladder.

    Attributes
    ----------
    code : as in a refusal, ``POSITION_LIMIT``; for what no order is refused by, its own: ``SIGNAL``
    label : two or three words
    passed : None is not known, or is not decided here; the sentence says which
    value, limit : what was compared, already formatted; empty where nothing was
    """

    code: str
    label: str
    passed: bool | None
    sentence: str
    value: str = ""
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """The ladder of one instrument at one moment.

    Attributes
    ----------
    time : the moment, by the desk's clock, aware UTC
    past : told from the ledger, not from the desk as it is
    asked : the order that the gates were asked about, in words
    change : of that order; None: nothing needs to change, or no change of it would pass
    note : what the answer rests on, one sentence
    """

    symbol: str
    time: datetime
    past: bool
    asked: str
    rungs: tuple[Rung, ...]
    change: Change | None = None
    note: str = ""

    @property
    def first(self) -> Rung | None:
        """The first gate that fails."""
        return next((rung for rung in self.rungs if rung.passed is False), None)
