"""Writes the corpus into the folder named on the command line and lists it."""

import sys
from pathlib import Path

from tests.corpus import write

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for case in write(folder):
    sys.stdout.write(f"{case.outcome:7} {case.path.name!r:45} {', '.join(case.words)}\n")
