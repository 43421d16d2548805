"""All pictures of one run: support and query behind one gate and one intensity window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from adapp.core.errors import BadImage
from adapp.data.header import Header
from adapp.data.likeness import Fingerprint, are_near_duplicates, fingerprint, scale_flags
from adapp.data.paths import safe_name
from adapp.data.picture import LoadedImage, inspect_file, load_image
from adapp.data.survey import Agreement, Survey
from adapp.data.window import Window

Role: TypeAlias = Literal["support", "query"]

MAX_RUN_PIXELS = 800_000_000  # decoded pixels that load_run holds at once: 2.4 GB


@dataclass(frozen=True, slots=True)
class Rejection:
    """A file that did not pass, with the sentence to show for it."""

    path: Path
    role: Role
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Intake:
    """The pictures of one run.

    Attributes:
        support: Accepted and flagged support pictures, in the order given.
        query: Accepted and flagged query pictures, in the order given.
        rejected: Files left out, each with its reason.
        window: The window of all deep pictures; None if the run has only 8-bit pictures.
        notes: What holds for the run as a whole, one sentence each.
    """

    support: tuple[LoadedImage, ...]
    query: tuple[LoadedImage, ...]
    rejected: tuple[Rejection, ...]
    window: Window | None
    notes: tuple[str, ...]


def load_run(support_paths: Sequence[Path], query_paths: Sequence[Path]) -> Intake:
    """Return every picture of a run, decoded; files that fail are rejected one by one.

    At most ``MAX_RUN_PIXELS`` are held and pictures beyond that are rejected. For long folders
    use ``RunReader``, which hands out one query at a time.
    """
    reader = RunReader(support_paths, query_paths)
    query: list[LoadedImage] = []
    rejected = list(reader.rejected)
    held = sum(_area(image.original_size) for image in reader.support)
    for item in reader.queries(room=MAX_RUN_PIXELS - held):
        if isinstance(item, Rejection):
            rejected.append(item)
        else:
            query.append(item)
    return Intake(reader.support, tuple(query), tuple(rejected), reader.window, reader.notes)


@dataclass(slots=True)
class _Candidate:
    """A file on its way in: its header, or the reason why it goes no further."""

    path: Path
    role: Role
    header: Header | None = None
    reason: str = ""

    def reject(self, reason: str) -> None:
        self.header, self.reason = None, reason


class RunReader:
    """The support of a run, loaded, and its queries one at a time.

    The constructor reads every header, fits the one window of the run to the samples of all
    deep pictures and loads the support. ``queries`` then decodes query by query, so that a
    folder of any length needs the memory of one picture. Where even the list of queries is too
    long to hold, an agreement found before stands for it, and ``query`` reads any one of them.

    Args:
        support_paths: Files of normal pictures.
        query_paths: Files to inspect; none where ``query`` is to read them.
        agreement: What all pictures of the run agree on, if it is known already.

    Attributes:
        support: Accepted and flagged support pictures, in the order given.
        rejected: Support files left out; rejected queries come out of ``queries``.
        window: The window of all deep pictures; None if there are none.
        notes: What holds for the run as a whole, one sentence each.
    """

    def __init__(
        self,
        support_paths: Sequence[Path],
        query_paths: Sequence[Path],
        agreement: Agreement | None = None,
    ) -> None:
        support = [_inspected(path, "support") for path in support_paths]
        self._queries = [_inspected(path, "query") for path in query_paths]
        candidates = support + self._queries
        self._agreement = _settle(candidates, agreement)
        self.window = self._agreement.window
        self.notes = self._agreement.notes
        self._reference = next((c for c in candidates if c.header), None)
        self._support_prints: list[tuple[str, Fingerprint]] = []
        loaded: list[LoadedImage] = []
        rejected: list[Rejection] = []
        room = MAX_RUN_PIXELS
        for candidate in support:
            item = self._load(candidate, room)
            if isinstance(item, Rejection):
                rejected.append(item)
                continue
            room -= _area(item.original_size)
            loaded.append(self._compared(item, "support", self._support_prints))
        self._sizes = [image.original_size for image in loaded]
        self.support = tuple(
            _flagged(
                image, scale_flags(image.original_size, self._sizes[:i] + self._sizes[i + 1 :])
            )
            for i, image in enumerate(loaded)
        )
        self.rejected = tuple(rejected)

    def queries(self, room: int | None = None) -> Iterator[LoadedImage | Rejection]:
        """Yield each query in the order given, decoded, or the rejection that stands for it.

        Args:
            room: Pixels that may still be handed out before the rest is rejected; None for a
                caller that lets go of each picture before it takes the next.
        """
        prints: list[tuple[str, Fingerprint]] = []
        for candidate in self._queries:
            item = self._load(candidate, room)
            if isinstance(item, LoadedImage):
                room = None if room is None else room - _area(item.original_size)
                item = self._compared(item, "query", prints)
                item = _flagged(item, scale_flags(item.original_size, self._sizes))
            yield item

    def query(self, path: Path) -> LoadedImage | Rejection:
        """Return one query, decoded; its flags tell its likeness to the support alone."""
        candidate = _inspected(path, "query")
        _settle([candidate], self._agreement)
        item = self._load(candidate, None)
        if isinstance(item, Rejection):
            return item
        item = self._compared(item, "query", [])
        return _flagged(item, scale_flags(item.original_size, self._sizes))

    def _load(self, candidate: _Candidate, room: int | None) -> LoadedImage | Rejection:
        header = candidate.header
        if header is None:
            return Rejection(candidate.path, candidate.role, candidate.reason)
        if room is not None and header.width * header.height > room:
            reason = (
                f"{safe_name(candidate.path)}: the run already holds all the pixels it can "
                f"({MAX_RUN_PIXELS // 10**6} megapixels). Inspect it in another run."
            )
            return Rejection(candidate.path, candidate.role, reason)
        try:
            image = load_image(candidate.path, self.window)
        except BadImage as error:
            return Rejection(candidate.path, candidate.role, str(error))
        return _flagged(image, _depth_flags(header, self._reference))

    def _compared(
        self, image: LoadedImage, role: Role, earlier: list[tuple[str, Fingerprint]]
    ) -> LoadedImage:
        """Return the picture with its likeness to pictures before it, and remember its own."""
        own = fingerprint(image.pixels)
        flags: list[str] = []
        for name, other in self._support_prints:
            if are_near_duplicates(own, other):
                effect = (
                    "it adds no new normal variation"
                    if role == "support"
                    else "its score says little"
                )
                flags.append(f"Nearly identical to support picture {name}: {effect}.")
                break
        if role == "query":
            twin = next((n for n, other in earlier if are_near_duplicates(own, other)), None)
            if twin is not None:
                flags.append(f"Nearly identical to query picture {twin}.")
        earlier.append((image.name, own))
        return _flagged(image, tuple(flags))


def _inspected(path: Path, role: Role) -> _Candidate:
    try:
        return _Candidate(path, role, inspect_file(path))
    except BadImage as error:
        return _Candidate(path, role, reason=str(error))


def _settle(candidates: Sequence[_Candidate], known: Agreement | None) -> Agreement:
    """Return what the candidates agree on, or what was known before; others are rejected."""
    survey = Survey()
    check = survey.take if known is None else known.check
    for candidate in candidates:
        if candidate.header is None:
            continue
        try:
            check(candidate.path, candidate.header)
        except BadImage as error:
            candidate.reject(str(error))
    return survey.agreement() if known is None else known


def _depth_flags(header: Header, reference: _Candidate | None) -> tuple[str, ...]:
    if reference is None or reference.header is None:
        return ()
    if (header.deep is None) == (reference.header.deep is None):
        return ()
    flag = (
        f"It has {header.bit_depth} bits per sample, but {safe_name(reference.path)} has "
        f"{reference.header.bit_depth}; their brightness may not be comparable."
    )
    return (flag,)


def _flagged(image: LoadedImage, flags: tuple[str, ...]) -> LoadedImage:
    return replace(image, flags=image.flags + flags) if flags else image


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]
