"""Where this machine keeps a Chromium, and how the tests start it."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def required() -> bool:
    """Whether a missing Chromium is a failure, as on a build machine."""
    return os.environ.get("MP_TEST_REQUIRE_BROWSER") == "1"


def find() -> str | None:
    """The program's path; ``MP_TEST_CHROMIUM`` names another one."""
    named = os.environ.get("MP_TEST_CHROMIUM")
    if named is not None:
        return named if Path(named).is_file() else None
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in found if path), None) or next(
        (p for p in PLACES if Path(p).is_file()), None
    )
