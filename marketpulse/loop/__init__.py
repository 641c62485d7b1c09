"""The desk's one thread of decisions and the pictures it makes."""

from marketpulse.loop import tapetime
from marketpulse.loop.equity import EquityLog
from marketpulse.loop.gate import Gate
from marketpulse.loop.loop import Loop
from marketpulse.loop.rooms import Rooms

__all__ = ["EquityLog", "Gate", "Loop", "Rooms", "tapetime"]
