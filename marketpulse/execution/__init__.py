"""Orders: committed before they are sent, sent once, and asked about when in doubt."""

from marketpulse.execution.engine import Execution
from marketpulse.execution.lifecycle import IllegalStep
from marketpulse.execution.parse import read_order
from marketpulse.execution.seat import Live, Login, unknown_account
from marketpulse.execution.venue import Pace

__all__ = ["Execution", "IllegalStep", "Live", "Login", "Pace", "read_order", "unknown_account"]
