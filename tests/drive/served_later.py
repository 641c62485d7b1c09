"""Streamlit's command line with the desk's wall clock set to another time, for drives that need an open exchange.

``MP_TEST_CLOCK`` is the time at the start, ISO with an offset from UTC; or ``MP_TEST_AHEAD`` says how many seconds it is
ahead of the machine's. Vendors' clients keep the machine's clock.
"""

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from streamlit.web.cli import main

from marketpulse.clock import WallClock

REAL = WallClock.now
AHEAD = (
    timedelta(seconds=float(os.environ["MP_TEST_AHEAD"]))
    if "MP_TEST_AHEAD" in os.environ
    else datetime.fromisoformat(os.environ["MP_TEST_CLOCK"]) - REAL(WallClock())
)


def later(clock):
    return REAL(clock) + AHEAD


WallClock.now = WallClock.wall = later

if __name__ == "__main__":
    sys.exit(main())
