"""MarketPulse: the trading desk that one person runs on their own machine."""

__all__ = ["__version__"]

__version__ = "0.4.0"
