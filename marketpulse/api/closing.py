"""Tell open streams that the process shall end, before the server waits for them.

The server stops only when every response is finished, and a stream never finishes by itself; its
own shutdown hook runs too late, after that wait. So the signal is heard first, then passed on.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["closing_on_signal"]

_NAMES = ("SIGINT", "SIGTERM", "SIGBREAK")


@contextmanager
def closing_on_signal(closing: threading.Event) -> Iterator[None]:
    """Set ``closing`` on the first signal to end, then let the handler that was there do its work.

    Only the main thread hears signals; elsewhere (a test's server) no handler is changed. Leaving
    sets ``closing`` too.
    """
    main = threading.current_thread() is threading.main_thread()
    signals = [getattr(signal, name) for name in _NAMES if main and hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in signals}

    def heard(number: int, frame: FrameType | None) -> None:
        closing.set()
        earlier = before[signal.Signals(number)]
        if callable(earlier):
            earlier(number, frame)

    for number in signals:
        if callable(before[number]):
            signal.signal(number, heard)
    try:
        yield
    finally:
        closing.set()
        for number, earlier in before.items():
            if signal.getsignal(number) is heard:
                signal.signal(number, earlier)
