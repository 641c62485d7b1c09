"""The REST door: market data for this machine, trading for who holds the token."""

from marketpulse.api.application import build, routes
from marketpulse.api.facade import Facade
from marketpulse.api.gate import Gate
from marketpulse.api.token import api_token

__all__ = ["Facade", "Gate", "api_token", "build", "routes"]
