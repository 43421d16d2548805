"""``batch``: inspect folders of any size."""

import argparse
import shlex

from adapp.cli.terminal import StagedProgress, show
from adapp.core.errors import UsageError
from adapp.data.images import expand_paths
from adapp.services.batch import BatchSummary, run_batch
from adapp.services.batch_again import TOLERANCE, Repetition, repeat_batch
from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_manifest import BatchRequest, read_manifest
from adapp.services.pool import DetectorPool


def run(arguments: argparse.Namespace) -> None:
    """Inspect; print how many pictures came out how and where the results are."""
    command = shlex.join(["python", "-m", "adapp", *arguments.given])
    with StagedProgress() as progress:
        given = {
            "resume": arguments.resume,
            "command": command,
            "report": progress,
            "tell": progress.tell,
        }
        if arguments.manifest is not None:
            _refuse_settings(arguments)
            summary, repetition = repeat_batch(
                arguments.manifest, arguments.out, DetectorPool(), **given
            )
        else:
            repetition = None
            summary = run_batch(_request(arguments), arguments.out, DetectorPool(), **given)
    show(_told(summary))
    if arguments.manifest is not None:
        _compare(repetition)


def after_stop(arguments: argparse.Namespace) -> str:
    """Return the command that goes on where the batch stopped."""
    if arguments.manifest is not None:
        given = ["--manifest", str(arguments.manifest), "--out", str(arguments.out), "--resume"]
    else:
        given = ["--out", str(arguments.out), "--resume"]
    return f"Go on with: {shlex.join(['python', '-m', 'adapp', 'batch', *given])}"


def _request(arguments: argparse.Namespace) -> BatchRequest:
    """Return the batch asked for: the one in the folder if nothing else is said to be meant."""
    known = BatchFolder(arguments.out).manifest
    if arguments.resume and arguments.method is None:
        return BatchRequest.of(read_manifest(known))
    if arguments.method is None or not arguments.query:
        msg = "A new batch needs --method and --query; --resume or --manifest stand for both."
        raise UsageError(msg)
    return BatchRequest(
        method=arguments.method,
        preset=arguments.preset,
        checkpoint=arguments.checkpoint,
        category=arguments.category,
        support=expand_paths(arguments.support) if arguments.support else (),
        query=tuple(arguments.query),
        recursive=arguments.recursive,
        variant=arguments.variant,
        seed=arguments.seed,
        size=arguments.size,
        tune=arguments.tune,
        threshold=arguments.threshold,
        pixel_threshold=arguments.pixel_threshold,
        maps=tuple(arguments.maps),
        segmentation=arguments.segmentation,
        report_pictures=arguments.report_pictures,
    )


def _refuse_settings(arguments: argparse.Namespace) -> None:
    """Let a repetition pass that names no settings of its own.

    Raises:
        UsageError: If it names some: those of the manifest hold.
    """
    if arguments.method or arguments.query or arguments.support:
        msg = "--manifest holds method, support and query; leave these out, or leave it out."
        raise UsageError(msg)


def _told(summary: BatchSummary) -> str:
    tally = summary.tally
    good = tally.done - tally.anomalous - tally.refused
    before = f", {summary.resumed} of them before" if summary.resumed else ""
    counts = f"{tally.anomalous} anomalous, {good} normal, {tally.refused} refused"
    return "\n".join([f"{tally.done} pictures{before}: {counts}", *map(str, summary.files)])


def _compare(repetition: Repetition | None) -> None:
    """Print how the repetition compares.

    Raises:
        UsageError: If an unchanged picture has another score.
    """
    if repetition is None:
        show("No recorded results lie beside the manifest: nothing to compare with.")
        return
    changed = f"; {repetition.changed} files changed since" if repetition.changed else ""
    show(
        f"{repetition.same} scores as recorded within {TOLERANCE:g} (largest difference "
        f"{repetition.largest:.2g}), {repetition.different} others{changed}"
    )
    if repetition.different:
        msg = "Scores differ from the recorded ones; compare versions and device of both manifests."
        raise UsageError(msg)
