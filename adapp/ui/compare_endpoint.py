"""The public endpoint that compares methods: the same run and files as the Compare tab."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapp.services.comparison import CompareRequest, compare, drain_comparison
from adapp.services.comparison_figure import write_comparison
from adapp.services.comparison_table import report
from adapp.services.ground_truth import read_truths
from adapp.ui.app_services import AppServices
from adapp.ui.compare_run import check_comparison
from adapp.ui.export_files import cached


class CompareEndpoint:
    """The function behind the endpoint.

    Args:
        services: What the app is built from.
    """

    def __init__(self, services: AppServices) -> None:
        self._pool = services.pool

    def compare(
        self,
        support: list[str] | None,
        query: list[str] | None,
        methods: Sequence[str],
        category: str,
        masks: list[str] | None,
        preset: str,
        checkpoint: str,
        seed: int,
    ) -> tuple[dict[str, Any], list[str]]:
        """Run several methods on the same pictures, on the scale of the normal parts.

        Args:
            support: Pictures of normal parts, 1 to 16; zero-shot methods need none.
            query: Pictures to inspect.
            methods: Names of the methods; see the methods endpoint.
            category: Name of the part; may be empty. Methods with prompts ask about it.
            masks: True masks, each named like its picture with _mask at the end; may be empty.
            preset: Frozen encoder behind the methods.
            checkpoint: "open" (usable in a plant) or "research" (evaluation only).
            seed: Seed of everything random.

        Returns:
            For each query and method verdict, score, regions, time, memory, training data and,
            with a mask, the metrics in percent; then figure (PNG, PDF) and table (LaTeX, CSV) of
            the first query.
        """
        request = CompareRequest(
            methods=tuple(methods),
            preset=preset,
            checkpoint=checkpoint,
            category=category.strip(),
            support=_paths(support),
            query=_paths(query),
            seed=int(seed),
        )
        check_comparison(request)
        found = drain_comparison(compare(request, self._pool))
        pictures = [one.image for one in found.runs[0].inspection.outcomes]
        truths = read_truths(_paths(masks), pictures)
        with tempfile.TemporaryDirectory(prefix="adapp-compare-") as name:
            files = write_comparison(found, 0, None, truths, Path(name))
            kept = [cached(files[kind]) for kind in ("png", "pdf", "tex", "csv")]
        return report(found, truths), kept


def _paths(files: Sequence[str] | None) -> tuple[Path, ...]:
    return tuple(Path(file) for file in files or ())
