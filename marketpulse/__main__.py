"""``python -m marketpulse``: the desk from a terminal."""

import sys

from marketpulse.cli import main

if __name__ == "__main__":
    if sys.argv[1:2] == ["prove"]:
        from marketpulse.prove import main as prove

        sys.exit(prove(sys.argv[2:]))
    sys.exit(main())
