"""What a preview says of the risk to come: sizes with their reasons, and the book in bad times."""

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["SizeStep", "Sizing", "StressLoss"]


@dataclass(frozen=True, slots=True)
class SizeStep:
    """One step from a signal to a size.

    Attributes
    ----------
    name : two or three words
    note : the numbers it rests on
    cap : the most that this step alone would allow, units; None where it only scales what came before
    units : what is left after it
    share : ``units`` as a fraction of equity
    binding : this step made the size what it is
    """

    name: str
    note: str
    cap: float | None
    units: float
    share: float
    binding: bool = False


@dataclass(frozen=True, slots=True)
class Sizing:
    """How large a buy should be, and why.

    Attributes
    ----------
    steps : in order; none makes the size larger
    size : units that the signal is worth, rounded down to the lot; 0 without an edge
    most : units that the limits alone would let through, rounded down likewise
    binding : name of the step that decided ``size``
    bound : name of the limit that decided ``most``
    note : one sentence
    """

    steps: tuple[SizeStep, ...]
    size: Decimal
    most: Decimal
    binding: str
    bound: str
    note: str


@dataclass(frozen=True, slots=True)
class StressLoss:
    """What the present book would gain or lose in one scenario.

    Attributes
    ----------
    pnl : base currency; None is unknown
    own : names that were moved as they really moved then
    mapped : names moved by their beta, for they have no prices of that time
    unknown : held names that have no price
    about : where the moves come from
    after : the same with an order in, where one is looked at
    """

    name: str
    pnl: float | None
    own: tuple[str, ...]
    mapped: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    about: str = ""
    after: float | None = None
