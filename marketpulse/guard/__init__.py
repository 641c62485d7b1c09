"""Failover, once for everything that can fail: a pool of guarded providers, and chains over it."""

from marketpulse.guard.breaker import Breaker, BreakerPolicy, BreakerState, Outcome, Ticket
from marketpulse.guard.budget import Budget
from marketpulse.guard.cell import Cell
from marketpulse.guard.chain import Chain
from marketpulse.guard.log import FailoverLog
from marketpulse.guard.planner import plan
from marketpulse.guard.pool import Pool
from marketpulse.guard.provider import Member

__all__ = [
    "Breaker",
    "BreakerPolicy",
    "BreakerState",
    "Budget",
    "Cell",
    "Chain",
    "FailoverLog",
    "Member",
    "Outcome",
    "Pool",
    "Ticket",
    "plan",
]
