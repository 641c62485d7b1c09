"""What the desk says of itself: logs, faults and counts, without a secret in them."""

from marketpulse.meter.faults import Meter
from marketpulse.meter.logs import configure

__all__ = ["Meter", "configure"]
