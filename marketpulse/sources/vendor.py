"""From a vendor's exceptions to ours, by a table that a test can read."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from marketpulse.errors import ProviderError

__all__ = ["ErrorTable", "translated"]

ErrorTable = Sequence[tuple[type[Exception], Callable[[Exception], ProviderError]]]
"""(vendor's class, how to say it), specific classes before their parents."""


@contextmanager
def translated(table: ErrorTable) -> Iterator[None]:
    """Raise, instead of a vendor's exception, what the first fitting line of ``table`` makes of it."""
    try:
        yield
    except tuple(kind for kind, _ in table) as error:
        raise next(say(error) for kind, say in table if isinstance(error, kind)) from None
