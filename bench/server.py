"""From the command to the first chart, a reload, and the server's memory with one browser.

Starts ``streamlit run app.py`` on a replay in a folder of its own and opens it in Chromium. The
browser is started beforehand; the clock runs from the server's start to the moment the chart's
canvas holds coloured candles. "Cold" is a new server process and a new browser profile; compiled
files (.pyc) are there, since a first start that is not counted made them.

Memory is read from /proc, so on Linux only. Run from the project's folder:
``python -m bench.server``.
"""

import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Error, Page, sync_playwright

from bench.table import Row, show

ROOT = Path(__file__).parents[1]
CHROMIUM = os.environ.get("MP_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
OK = 200
TRAINED_WITHIN = 240.0

# A canvas of the chart, in whatever shadow root it lives, that holds 200 clearly coloured pixels.
PAINTED = """() => {
  const found = [];
  const look = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.tagName === "CANVAS") found.push(node);
      if (node.shadowRoot) look(node.shadowRoot);
    }
  };
  look(document);
  return found.some((canvas) => {
    if (canvas.width < 300 || canvas.height < 150) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let coloured = 0;
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] > 200 && Math.abs(data[i] - data[i + 1]) > 60) coloured++;
    return coloured > 200;
  });
}"""


class Server:
    """One server process on one data folder."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.started = time.perf_counter()
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        own = {"MARKETPULSE_FEED": "replay", "MARKETPULSE_DATA_DIR": str(folder / "data")}
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MARKETPULSE_")}
        self.log = folder / "server.out"
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, env=clean | own, stdout=out, stderr=out)

    def wait(self) -> None:
        """Until /health answers."""
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            with suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=5).status_code == OK:
                    return
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def megabytes(self) -> float:
        """Resident memory of the server process itself."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def children(self) -> list[str]:
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [child for task in tasks for child in task.read_text().split()]


def painted(page: Page, since: float) -> float:
    """Seconds from ``since`` until the chart holds candles."""
    page.wait_for_function(PAINTED, timeout=60_000, polling=50)
    return time.perf_counter() - since


def first_paint(browser: Browser, server: Server) -> tuple[Page, float, float]:
    """Seconds from the server's start to its first answer, and to the first chart."""
    server.wait()
    up = time.perf_counter() - server.started
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(f"http://127.0.0.1:{server.port}/", wait_until="commit")
    return page, up, painted(page, server.started)


def reloads(page: Page, times: int = 5) -> list[float]:
    found = []
    for _ in range(times):
        start = time.perf_counter()
        page.reload(wait_until="commit")
        found.append(painted(page, start))
        page.wait_for_timeout(500)
    return found


def trained(server: Server) -> float | None:
    """Wait until the training process has come and gone; seconds, or None when it was never seen."""
    start, seen = time.perf_counter(), False
    while time.perf_counter() - start < TRAINED_WITHIN:
        alive = bool(server.children())
        seen = seen or alive
        if seen and not alive:
            time.sleep(2)
            return time.perf_counter() - start
        if not seen and time.perf_counter() - start > 30:
            return None
        time.sleep(0.25)
    return None


def measure() -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as one, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        warm = Server(Path(one))
        try:
            first_paint(browser, warm)
        finally:
            warm.stop()
        fresh = _session(browser, rows, "new data folder", memory=True)
        _session(browser, rows, "data folder of before", folder=fresh, reload=True)
        fresh.cleanup()
        browser.close()
    return rows


def _session(browser, rows, label, folder=None, *, reload=False, memory=False):
    folder = folder or tempfile.TemporaryDirectory()
    server = Server(Path(folder.name))
    try:
        page, up, seconds = first_paint(browser, server)
        rows.append(
            Row(f"start to first chart, {label}", seconds, "s", 8.0, note=f"/health after {up:.2f} s")
        )
        ended = trained(server) if memory else None
        if reload:
            many = reloads(page)
            rows.append(
                Row(
                    "reload to chart", statistics.median(many), "s", 1.5, note=f"worst {max(many):.2f} s of 5"
                )
            )
        if memory:
            note = "training not seen" if ended is None else f"training ended after {ended:.0f} s"
            rows.append(Row("server memory with one browser", server.megabytes(), "MB", 700.0, note=note))
        page.context.close()
    finally:
        server.stop()
    return folder


if __name__ == "__main__":
    try:
        show(measure())
    except (Error, RuntimeError) as fault:
        sys.exit(str(fault))
