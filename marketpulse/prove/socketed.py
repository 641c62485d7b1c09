"""The venue behind a socket, in threads of its own process, so that it outlives a killed desk."""

import json
import random
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from marketpulse.clock import WallClock
from marketpulse.errors import Uncertain
from marketpulse.prove.venue import Luck, Said, Venue

__all__ = ["GRACE", "SocketWire", "VenueServer"]

GRACE = 0.25
"""Seconds after which "not found" is final; the venue accepts at most 0.1 s late."""


class VenueServer:
    """One venue at one address; ``venue`` may be looked into while nobody trades."""

    def __init__(self, path: Path, seed: int, luck: Luck, grace: float = GRACE) -> None:
        self._promise = 0.9 * grace
        self.venue = Venue(random.Random(seed), luck, self._later, WallClock().now)
        self._lock = threading.Lock()
        self._closing = False
        self._timers: list[threading.Timer] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept nobody any more."""
        self._closing = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.calm()

    def calm(self) -> None:
        """Wait for the late accepts that are under way."""
        for timer in self._timers:
            timer.join(1)
        self._timers.clear()

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        clock = WallClock()
        latest = clock.monotonic() + self._promise

        def locked() -> None:
            with self._lock:
                if clock.monotonic() < latest:  # a busy machine must not break the venue's own promise
                    call()

        timer = threading.Timer(seconds, locked)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection, connection.makefile("rwb") as stream:
            for line in stream:
                with self._lock:
                    answer = self.venue.answer(json.loads(line))
                if answer is None:
                    return
                stream.write(json.dumps(answer).encode() + b"\n")
                stream.flush()


class SocketWire:
    """Carries requests to the venue at ``path``; a connection that fails leaves them uncertain."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stream: Any = None

    def __call__(self, asked: Said) -> Said | None:
        """Carry one request."""
        try:
            if self._stream is None:
                connection = socket.socket(socket.AF_UNIX)
                connection.settimeout(2)
                connection.connect(self._path)
                self._stream = connection.makefile("rwb")
                connection.close()  # the stream keeps it open
            self._stream.write(json.dumps(asked).encode() + b"\n")
            self._stream.flush()
            line = self._stream.readline()
        except OSError as error:
            self._stream = None
            raise Uncertain(f"connection failed: {type(error).__name__}") from None
        if not line:
            self._stream = None
            return None
        answer: Said = json.loads(line)
        return answer
