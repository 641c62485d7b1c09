"""Several opinions made one: who is heard, how much, and when nobody should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from marketpulse.signals import single
from marketpulse.signals.calibrate import LEAST, MOST, expit, logit
from marketpulse.signals.single import FEWEST_VOTES, MAJORITY, MEAN_MOVE
from marketpulse.types import Call, FloatArray

__all__ = [
    "Ballot",
    "Circumstances",
    "Consensus",
    "agree",
    "agreement",
    "caveats",
    "hurdle",
    "pool",
    "quorum",
    "reach",
    "shares",
]

_EQUAL = 0.5
_CALLS = {1: Call.UP, 0: Call.NONE, -1: Call.DOWN}
_REASONS = 5
_STALE_BARS, _WIDE, _THIN, _DRIFTED = 1, 0.002, 1.0, 0.25


def shares(skill: FloatArray) -> FloatArray:
    """How much each member is heard: by its skill, half-way to equal; none without skill.

    Parameters
    ----------
    skill : out-of-sample Brier skill, fractions; NaN counts as none

    Returns
    -------
    FloatArray
        Summing to 1, or all 0 where nobody has any.

    References
    ----------
    Bates, Granger (1969); half-way to equal since estimated weights are themselves noisy (Stock, Watson
    2004, Combination forecasts of output growth).

    Examples
    --------
    >>> shares(np.array([0.03, 0.01, -0.02, 0.0])).tolist()
    [0.625, 0.375, 0.0, 0.0]
    """
    good = np.maximum(np.nan_to_num(skill, nan=0.0), 0.0)
    heard = good > 0.0
    if not heard.any():
        return np.zeros(len(skill))
    equal = heard / heard.sum()
    found: FloatArray = _EQUAL * good / good.sum() + (1.0 - _EQUAL) * equal
    return found


def pool(p: FloatArray, share: FloatArray, base: FloatArray) -> FloatArray:
    """One probability for each row: the mean log-odds of those who are heard, the base rate without any.

    Parameters
    ----------
    p : (members, rows) calibrated; NaN is an abstention, whose share goes to the others
    share : of each member, as from ``shares``
    base : of each row

    References
    ----------
    Logarithmic opinion pool; Genest, Zidek (1986), Combining probability distributions.

    Examples
    --------
    >>> pool(np.array([[0.6], [0.6], [np.nan]]), np.array([0.4, 0.3, 0.3]), np.array([0.5])).round(3).tolist()
    [0.6]
    """
    weight = np.where(np.isfinite(p), share[:, None], 0.0)
    total = weight.sum(axis=0)
    odds = (weight * logit(np.where(np.isfinite(p), p, 0.5))).sum(axis=0) / np.where(total > 0.0, total, 1.0)
    return np.where(total > 0.0, np.clip(expit(odds), LEAST, MOST), base)


def hurdle(sigma: FloatArray, horizon: int, cost: float) -> FloatArray:
    """How far a probability must lie from one half before a purchase and a sale pay.

    A move over ``horizon`` bars is about ``0.8 sigma sqrt(horizon)`` up or down, so being right with
    ``0.5 + d`` is worth twice ``d`` of it.

    Parameters
    ----------
    sigma : standard deviation of a bar's log return
    cost : of one purchase or sale, a fraction of its value

    Examples
    --------
    >>> hurdle(np.array([0.01]), 5, 0.0005).round(4).tolist()
    [0.028]
    """
    move = MEAN_MOVE * sigma * np.sqrt(horizon)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.where(move > 0.0, cost / move, np.inf)


def reach(p: FloatArray, base: FloatArray) -> FloatArray:
    """How far an opinion lies beyond both the base rate and one half, positive for a rise; 0 between them.

    Beyond the base rate it says something; beyond one half it can earn something.

    Examples
    --------
    >>> reach(np.array([0.6, 0.52, 0.47]), np.full(3, 0.54)).round(2).tolist()
    [0.06, 0.0, -0.03]
    """
    up = np.maximum(0.0, p - np.maximum(base, 0.5))
    down = np.maximum(0.0, np.minimum(base, 0.5) - p)
    return np.asarray(up - down)


def quorum(
    p: FloatArray, share: FloatArray, base: FloatArray, needed: FloatArray, opinion: FloatArray | None = None
) -> FloatArray:
    """Which way each row is decided: 1, -1, or 0 for NO SIGNAL.

    Two members at least are heard and do not abstain, 60 % of their shares lie on the side of the
    pooled opinion, and that opinion lies further beyond base rate and one half than the trade costs.

    Parameters
    ----------
    p, share, base : as in ``pool``
    needed : as from ``hurdle``
    opinion : the pooled probability, where it was stretched since; else that of ``pool``

    Examples
    --------
    >>> half, costs = np.array([0.5]), np.array([0.02])
    >>> quorum(np.array([[0.6], [0.55]]), np.array([0.5, 0.5]), half, costs).tolist()
    [1.0]
    >>> quorum(np.array([[0.6], [np.nan]]), np.array([0.5, 0.5]), half, costs).tolist()
    [0.0]
    """
    votes = np.isfinite(p) & (share[:, None] > 0.0)
    beyond = reach(pool(p, share, base) if opinion is None else opinion, base)
    side = np.sign(beyond)
    agreed = agreement(p, share, base, side)
    carried = (votes.sum(axis=0) >= FEWEST_VOTES) & (agreed >= MAJORITY) & (np.abs(beyond) > needed)
    return np.where(carried, side, 0.0)


def agreement(p: FloatArray, share: FloatArray, base: FloatArray, side: FloatArray) -> FloatArray:
    """How much of the vote lies on a side, of those who are heard and do not abstain; 0 where nobody is.

    Parameters
    ----------
    p, share, base : as in ``pool``
    side : 1 above the base rate, -1 below it

    Examples
    --------
    >>> half, up = np.array([0.5]), np.array([1.0])
    >>> agreement(np.array([[0.6], [0.4], [np.nan]]), np.array([0.3, 0.2, 0.5]), half, up).tolist()
    [0.6]
    """
    votes = np.isfinite(p) & (share[:, None] > 0.0)
    apart = np.where(votes, p - base, 0.0)
    weight = np.where(votes, share[:, None], 0.0)
    total = np.maximum(weight.sum(axis=0), 1e-300)
    return np.asarray((weight * (np.sign(apart) == side)).sum(axis=0) / total)


@dataclass(frozen=True, slots=True)
class Ballot:
    """One member's part in a decision.

    Attributes
    ----------
    raw : as the member said it, None where it abstained
    probability : calibrated and shrunk to the base rate
    kept : share of its calibrated opinion that is kept
    skill : out-of-sample Brier skill known then
    share : of the vote
    """

    member: str
    raw: float | None
    probability: float | None
    kept: float
    skill: float
    share: float


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What may be wrong around a signal; None is not known and not held against it.

    Attributes
    ----------
    late : bars that should have come since the newest one
    spread : ask less bid, a fraction of the mid
    cover : how many times the book holds the size wanted
    drift : largest population stability index of a feature
    """

    late: int | None = None
    spread: float | None = None
    cover: float | None = None
    drift: float | None = None


