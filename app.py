"""The entry: ``streamlit run app.py`` opens the desk, then serves its pages and its REST API on one port."""

import logging
import secrets
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config

from marketpulse import api, cli, desk, settings, telegram
from marketpulse.errors import MarketPulseError
from marketpulse.meter import Meter

_PORT = 8501


def _refuse(sentence: object) -> SystemExit:
    """End the start with one sentence: the server would add a traceback to it."""
    logging.getLogger("uvicorn.error").disabled = True
    sys.stderr.write(f"MarketPulse does not start: {sentence}\n")
    return SystemExit(3)


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    """The desk is born with the server, before any browser, and closed with it."""
    try:
        opened = desk.Desk.open(loaded, url)
    except MarketPulseError as error:
        raise _refuse(error) from None
    sys.stderr.write(f"MarketPulse is open at {url}\n")
    with opened, api.closing_on_signal(closing):
        telegram.attach(opened, loaded.settings)
        yield


address, port = st.get_option("server.address"), int(st.get_option("server.port"))
if not api.is_loopback(address):
    raise _refuse(
        f"it has no login yet, so it listens on 127.0.0.1 only, not on {address or 'every address'}."
    )
loaded = settings.load()
if port != _PORT and not config.is_manually_set("server.port"):  # Streamlit went on to the next free one
    running = cli.running_sentence(loaded.settings.data_dir)
    raise _refuse(running or f"port {_PORT} is busy; choose another with --server.port.")
url = f"http://{f'[{address}]' if ':' in address else address}:{port}"
closing = threading.Event()
try:
    token = api.api_token(loaded.settings.data_dir)
except MarketPulseError:
    # Nobody can read it then, so REST stays shut; the desk itself says what is wrong with the folder.
    token = secrets.token_urlsafe(32)
logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
rest = api.build(token, desk.current, closing, Meter().fault)
app = st.App(
    Path(__file__).parent / "pages" / "shell.py",
    lifespan=_lifespan,
    routes=api.routes(rest),
    middleware=[Middleware(api.Gate)],
)
