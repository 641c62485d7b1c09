"""What OUTCOME and REPAINT events carry; their ``ref`` is the id of the signal they speak of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marketpulse.portfolio.texts import Payload, as_repr, to_float
from marketpulse.types import Outcome, Repaint

__all__ = ["outcome_key", "read_outcome", "read_repaint", "repaint_key", "write_outcome", "write_repaint"]


def outcome_key(signal_id: str) -> str:
    """Name the outcome of a signal for ever: there is one.

    Examples
    --------
    >>> outcome_key("signal:AAPL:2012-06-04")
    'outcome:signal:AAPL:2012-06-04'
    """
    return f"outcome:{signal_id}"


def repaint_key(signal_id: str) -> str:
    """Name the repaint of a signal for ever: it is said once.

    Examples
    --------
    >>> repaint_key("signal:AAPL:2012-06-04")
    'repaint:signal:AAPL:2012-06-04'
    """
    return f"repaint:{signal_id}"


def write_outcome(outcome: Outcome) -> Payload:
    """OUTCOME."""
    return {
        "ended": outcome.ended,
        "time": outcome.time.isoformat(),
        "rose": outcome.rose,
        "brier": as_repr(outcome.brier),
        "brier_base": as_repr(outcome.brier_base),
        "log_loss": as_repr(outcome.log_loss),
        "log_loss_base": as_repr(outcome.log_loss_base),
        "moved": as_repr(outcome.moved),
        "profit": as_repr(outcome.profit),
    }


def read_outcome(payload: Mapping[str, Any]) -> Outcome:
    """OUTCOME."""
    return Outcome(
        ended=payload["ended"],
        time=datetime.fromisoformat(payload["time"]),
        rose=payload["rose"],
        brier=float(payload["brier"]),
        brier_base=float(payload["brier_base"]),
        log_loss=float(payload["log_loss"]),
        log_loss_base=float(payload["log_loss_base"]),
        moved=to_float(payload["moved"]),
        profit=to_float(payload["profit"]),
    )


def write_repaint(repaint: Repaint) -> Payload:
    """REPAINT."""
    return {"time": repaint.time.isoformat(), "code": repaint.code, "sentence": repaint.sentence}


def read_repaint(payload: Mapping[str, Any]) -> Repaint:
    """REPAINT."""
    return Repaint(datetime.fromisoformat(payload["time"]), payload["code"], payload["sentence"])