@dataclass(frozen=True, slots=True)
class Consensus:
    """One decision with all that led to it.

    Attributes
    ----------
    probability : P(close[t+h] > close[t]) of the pool, the base rate where nobody is heard
    needed : distance beyond the base rate and one half at which a trade would pay
    agreed : share of the vote on the side of the pool
    why : one sentence
    ballots : of every member, heard or not
    caveats : sentences, none when nothing is held against it
    reasons : log-odds by feature, of those who are heard, the largest first
    """

    call: Call
    probability: float
    base: float
    needed: float
    agreed: float
    why: str
    ballots: tuple[Ballot, ...]
    caveats: tuple[str, ...]
    reasons: tuple[tuple[str, float], ...]


def agree(
    ballots: Sequence[Ballot],
    base: float,
    needed: float,
    reasons: Mapping[str, Mapping[str, float]],
    around: Circumstances,
    *,
    stretch: float = 1.0,
) -> Consensus:
    """Decide one row; ``reasons`` are each heard member's, by its name, ``stretch`` that of the pool."""
    heard = [one for one in ballots if one.share > 0.0 and one.probability is not None]
    votes = [(one.share, one.probability or 0.0) for one in heard]
    opinion = single.pool(votes, base, stretch)
    beyond = single.reach(opinion, base)
    agreed = single.agreement(votes, base, opinion - base)
    call = _CALLS[single.quorum(len(heard), agreed, beyond, needed)]
    return Consensus(
        call,
        opinion,
        base,
        needed,
        agreed,
        _why(call, len(heard), agreed, (opinion - base, beyond), needed),
        tuple(ballots),
        caveats(around, len(heard), sum(one.probability is not None for one in ballots)),
        _reasons(heard, reasons, stretch),
    )


