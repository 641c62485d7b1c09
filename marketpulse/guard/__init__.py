"""Failover, once for everything that can fail: chains of members behind breakers and budgets."""

from marketpulse.guard.chain import Chain, Member

__all__ = ["Chain", "Member"]
