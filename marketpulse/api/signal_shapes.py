"""What the signal addresses answer: frozen signals, what became of them, and the scoreboard."""

from datetime import datetime

from pydantic import BaseModel, Field

from marketpulse.api.numbers import rounded
from marketpulse.types import Call, Edge, Issued, Outcome, Repaint, ScoreLine, Signal, SignalStatistics, Vote

__all__ = [
    "IssuedReply",
    "IssuedsReply",
    "OutcomeReply",
    "PushReply",
    "RepaintReply",
    "ScoreReply",
    "ShadowReply",
    "SignalReply",
    "StatisticsReply",
    "VoteReply",
    "issued_reply",
    "statistics_reply",
]

_PARTS = 6


class PushReply(BaseModel):
    """One reason."""

    feature: str = Field(examples=["momentum_21"])
    log_odds: float | None


class VoteReply(BaseModel):
    """One member's opinion; null is an abstention."""

    model: str = Field(examples=["logistic"])
    probability: float | None = Field(description="calibrated and shrunk to the base rate")
    raw: float | None = Field(description="before calibration")
    weight: float | None = Field(description="its share of the vote; 0 is not heard")
    kept: float | None = Field(description="share of its calibrated opinion that is kept")
    skill: float | None = Field(description="its Brier skill out of sample")
    message: str


class ShadowReply(BaseModel):
    """What a model on trial would have said; it decides nothing."""

    model_version: str
    probability: float | None


class SignalReply(BaseModel):
    """A signal as it was frozen."""

    symbol: str
    bar: str = Field(description="the closed bar it speaks of", examples=["2012-06-13"])
    time: datetime
    horizon: int = Field(description="bars ahead")
    call: Call
    probability: float | None = Field(description="that the close is higher then; null: it abstains")
    base_rate: float | None = Field(description="the same without any model")
    edge: Edge
    needed: float | None = Field(description="distance from base rate and one half that pays a trade")
    agreed: float | None = Field(description="share of the vote on this side")
    right: float | None = Field(description="chance that the call is right; scales sizes only")
    why: str
    message: str
    caveats: list[str]
    reasons: list[PushReply] = Field(description="largest first")
    votes: list[VoteReply]
    shadow: ShadowReply | None
    regime: str
    model: str
    model_version: str
    feature_version: str
    feature_hash: str
    data_hash: str
    served: str = Field(description="by which way the model answered", examples=["ONNX"])


class OutcomeReply(BaseModel):
    """What became of a signal when its horizon ended."""

    ended: str = Field(description="the bar that ended its horizon")
    time: datetime
    rose: bool
    brier: float | None
    brier_base: float | None
    log_loss: float | None
    log_loss_base: float | None
    moved: float | None = Field(description="from the next open on; null where an open is missing")
    profit: float | None = Field(description="of the call after costs; null where nothing was called")


class RepaintReply(BaseModel):
    """A recomputation that did not give what was issued."""

    time: datetime
    code: str = Field(examples=["FEATURES"])
    message: str


class IssuedReply(BaseModel):
    """A frozen signal and what is known of it since."""

    id: str
    signal: SignalReply
    outcome: OutcomeReply | None = Field(description="null until its horizon has ended")
    repaint: RepaintReply | None
    checked: datetime | None = Field(description="last recomputed without a difference")


class IssuedsReply(BaseModel):
    """Frozen signals, newest first."""

    signals: list[IssuedReply]


class ScoreReply(BaseModel):
    """Ended signals of one group against their base rates; null where too few have ended."""

    group: str = Field(examples=["all", "model", "symbol", "regime"])
    name: str
    n: int = Field(description="signals whose horizon has ended")
    open: int
    brier: float | None
    brier_base: float | None
    log_loss: float | None
    skill: float | None = Field(description="1 - brier / brier_base")
    skill_low: float | None
    skill_high: float | None
    calls: int
    right: int
    base_right: int = Field(description="right by calling what the base rate favours")
    profit: float | None = Field(description="mean of a call after costs")
    calibration: list[tuple[float, float, int]] = Field(
        description="mean said, share that came true, how many"
    )


