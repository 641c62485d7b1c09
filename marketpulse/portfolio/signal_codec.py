"""What a SIGNAL event carries."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marketpulse.portfolio.texts import Payload, as_repr, to_float
from marketpulse.types import Edge, Json, Signal, Vote

__all__ = ["read_signal", "write_signal"]


def write_signal(signal: Signal) -> Payload:
    """SIGNAL."""
    votes: list[Json] = [_write_vote(vote) for vote in signal.votes]
    return {
        "symbol": signal.symbol,
        "bar": signal.bar,
        "time": signal.time.isoformat(),
        "horizon": signal.horizon,
        "probability": as_repr(signal.probability),
        "base_rate": as_repr(signal.base_rate),
        "edge": signal.edge.value,
        "sentence": signal.sentence,
        "model": signal.model,
        "model_version": signal.model_version,
        "feature_hash": signal.feature_hash,
        "votes": votes,
    }


def read_signal(payload: Mapping[str, Any]) -> Signal:
    """SIGNAL."""
    return Signal(
        symbol=payload["symbol"],
        bar=payload["bar"],
        time=datetime.fromisoformat(payload["time"]),
        horizon=payload["horizon"],
        probability=to_float(payload["probability"]),
        base_rate=to_float(payload["base_rate"]),
        edge=Edge(payload["edge"]),
        sentence=payload["sentence"],
        model=payload["model"],
        model_version=payload["model_version"],
        feature_hash=payload["feature_hash"],
        votes=tuple(_read_vote(vote) for vote in payload["votes"]),
    )


def _write_vote(vote: Vote) -> Json:
    contributions: list[Json] = [[name, repr(float(weight))] for name, weight in vote.contributions]
    return {
        "model": vote.model,
        "probability": as_repr(vote.probability),
        "base_rate": as_repr(vote.base_rate),
        "why": vote.why,
        "contributions": contributions,
    }


def _read_vote(payload: Mapping[str, Any]) -> Vote:
    return Vote(
        payload["model"],
        to_float(payload["probability"]),
        to_float(payload["base_rate"]),
        payload["why"],
        tuple((name, float(weight)) for name, weight in payload["contributions"]),
    )
