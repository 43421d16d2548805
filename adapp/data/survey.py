"""What all pictures of a run have to agree on, found picture by picture in bounded memory."""

from dataclasses import dataclass
from pathlib import Path

from adapp.core.errors import BadImage
from adapp.data.header import Header
from adapp.data.paths import safe_name
from adapp.data.picture import measure_samples
from adapp.data.window import SampleKind, SampleStatistics, Window, fit_window


@dataclass(frozen=True, slots=True)
class Agreement:
    """What holds for every picture of a run.

    Attributes:
        window: The window of all deep pictures; None if there are none.
        kind: Their kind of samples; None if there are none.
        notes: What holds for the run as a whole, one sentence each.
    """

    window: Window | None = None
    kind: SampleKind | None = None
    notes: tuple[str, ...] = ()

    def check(self, path: Path, header: Header) -> None:
        """Let a picture pass that one window can serve together with the others.

        Raises:
            BadImage: If its samples are of another kind than those of the run.
        """
        if header.deep is None or header.deep == self.kind:
            return
        msg = (
            f"{safe_name(path)}: it holds {header.deep} samples, but the "
            f"first deep picture of the run holds {self.kind} samples, and one window cannot serve "
            "both. Save all pictures of a run in the same way."
        )
        raise BadImage(msg)


class Survey:
    """Gathers the agreement of a run; its memory does not grow with the pictures."""

    def __init__(self) -> None:
        self._kind: SampleKind | None = None
        self._pooled: SampleStatistics | None = None
        self._deep: set[bool] = set()

    def take(self, path: Path, header: Header) -> None:
        """Let one picture have its say; deep ones are decoded for it.

        Raises:
            BadImage: If it cannot share the window of those before it, or cannot be decoded.
        """
        if header.deep is not None:
            self._kind = self._kind or header.deep
            Agreement(kind=self._kind).check(path, header)
            measured = measure_samples(path)
            if measured is not None:
                self._pooled = _pooled(self._pooled, measured)
        self._deep.add(header.deep is not None)

    def agreement(self) -> Agreement:
        """Return what the pictures taken so far agree on."""
        window = fit_window([self._pooled]) if self._pooled else None
        notes: list[str] = []
        if window is not None:
            notes.append(
                f"Pictures of more than 8 bits are shown and scored with one window, {window} "
                f"({window.origin}), for support and query alike."
            )
        if len(self._deep) == 2:
            notes.append(
                "The run mixes 8-bit with deeper pictures; their brightness may not be comparable."
            )
        return Agreement(window, self._kind, tuple(notes))


def _pooled(before: SampleStatistics | None, new: SampleStatistics) -> SampleStatistics:
    """Return statistics that give ``fit_window`` what both together would."""
    if before is None:
        return new
    return SampleStatistics(
        kind=before.kind,
        low=min(before.low, new.low),
        high=max(before.high, new.high),
        tail_low=min(before.tail_low, new.tail_low),
        tail_high=max(before.tail_high, new.tail_high),
    )
