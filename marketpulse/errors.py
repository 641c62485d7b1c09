"""Every error of MarketPulse; the class says what the caller does next.

::

    MarketPulseError
    |- ConfigError            fix a setting
    |- ProviderError          ask the next member of the chain
    |  |- RateLimited         ... and leave this one alone for ``retry_after`` seconds
    |  |- NotEntitled         ... the plan does not cover this; never retry
    |  |- AuthFailed          ... the key is wrong; isolate the provider until it changes
    |  |- UnknownSymbol       ... final only when all members agree
    |  |- NoData              ... final only when all members agree
    |  |- BadData             ... the answer was garbage; it is quarantined
    |  '- Unavailable         ... network, timeout, 5xx
    |- Refused                a rule said no; tell the person (code and sentence)
    |- StorageError           the ledger cannot be trusted or written; halt
    |- Undelivered            a message did not arrive for certain; send it again after ``retry_after``
    '- BrokerError            a venue's answer to an order
       |- Rejected            final: the venue has no such order and never will
       |- Uncertain           nobody knows: ask the venue, never send again
       |- Throttled           not sent; wait ``retry_after`` seconds
       '- AuthExpired         not sent; log in again
"""

__all__ = [
    "AuthExpired",
    "AuthFailed",
    "BadData",
    "BrokerError",
    "ConfigError",
    "MarketPulseError",
    "NoData",
    "NotEntitled",
    "ProviderError",
    "RateLimited",
    "Refused",
    "Rejected",
    "StorageError",
    "Throttled",
    "Unavailable",
    "Uncertain",
    "Undelivered",
    "UnknownSymbol",
]


class MarketPulseError(Exception):
    """The root of the tree; its text is one plain sentence without secrets."""


class ConfigError(MarketPulseError):
    """A setting is missing or wrong. Next: fix the setting it names."""


class ProviderError(MarketPulseError):
    """A data provider did not give a usable answer. Next: ask the next member."""


class RateLimited(ProviderError):
    """The provider's budget is used up. Next: ask others for ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotEntitled(ProviderError):
    """The plan does not include this. Next: never ask this provider for it again."""


class AuthFailed(ProviderError):
    """The key was refused. Next: isolate the provider until the key changes."""


class UnknownSymbol(ProviderError):
    """The provider does not know the symbol. Next: ask the others; final if all agree."""


class NoData(ProviderError):
    """The provider has nothing for the period. Next: ask the others; final if all agree."""


class BadData(ProviderError):
    """The answer failed validation. Next: quarantine it and ask the next member."""


class Unavailable(ProviderError):
    """The provider could not be reached in time. Next: ask the next member."""


class Refused(MarketPulseError):
    """A rule said no. Next: show ``sentence`` to the person; ``code`` is for machines."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class StorageError(MarketPulseError):
    """The ledger cannot be written, or what it holds fails its checks. Next: halt."""


class Undelivered(MarketPulseError):
    """A message may not have arrived. Next: send it again, not before ``retry_after`` seconds; 0 knows no time."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BrokerError(MarketPulseError):
    """A venue did not simply accept. Next: see the subclass."""


class Rejected(BrokerError):
    """The venue refused for good. Next: record the rejection; nothing rests there."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Uncertain(BrokerError):
    """The request may or may not have arrived. Next: ask the venue; never send again."""


class Throttled(BrokerError):
    """The venue turned the request away unread. Next: wait ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AuthExpired(BrokerError):
    """The session ended; nothing was sent. Next: log in again."""
