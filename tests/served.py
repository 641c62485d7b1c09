"""The real desk as a process of its own: start it, ask it, kill it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """One ``streamlit run app.py`` on a data folder; ``start`` may be called again after a kill."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("MARKETPULSE_")},
            "MARKETPULSE_FEED": "replay",
            "MARKETPULSE_DATA_DIR": str(folder / "data"),
            "PYTHONWARNINGS": "default",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]

    def start(self, wait: float = 60.0) -> "Served":
        with (self.folder / "server.out").open("ab") as output:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.folder / "server.out").read_text()
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health", timeout=2).status_code == 200:
                    return self
            time.sleep(0.1)
        raise AssertionError((self.folder / "server.out").read_text())

    @property
    def token(self) -> str:
        return (self.folder / "data" / "api-token").read_text().strip()

    def get(self, path: str, **kwargs) -> httpx.Response:
        return httpx.get(self.url + path, headers=self.headers(), timeout=10, **kwargs)

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **more}

    def order(self, key: str, **body: str) -> httpx.Response:
        return httpx.post(
            f"{self.url}/api/v1/orders",
            headers=self.headers(**{"Idempotency-Key": key}),
            json={"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "10", **body},
            timeout=10,
        )

    def until(self, path: str, holds, wait: float = 20.0):
        """Ask until ``holds(answer)`` and return the answer."""
        deadline = time.monotonic() + wait
        while True:
            answer = self.get(path).json()
            if holds(answer):
                return answer
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)
