"""``python -m adapp <command>``; see ``python -m adapp --help``."""

import sys

from adapp.cli import main

if __name__ == "__main__":
    sys.exit(main())
