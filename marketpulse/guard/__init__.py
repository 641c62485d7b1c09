"""Failover, once for everything that can fail: chains of members behind breakers and budgets."""

from marketpulse.guard.breaker import Breaker, BreakerPolicy, BreakerState, Outcome, Ticket
from marketpulse.guard.budget import Budget
from marketpulse.guard.chain import Chain, Member

__all__ = [
    "Breaker",
    "BreakerPolicy",
    "BreakerState",
    "Budget",
    "Chain",
    "Member",
    "Outcome",
    "Ticket",
]
