"""The knowledge base in use: the project's pages and the operator's, indexed once and shared.

Loads the encoders, faiss and scikit-learn: import it late.
"""

import threading
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from adapp.auxiliary.page_keys import KeyEncoder, load_key_encoder, shipped
from adapp.core.detector import Report
from adapp.core.errors import BadPage, UsageError
from adapp.core.results import RgbImage
from adapp.core.settings import Settings
from adapp.data.images import load_image
from adapp.knowledge import store
from adapp.knowledge.entries import Entry
from adapp.knowledge.evidence import ChannelWeights, Keys, Locks, RegionKey, join
from adapp.knowledge.pages import Page
from adapp.knowledge.retriever import Hit, Retrieval, Retriever
from adapp.knowledge.sampling import SamplingConfig
from adapp.knowledge.user_pages import (
    DEFAULT,
    Limits,
    Reading,
    admit,
    read_file,
    read_folder,
)
from adapp.retrieval.index import FlatIndex
from adapp.services.knowledge_pages import bundled_entries
from adapp.services.page_locks import kept_locks, mark_of, page_locks, unpacked
from adapp.services.page_query import MOST_REGIONS, PageQuery, surroundings
from adapp.services.page_shelf import PageShelf, index_folder


@dataclass(frozen=True, slots=True, eq=False)
class OwnPages:
    """Pages that one session brought, with their locks; nothing of them is on disk."""

    pages: tuple[Page, ...]
    locks: Locks

    def without(self, page_id: str) -> "OwnPages | None":
        """Return them without one page; None if nothing is left."""
        kept = [row for row, page in enumerate(self.pages) if page.id != page_id]
        if not kept:
            return None
        rows = np.array(kept, dtype=np.int64)
        return OwnPages(tuple(self.pages[row] for row in kept), self.locks.rows(rows))


class PageLibrary:
    """Pages that can be searched; sessions share it and bring their own along.

    Args:
        encoder: Makes keys and locks.
        entries: The project's entries.
        locks: Their locks, in the same order.
        added: The operator's own index, if there is one.
        settings: Where drawn pages are kept.
        weights: How much each channel counts.
        trained_on: Categories whose pictures taught the encoder's projection.
    """

    def __init__(
        self,
        encoder: KeyEncoder,
        entries: Sequence[Entry],
        locks: Locks,
        *,
        added: store.Stored | None = None,
        settings: Settings | None = None,
        weights: ChannelWeights | None = None,
        trained_on: Sequence[str] = (),
    ) -> None:
        self.trained_on = tuple(trained_on)
        self._encoder = encoder
        self.shelf = PageShelf(entries, () if added is None else added.pages, settings)
        own = self.shelf.pages[: len(entries)]
        retriever = Retriever(own, locks, FlatIndex, weights)
        if added is not None and added.pages:
            retriever = retriever.with_pages(added.pages, added.locks)
        self._retriever = retriever

    @property
    def encoder(self) -> KeyEncoder:
        """What makes keys and locks."""
        return self._encoder

    @property
    def pages(self) -> tuple[Page, ...]:
        """All pages but those of sessions."""
        return self.shelf.pages

    def keys(self, query: PageQuery) -> Keys:
        """Return what is asked for as vectors; pictures are encoded in one batch."""
        regions = query.regions[:MOST_REGIONS]
        picture = query.picture
        boxes = [] if picture is None else [one.box for one in regions if one.box is not None]
        shown = [] if picture is None else [picture, *(surroundings(picture, b) for b in boxes)]
        vectors = list(self._encoder.pictures(shown)) if shown else []
        whole = vectors.pop(0) if vectors else None
        looks = []
        for one in regions:
            crop = vectors.pop(0) if one.box is not None and vectors else None
            looks.append(RegionKey(crop, dict(one.types)))
        text = self._encoder.sentences([query.text])[0] if query.text.strip() else None
        return Keys(whole, text, tuple(looks))

    def search(
        self,
        query: PageQuery,
        own: OwnPages | None = None,
        sampling: SamplingConfig | None = None,
    ) -> Retrieval:
        """Return the pages that answer ``query``, best first.

        Where its text names a part that pages tell of, those pages come first, one of each
        defect type before another of the same (``SamplingConfig.apart``).

        Raises:
            BadPage: If no page can be compared with it.
        """
        return self.find(self.keys(query), own, sampling, self.shelf.parts_in(query.text))

    def find(
        self,
        keys: Keys,
        own: OwnPages | None = None,
        sampling: SamplingConfig | None = None,
        parts: Set[str] = frozenset(),
    ) -> Retrieval:
        """Return the pages that answer ``keys`` about ``parts``, best first.

        Raises:
            BadPage: If no page can be compared with them.
        """
        retriever = self._retriever
        if own is not None:
            retriever = retriever.with_pages(own.pages, own.locks)
        if parts:
            sampling = replace(sampling or SamplingConfig(), apart=True)
        return retriever.retrieve(keys, sampling, parts)

    def ranked(self, query: PageQuery, own: OwnPages | None = None) -> tuple[Hit, ...]:
        """Return every page that can be compared with ``query``, best first.

        Raises:
            BadPage: If none can.
        """
        count = len(self.pages) + (0 if own is None else len(own.pages))
        found = self.search(query, own, SamplingConfig(budget=count, strategy="topk"))
        return tuple(sorted(found.hits, key=lambda hit: hit.rank))

    def read(
        self, files: Sequence[Path], held: OwnPages | None = None, limits: Limits = DEFAULT
    ) -> OwnPages:
        """Return a session's pages after ``files`` came in, in the order given.

        Raises:
            BadPage: If a file is no page, or the session would hold too many.
            BadImage: If a picture cannot be read.
        """
        before = () if held is None else held.pages
        new = [page for path in files for page in read_file(path, _pixels, limits=limits)]
        pages = admit(before, new, limits)
        known = {page.id for page in before}
        fresh = [page for page in pages if page.id not in known]
        if held is None:
            return OwnPages(pages, page_locks(pages, self._encoder))
        if not fresh:
            return held
        return OwnPages((*before, *fresh), join([held.locks, page_locks(fresh, self._encoder)]))


