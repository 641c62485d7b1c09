"""Streamlit's command line with the desk's wall clock set to another time, for drives that need an open exchange.

``MP_TEST_CLOCK`` is the time at the start, ISO with an offset from UTC. Vendors' clients keep the machine's clock.
"""

import os
import sys
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from streamlit.web.cli import main

from marketpulse.clock import WallClock

REAL = WallClock.now
AHEAD = datetime.fromisoformat(os.environ["MP_TEST_CLOCK"]) - REAL(WallClock())


def later(clock):
    return REAL(clock) + AHEAD


WallClock.now = WallClock.wall = later

if __name__ == "__main__":
    sys.exit(main())
