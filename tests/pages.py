"""A small knowledge base over the tiny encoders, for tests of services and of the app."""

from functools import cache

from adapp.auxiliary.page_keys import load_key_encoder
from adapp.core.settings import Settings
from adapp.knowledge.pages import Page, Section
from adapp.reasoning.choose import ReasonerOptions, choose
from adapp.services.explaining import Explainer
from adapp.services.knowledge_pages import bundled_entries
from adapp.services.page_library import PageLibrary
from adapp.services.page_locks import entry_locks

OBJECTS = ("sheet metal", "bottle")

OWN_PAGE = """---
object: plate
type: scratch
---
# Scratches on our plates

Station 4 scratches plates when its rubber lip is worn.

## Causes

- A worn rubber lip at station 4
"""


def page(page_id="bottle/crack", title="Crack", origin="bundled", text="Text.", **more):
    """Return a page with one section."""
    given = {
        "kind": "defect",
        "object": "bottle",
        "defect_type": "crack",
        "canonical": "crack",
        "sections": (Section("", (text,), points=False),),
        "sources": ("a source",),
        "licence": "Apache-2.0",
    }
    return Page(id=page_id, title=title, origin=origin, **{**given, **more})


@cache
def encoder():
    return load_key_encoder("tiny", Settings())


@cache
def _indexed():
    entries = tuple(entry for entry in bundled_entries() if entry.object in OBJECTS)
    return entries, entry_locks(entries, encoder())


def tiny_library(settings=None, **more):
    """Return a library of a few of the project's pages; indexed once a process."""
    return PageLibrary(encoder(), *_indexed(), settings=settings, **more)


def explainer(settings=None, reasoner=None):
    """Return an explainer that answers with the evidence report, or with ``reasoner``."""
    library = tiny_library(settings)
    return Explainer(
        "tiny",
        library=lambda: library,
        reasoner=lambda: reasoner or choose("evidence", ReasonerOptions()),  # a ``Choice``
    )
