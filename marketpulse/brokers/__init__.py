"""Venues behind the Broker port."""

from marketpulse.brokers.paper import PaperBroker

__all__ = ["PaperBroker"]
