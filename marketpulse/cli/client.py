"""Ask the running desk over its REST API; every way it can go wrong has one class and one sentence."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx

from marketpulse.cli.finding import NoDesk, Running
from marketpulse.errors import MarketPulseError

__all__ = ["Client", "NoAnswer", "Said"]

_TIMEOUT = 10.0


class Said(MarketPulseError):
    """The desk refused or does not know. Next: read ``code`` and the sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class NoAnswer(MarketPulseError):
    """The desk failed or did not answer in time. Next: look at its log, then ask again."""


class Client:
    """One connection to the desk; use it in a ``with``."""

    def __init__(self, running: Running, transport: httpx.BaseTransport | None = None) -> None:
        self.running = running
        self._http = httpx.Client(
            base_url=running.url,
            headers={"Authorization": f"Bearer {running.token}"},
            timeout=_TIMEOUT,
            trust_env=False,  # a proxy of the environment must never see this machine's own traffic
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        text: bytes | None = None,
    ) -> dict[str, object]:
        """Send one request, with a JSON body or the text of a CSV file, and return the JSON object it answers.

        Raises
        ------
        Said
            The desk said no, with a code.
        NoAnswer
            It failed, or was too slow.
        NoDesk
            Nothing listens there.
        """
        try:
            if text is None:
                reply = self._http.request(method, path, json=body, headers=headers)
            else:
                kind = {"Content-Type": "text/csv; charset=utf-8", **(headers or {})}
                reply = self._http.request(method, path, content=text, headers=kind)
        except httpx.ConnectError:
            pid, url = self.running.pid, self.running.url
            raise NoDesk(
                f"No desk answers at {url} (process {pid} has ended); start it with: python -m marketpulse start"
            ) from None
        except httpx.HTTPError as error:
            raise NoAnswer(f"The desk did not answer ({type(error).__name__}).") from None
        try:
            found = reply.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise NoAnswer(f"{self.running.url} answered {reply.status_code}, but not as a desk does.")
        if reply.is_success:
            return found
        code, sentence = (
            str(found.get("code", reply.status_code)),
            str(found.get("message", "no reason given")),
        )
        if reply.is_server_error:
            raise NoAnswer(f"{code}: {sentence}")
        raise Said(code, sentence)
