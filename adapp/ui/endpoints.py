"""The app's promise to programs: named endpoints with typed, documented inputs.

Their files are components, not plain paths, so that a caller can only name files it uploaded.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from adapp.core.detector import SupportSet
from adapp.core.errors import BadImage
from adapp.data.images import load_run
from adapp.methods.registry import METHODS
from adapp.reasoning.question import QUICK_QUESTIONS
from adapp.services.inspection import Inspection, InspectionRequest, drain, inspect
from adapp.services.pool import DetectorKey
from adapp.services.regions import Thresholds
from adapp.ui.app_services import AppServices
from adapp.ui.compare_endpoint import CompareEndpoint
from adapp.ui.errors import told
from adapp.ui.explain_endpoint import ExplainEndpoint
from adapp.ui.export_files import export, report_with_overlays
from adapp.ui.form import problems, refuse, support_problem
from adapp.ui.intake import SUFFIXES
from adapp.ui.named_files import take_texts
from adapp.ui.own_pages import PAGE_FILES
from adapp.ui.queues import MODEL_QUEUE

_HIDDEN: dict[str, Any] = {"visible": False}
"""Each part by itself, not only the row: no browser then loads the script behind it."""


class Endpoints:
    """The functions behind the public endpoints.

    Args:
        services: What the app is built from.
    """

    def __init__(self, services: AppServices) -> None:
        self._services = services

    def methods(self) -> dict[str, Any]:
        """List the anomaly-detection methods: what each needs and what its three maps mean.

        Returns:
            The methods by name, the presets and checkpoints to choose from, and where the model
            computes.
        """
        ready = self._services.warm_up.readiness
        return {
            "methods": {
                info.name: {
                    "title": info.title,
                    "summary": info.summary,
                    "regimes": sorted(info.regimes),
                    "needs_support": info.needs_support,
                    "uses_part_name": info.uses_part_name,
                    "variants": list(info.variants),
                    "maps": dict(info.map_meanings),
                }
                for info in METHODS.values()
            },
            "presets": list(self._services.presets),
            "preset": self._services.preset,
            "preset_reason": self._services.preset_reason,
            "checkpoints": list(self._services.checkpoints),
            "checkpoint": self._services.checkpoint,
            "model": {"state": ready.state, "device": ready.device, "detail": ready.detail},
        }

    def detect(
        self,
        support: list[str] | None,
        query: list[str] | None,
        method: str,
        category: str,
        preset: str,
        checkpoint: str,
        tune: bool,  # noqa: FBT001 - endpoints are called by name
        seed: int,
    ) -> tuple[dict[str, Any], list[str]]:
        """Inspect pictures of parts against pictures of good ones.

        Args:
            support: Pictures of normal parts, 1 to 16; zero-shot methods need none.
            query: Pictures to inspect, 1 to 32.
            method: Name of the method; see the methods endpoint.
            category: Name of the part; may be empty. Methods with prompts ask about it.
            preset: Frozen encoder behind the method.
            checkpoint: "open" (usable in a plant) or "research" (evaluation only).
            tune: Whether to adapt the method to the normal parts first; slower.
            seed: Seed of everything random.

        Returns:
            For each query score, verdict and regions with the nearest normal patch and, with an
            anomalous verdict of a method that names them, probable types of defect; then
            calibration and provenance; and one overlay picture per query, in the same order.
        """
        found = self._run(support, query, method, category, preset, checkpoint, tune, seed)
        return report_with_overlays(found, Thresholds.of(found.calibration))

    def calibrate(
        self,
        support: list[str] | None,
        method: str,
        category: str,
        preset: str,
        checkpoint: str,
        seed: int,
    ) -> dict[str, Any]:
        """Tell which scores the normal pictures reach by themselves and what threshold follows.

        Args:
            support: Pictures of normal parts, 1 to 16; zero-shot methods need none.
            method: Name of the method; see the methods endpoint.
            category: Name of the part; may be empty. Methods with prompts ask about it.
            preset: Frozen encoder behind the method.
            checkpoint: "open" (usable in a plant) or "research" (evaluation only).
            seed: Seed of everything random.

        Returns:
            Scores of the normal pictures, each without itself in the support, both thresholds
            and what they can be trusted for.
        """
        paths = _paths(support)
        refuse((support_problem(method, paths), ""))
        intake = load_run(paths, ())
        if paths and not intake.support:
            raise BadImage(" ".join(item.reason for item in intake.rejected))
        key = DetectorKey(method, preset, checkpoint, seed=int(seed))
        normals = SupportSet(category, [image.pixels for image in intake.support])
        calibration = self._services.pool.fitted(key, normals).calibration()
        return {
            "basis": calibration.basis,
            "n_normals": calibration.n_normals,
            "normal_scores": [float(score) for score in calibration.normal_scores],
            "image_threshold": float(calibration.image_threshold),
            "pixel_threshold": float(calibration.pixel_threshold),
            "note": calibration.note,
            "rejected": {item.path.name: item.reason for item in intake.rejected},
        }

    def export(
        self,
        support: list[str] | None,
        query: list[str] | None,
        method: str,
        category: str,
        preset: str,
        checkpoint: str,
        tune: bool,  # noqa: FBT001 - endpoints are called by name
        seed: int,
    ) -> str:
        """Inspect pictures and pack everything found into one ZIP file.

        Args:
            support: Pictures of normal parts, 1 to 16; zero-shot methods need none.
            query: Pictures to inspect, 1 to 32.
            method: Name of the method; see the methods endpoint.
            category: Name of the part; may be empty. Methods with prompts ask about it.
            preset: Frozen encoder behind the method.
            checkpoint: "open" (usable in a plant) or "research" (evaluation only).
            tune: Whether to adapt the method to the normal parts first; slower.
            seed: Seed of everything random.

        Returns:
            A ZIP of results.json and, per query, base, residual and fused map (.npy, float32)
            and pictures.
        """
        found = self._run(support, query, method, category, preset, checkpoint, tune, seed)
        return export(found, Thresholds.of(found.calibration), "all")

    def _run(
        self,
        support: list[str] | None,
        query: list[str] | None,
        method: str,
        category: str,
        preset: str,
        checkpoint: str,
        tune: bool,  # noqa: FBT001 - as above
        seed: int,
    ) -> Inspection:
        request = InspectionRequest(
            method=method,
            preset=preset,
            checkpoint=checkpoint,
            category=category.strip(),
            support=_paths(support),
            query=_paths(query),
            seed=int(seed),
            tune=tune,
        )
        refuse(problems(method, request.support, request.query))
        return drain(inspect(request, self._services.pool))


def build_endpoints(services: AppServices) -> None:
    """Add the public endpoints to the current ``Blocks``; nothing of them is visible."""
    endpoints = Endpoints(services)
    with gr.Row(**_HIDDEN):
        support, query, masks = (_files(name, SUFFIXES) for name in ("support", "query", "masks"))
        method = gr.Dropdown(list(METHODS), value=next(iter(METHODS)), label="method", **_HIDDEN)
        category = gr.Textbox("", label="category", **_HIDDEN)
        preset = gr.Dropdown(
            list(services.presets), value=services.preset, label="preset", **_HIDDEN
        )
        checkpoint = gr.Dropdown(
            list(services.checkpoints),
            value=services.checkpoint,
            label="checkpoint",
            **_HIDDEN,
        )
        tune = gr.Checkbox(value=False, label="tune", **_HIDDEN)
        seed = gr.Number(0, precision=0, label="seed", **_HIDDEN)
        found = gr.JSON(label="results", **_HIDDEN)
        pictures = gr.File(label="overlays", file_count="multiple", **_HIDDEN)
        archive = gr.File(label="archive", **_HIDDEN)
        asked = [support, query, method, category, preset, checkpoint, tune, seed]
        _publish("methods", endpoints.methods, [], [found], {"concurrency_limit": None})
        _publish("detect", endpoints.detect, asked, [found, pictures], MODEL_QUEUE)
        _publish(
            "calibrate",
            endpoints.calibrate,
            [support, method, category, preset, checkpoint, seed],
            [found],
            MODEL_QUEUE,
        )
        _publish("export", endpoints.export, asked, [archive], MODEL_QUEUE)
        methods = gr.CheckboxGroup(list(METHODS), value=list(METHODS), label="methods", **_HIDDEN)
        _publish(
            "compare",
            CompareEndpoint(services).compare,
            [support, query, methods, category, masks, preset, checkpoint, seed],
            [found, pictures],
            MODEL_QUEUE,
        )
        question = gr.Textbox(QUICK_QUESTIONS["en"]["what"], label="question", **_HIDDEN)
        pages = _files("pages", PAGE_FILES)
        _publish(
            "explain",
            ExplainEndpoint(services).explain,
            [support, query, method, category, question, pages, preset, checkpoint, seed],
            [found],
            MODEL_QUEUE,
        )


def _files(name: str, endings: Sequence[str]) -> gr.File:
    return take_texts(
        gr.File(
            label=name,
            file_count="multiple",
            type="filepath",
            file_types=list(endings),
            **_HIDDEN,
        )
    )


def _publish(
    name: str,
    answer: Callable[..., Any],
    inputs: list[gr.components.Component],
    outputs: list[gr.components.Component],
    queue: dict[str, Any],
) -> None:
    """Make ``answer`` a public endpoint under ``name``."""
    gr.Button(visible=False).click(
        told(answer), inputs, outputs, api_name=name, api_visibility="public", **queue
    )


def _paths(files: list[str] | None) -> tuple[Path, ...]:
    return tuple(Path(file) for file in files or ())