def _pixels(path: Path) -> RgbImage:
    return load_image(path).pixels


_loading = threading.Lock()


def library(preset: str, settings: Settings | None = None) -> PageLibrary:
    """Return the library of a preset: loaded once a process, then shared.

    Raises:
        UsageError: If the preset does not exist.
        ModelUnavailable: If its weights are not on this machine.
        BadPage: If the pages or the operator's index are damaged.
    """
    with _loading:
        return _library(preset, settings or Settings())


@cache
def _library(preset: str, settings: Settings) -> PageLibrary:
    return load_library(preset, settings)


def load_library(
    preset: str, settings: Settings, *, own_index: bool = True, report: Report | None = None
) -> PageLibrary:
    """Return the library of a preset, newly loaded.

    Args:
        preset: Whose encoders to use.
        settings: Folders to look in.
        own_index: Whether the operator's index is searched too.
        report: Told how far indexing is, where it has to be done.

    Raises:
        UsageError: If the preset does not exist.
        ModelUnavailable: If its weights are not on this machine.
        BadPage: If the pages or the operator's index are damaged.
    """
    checkpoint = shipped(preset, settings)
    encoder = load_key_encoder(preset, settings, checkpoint)
    entries = bundled_entries()
    if checkpoint is not None and checkpoint.card.get("pages") == mark_of(entries):
        arrays = {
            name.removeprefix("locks."): held.numpy()
            for name, held in checkpoint.state.items()
            if name.startswith("locks.")
        }
        locks = unpacked(arrays, tuple(entry.canonical for entry in entries))
    else:
        locks = kept_locks(entries, encoder, settings.cache_dir / "knowledge", report)
    added = operator_index(index_folder(preset, settings), encoder) if own_index else None
    told = [] if checkpoint is None else checkpoint.card.get("trained_on", [])
    return PageLibrary(
        encoder,
        entries,
        locks,
        added=added,
        settings=settings,
        trained_on=[str(name) for name in told] if isinstance(told, list) else (),
    )


def operator_index(folder: Path, encoder: KeyEncoder) -> store.Stored | None:
    """Return the operator's own pages; None if there are none.

    Raises:
        BadPage: If their index is damaged or was made with other encoders.
    """
    return store.load(folder, encoder.identity) if folder.is_dir() else None


def add_to_index(files: Sequence[Path], folder: Path, encoder: KeyEncoder) -> tuple[Page, ...]:
    """Put the pages of ``files`` into the operator's index for good; return the new ones.

    Raises:
        BadPage: If a file is no page, or the index cannot be read or written.
        BadImage: If a picture cannot be read.
    """
    held = operator_index(folder, encoder)
    read = [page for path in files for page in read_file(path, _pixels, origin="index")]
    known = {page.id for page in held.pages} if held is not None else set()
    fresh = tuple({page.id: page for page in read if page.id not in known}.values())
    if not fresh:
        return ()
    if held is None:
        write_index(folder, fresh, encoder)
    else:
        locks = join([held.locks, page_locks(fresh, encoder)])
        write_index(folder, (*held.pages, *fresh), encoder, locks)
    return fresh


def write_index(
    folder: Path, pages: Sequence[Page], encoder: KeyEncoder, locks: Locks | None = None
) -> None:
    """Write the operator's index anew.

    Args:
        folder: See ``index_folder``.
        pages: All its pages, at least one.
        encoder: Makes locks.
        locks: Of the pages, where they are known.

    Raises:
        BadPage: If it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder.parent}: cannot be made ({error.strerror}). Set ADAPP_KNOWLEDGE."
        raise BadPage(msg) from error
    store.save(
        folder, pages, page_locks(pages, encoder) if locks is None else locks, encoder.identity
    )


def rebuilt_index(folder: Path, encoder: KeyEncoder, source: Path | None = None) -> Reading | None:
    """Index the operator's pages anew for ``encoder``; return them, None if there are none.

    Args:
        folder: See ``index_folder``.
        encoder: Makes locks.
        source: Folder of files; None takes the pages that the index holds.

    Raises:
        BadPage: If the files or the index cannot be read or written, or no page is left.
        UsageError: If ``source`` is no folder.
    """
    if source is None:
        if not folder.is_dir():
            return None
        found = Reading(store.load_pages(folder), ())
    else:
        if not source.is_dir():
            msg = f"{source} is no folder: give --folder one that holds pages."
            raise UsageError(msg)
        found = read_folder(source, _pixels)
    if not found.pages:
        msg = f"No page could be read: {found.refused[0].reason}" if found.refused else "No page."
        raise BadPage(msg)
    write_index(folder, found.pages, encoder)
    return found
