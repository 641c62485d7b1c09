"""The REST door: market data for this machine, trading for who holds the token."""

from marketpulse.api.application import build, routes
from marketpulse.api.closing import closing_on_signal
from marketpulse.api.facade import Facade
from marketpulse.api.gate import Gate, is_loopback
from marketpulse.api.token import api_token

__all__ = ["Facade", "Gate", "api_token", "build", "closing_on_signal", "is_loopback", "routes"]
