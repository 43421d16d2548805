"""Files by which a test tells a running app something; neither side sees half of one.

The app looks at them between two system calls of the test, so a file is there whole or not at
all, and one that goes away while it is read counts as gone.
"""

from contextlib import contextmanager


@contextmanager
def noted(path, text=""):
    """Keep a file with ``text`` at ``path`` until the block ends."""
    unseen = path.with_name(f"{path.name}.unseen")
    unseen.write_text(text)
    unseen.replace(path)
    try:
        yield
    finally:
        path.unlink()


def read(path):
    """Return what was noted at ``path``; None if nothing is."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
