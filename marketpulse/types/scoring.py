"""What became of issued signals: scored when their horizon ends, kept in groups, recomputed."""

from dataclasses import dataclass
from datetime import datetime

from marketpulse.types.signal import Call, Signal

__all__ = ["Issued", "Outcome", "Repaint", "ScoreLine", "SignalStatistics"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one issued signal.

    Attributes
    ----------
    ended : date of the bar that ended its horizon, ISO
    time : when it was scored, aware UTC by the desk's clock
    rose : whether the close was higher than that of the signal's bar
    brier, brier_base : squared error of the probability, and of its base rate
    log_loss, log_loss_base : minus the log of what was given to what happened, nats
    moved : from the next open to the open after the horizon, a fraction; None where one is missing
    profit : of the call after costs, a fraction of the position; None where nothing was called
    """

    ended: str
    time: datetime
    rose: bool
    brier: float
    brier_base: float
    log_loss: float
    log_loss_base: float
    moved: float | None
    profit: float | None


@dataclass(frozen=True, slots=True)
class Repaint:
    """A recomputation that did not give what was issued.

    Attributes
    ----------
    time : when it was found, aware UTC by the desk's clock
    code : ``DATA`` where the bars have changed since, ``FEATURES`` or ``PROBABILITY`` where they have not
    sentence : what differs and by how much
    """

    time: datetime
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A frozen signal and what is known of it since.

    Attributes
    ----------
    id : names it for ever; the key of its ledger event
    outcome : None until its horizon has ended
    repaint : None unless a recomputation differed
    checked : when it was last recomputed without a difference; None not yet
    """

    id: str
    signal: Signal
    outcome: Outcome | None = None
    repaint: Repaint | None = None
    checked: datetime | None = None

    @property
    def call(self) -> Call:
        """UP, DOWN or NO SIGNAL."""
        return self.signal.call


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """Scored signals of one group against their base rates.

    Attributes
    ----------
    group : ``all``, ``model``, ``symbol`` or ``regime``
    name : which of them; empty for all
    n : signals whose horizon has ended
    open : signals whose horizon has not
    brier, brier_base, log_loss : means; None while nothing has ended
    skill, skill_low, skill_high : 1 - brier / brier_base and its 95 % interval; None with too few
    calls, right : UP and DOWN calls that have ended, and how many of them were right
    base_right : calls that would have been right by calling what the base rate favours
    profit : mean profit of a call after costs, a fraction
    calibration : (mean said, share that came true, how many) per bin
    """

    group: str
    name: str
    n: int
    open: int
    brier: float | None = None
    brier_base: float | None = None
    log_loss: float | None = None
    skill: float | None = None
    skill_low: float | None = None
    skill_high: float | None = None
    calls: int = 0
    right: int = 0
    base_right: int = 0
    profit: float | None = None
    calibration: tuple[tuple[float, float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SignalStatistics:
    """The scoreboard.

    Attributes
    ----------
    lines : all first, then by model, by symbol, by regime
    issued, ended, repainted : how many signals
    since : date of the oldest signal's bar, ISO; empty while there is none
    """

    lines: tuple[ScoreLine, ...] = ()
    issued: int = 0
    ended: int = 0
    repainted: int = 0
    since: str = ""
