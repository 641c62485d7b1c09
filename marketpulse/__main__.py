"""``python -m marketpulse``: the desk from a terminal."""

import sys

from marketpulse.cli import main

if __name__ == "__main__":
    sys.exit(main())