def caveats(around: Circumstances, heard: int, voted: int) -> tuple[str, ...]:
    """Say what is to be held against a signal.

    Examples
    --------
    >>> caveats(Circumstances(late=2, spread=0.004), 3, 5)
    ('The newest bar is 2 bars late.', 'The spread is wide: 0.40 %.')
    """
    said = []
    if around.late is not None and around.late >= _STALE_BARS:
        said.append(f"The newest bar is {around.late} bar{'s' * (around.late > 1)} late.")
    if around.spread is not None and around.spread > _WIDE:
        said.append(f"The spread is wide: {100.0 * around.spread:.2f} %.")
    if around.cover is not None and around.cover < _THIN:
        said.append("The order book is thinner than the order.")
    if around.drift is not None and around.drift >= _DRIFTED:
        said.append(f"The features have drifted from those of the training (PSI {around.drift:.2f}).")
    if heard < FEWEST_VOTES:
        said.append(f"Few votes: {heard} of {voted} members have shown skill.")
    return tuple(said)


def _why(call: Call, heard: int, agreed: float, apart: tuple[float, float], needed: float) -> str:
    """One sentence; ``apart`` is from the base rate, and beyond it and one half."""
    if heard < FEWEST_VOTES:
        who = "One member has" if heard else "No member has"
        return f"{who} shown skill out of sample; two are needed."
    from_base, beyond = (100.0 * abs(one) for one in apart)
    if call is not Call.NONE:
        return (
            f"{heard} members, {100.0 * agreed:.0f} % of the vote on this side, "
            f"{from_base:.1f} points from the base rate."
        )
    if not from_base:
        return "The pooled opinion is the base rate itself."
    if agreed < MAJORITY:
        return f"Only {100.0 * agreed:.0f} % of the vote lies on one side; 60 % are needed."
    return (
        f"{beyond:.1f} points beyond the base rate and one half would not pay for a trade; "
        f"{100.0 * needed:.1f} are needed."
    )


def _reasons(
    heard: Sequence[Ballot], reasons: Mapping[str, Mapping[str, float]], stretch: float
) -> tuple[tuple[str, float], ...]:
    """The mean of the members' log-odds by feature, weighed as their votes are, and as much of it as is kept."""
    sums: dict[str, float] = {}
    total = sum(one.share for one in heard)
    for one in heard:
        weight = stretch * one.share / total * one.kept
        for name, part in reasons.get(one.member, {}).items():
            sums[name] = sums.get(name, 0.0) + weight * part
    ordered = sorted((-abs(part), name) for name, part in sums.items())
    return tuple((name, sums[name]) for size, name in ordered[:_REASONS] if size)
