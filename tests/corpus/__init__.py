"""A folder of odd, broken and hostile picture files, each with its decided result.

``python -m tests.corpus FOLDER`` writes the files and prints what is expected of each.
"""

from pathlib import Path

from tests.corpus import broken, deep, odd
from tests.corpus.case import Case, Corpus


def write(folder: Path) -> tuple[Case, ...]:
    """Write the corpus into an existing folder and return its cases."""
    corpus = Corpus(folder)
    for part in (*odd.PARTS, *broken.PARTS, *deep.PARTS):
        part(corpus)
    return tuple(corpus.cases)
