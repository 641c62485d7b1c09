"""A provider's slow first request, made in a thread of its own: nobody waits for the whole of it."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any, TypeVar

from marketpulse.errors import Unavailable

__all__ = ["Warmth"]

T = TypeVar("T")


class Warmth:
    """Let requests through once one has been answered; until then make one at a time, in the background.

    A client that must first fetch a cookie sends several requests in a row; against a server that hangs
    each waits its full time, and every caller would start the same row anew. Here the first caller's
    request goes on in the background however long it takes, and callers wait ``patience`` seconds at
    most. Any answer of the provider, an error too, means warm; a failed connection means cold again.

    Parameters
    ----------
    name : begins the sentence of the error
    patience : seconds, below the guard's deadline, so that no caller is left behind hanging
    """

    def __init__(self, name: str, patience: float) -> None:
        self._name = name
        self._patience = patience
        self._warm = False
        self._first: Future[Any] | None = None
        self._lock = Lock()

    def run(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns; while cold, after ``patience`` seconds at the latest.

        Raises
        ------
        Unavailable
            The first request is still under way, or failed.
        """
        if not self._warm:
            first, ours = self._begin(work)
            try:
                answer: T = first.result(self._patience)
            except TimeoutError:
                raise Unavailable(f"{self._name}: its first request is still under way") from None
            except Exception:
                if ours or not self._warm:
                    raise
            else:
                if ours:
                    return answer
        try:
            return work()
        except Unavailable:
            self._warm = False
            raise

    def _begin(self, work: Callable[[], T]) -> tuple[Future[Any], bool]:
        """Return the request under way, and whether it is the caller's own."""
        with self._lock:
            if self._first is not None:
                return self._first, False
            self._first = Future()
            Thread(
                target=self._make, args=(self._first, work), name=f"warm-{self._name}", daemon=True
            ).start()
            return self._first, True

    def _make(self, first: Future[Any], work: Callable[[], Any]) -> None:
        try:
            answer, error = work(), None
        except Exception as caught:  # noqa: BLE001 (whatever it is, it belongs to the caller)
            answer, error = None, caught
        with self._lock:
            self._warm = not isinstance(error, Unavailable)
            self._first = None
        if error is None:
            first.set_result(answer)
        else:
            first.set_exception(error)
