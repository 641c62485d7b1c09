"""Orders: committed before they are sent, sent once, and asked about when in doubt."""

from marketpulse.execution.engine import Execution
from marketpulse.execution.lifecycle import IllegalStep
from marketpulse.execution.parse import read_order

__all__ = ["Execution", "IllegalStep", "read_order"]
