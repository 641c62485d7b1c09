"""What the parts of a live feed share."""

from dataclasses import dataclass

from marketpulse.market.isolation import Isolation
from marketpulse.market.keeping import Keeping
from marketpulse.market.routes import Routes
from marketpulse.market.state import State
from marketpulse.market.thrift import Thrift
from marketpulse.meter import Meter

__all__ = ["Kit"]


@dataclass(frozen=True, slots=True)
class Kit:
    """Whom to ask, what is remembered, where it is written, and who counts; each safe from every thread."""

    routes: Routes
    state: State
    keep: Keeping
    isolation: Isolation
    thrift: Thrift
    meter: Meter