class StatisticsReply(BaseModel):
    """The scoreboard of all that was ever issued."""

    issued: int
    ended: int
    repainted: int
    since: str | None = Field(description="bar of the oldest; null while there is none")
    lines: list[ScoreReply]


def issued_reply(one: Issued) -> IssuedReply:
    """Turn a frozen signal into JSON; what is not finite is null."""
    return IssuedReply(
        id=one.id,
        signal=_signal(one.signal),
        outcome=None if one.outcome is None else _outcome(one.outcome),
        repaint=None if one.repaint is None else _repaint(one.repaint),
        checked=one.checked,
    )


def _signal(signal: Signal) -> SignalReply:
    return SignalReply(
        symbol=signal.symbol,
        bar=signal.bar,
        time=signal.time,
        horizon=signal.horizon,
        call=signal.call,
        probability=rounded(signal.probability, _PARTS),
        base_rate=rounded(signal.base_rate, _PARTS),
        edge=signal.edge,
        needed=rounded(signal.needed, _PARTS),
        agreed=rounded(signal.agreed, _PARTS),
        right=rounded(signal.right, _PARTS),
        why=signal.why,
        message=signal.sentence,
        caveats=list(signal.caveats),
        reasons=[PushReply(feature=name, log_odds=rounded(push, _PARTS)) for name, push in signal.reasons],
        votes=[_vote(vote) for vote in signal.votes],
        shadow=_shadow(signal.shadow),
        regime=signal.regime,
        model=signal.model,
        model_version=signal.model_version,
        feature_version=signal.feature_version,
        feature_hash=signal.feature_hash,
        data_hash=signal.data_hash,
        served=signal.served,
    )


def _vote(vote: Vote) -> VoteReply:
    return VoteReply(
        model=vote.model,
        probability=rounded(vote.probability, _PARTS),
        raw=rounded(vote.raw, _PARTS),
        weight=rounded(vote.weight, _PARTS),
        kept=rounded(vote.kept, _PARTS),
        skill=rounded(vote.skill, _PARTS),
        message=vote.why,
    )


def _shadow(said: tuple[str, float] | None) -> ShadowReply | None:
    if said is None:
        return None
    return ShadowReply(model_version=said[0], probability=rounded(said[1], _PARTS))


def _outcome(one: Outcome) -> OutcomeReply:
    return OutcomeReply(
        ended=one.ended,
        time=one.time,
        rose=one.rose,
        brier=rounded(one.brier, _PARTS),
        brier_base=rounded(one.brier_base, _PARTS),
        log_loss=rounded(one.log_loss, _PARTS),
        log_loss_base=rounded(one.log_loss_base, _PARTS),
        moved=rounded(one.moved, _PARTS),
        profit=rounded(one.profit, _PARTS),
    )


def _repaint(one: Repaint) -> RepaintReply:
    return RepaintReply(time=one.time, code=one.code, message=one.sentence)


def statistics_reply(board: SignalStatistics) -> StatisticsReply:
    """Turn the scoreboard into JSON."""
    return StatisticsReply(
        issued=board.issued,
        ended=board.ended,
        repainted=board.repainted,
        since=board.since or None,
        lines=[_line(line) for line in board.lines],
    )


def _line(line: ScoreLine) -> ScoreReply:
    return ScoreReply(
        group=line.group,
        name=line.name,
        n=line.n,
        open=line.open,
        brier=rounded(line.brier, _PARTS),
        brier_base=rounded(line.brier_base, _PARTS),
        log_loss=rounded(line.log_loss, _PARTS),
        skill=rounded(line.skill, _PARTS),
        skill_low=rounded(line.skill_low, _PARTS),
        skill_high=rounded(line.skill_high, _PARTS),
        calls=line.calls,
        right=line.right,
        base_right=line.base_right,
        profit=rounded(line.profit, _PARTS),
        calibration=[(round(said, _PARTS), round(true, _PARTS), n) for said, true, n in line.calibration],
    )
