"""Every file of the corpus ends in the result decided for it, within bounded memory."""

import os
import subprocess
import sys
import textwrap
import warnings
from collections import Counter
from pathlib import Path

import pytest

from adapp.core.errors import BadImage
from adapp.data.images import inspect_file, load_image, load_run, safe_name
from tests.corpus import write


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return write(tmp_path_factory.mktemp("corpus"))


def _outcome(case):
    """Return what the loader made of a file, and the sentences it gave."""
    try:
        image = load_image(case.path)
    except BadImage as error:
        return "reject", (str(error),)
    return ("flag", image.flags) if image.flags else ("accept", image.notes)


def test_corpus_is_large_and_covers_every_outcome(cases):
    counts = Counter(case.outcome for case in cases)
    assert sum(counts.values()) >= 180
    assert min(counts["accept"], counts["flag"], counts["reject"]) >= 25
    assert len({case.path for case in cases}) == len(cases)


def test_every_file_yields_its_decided_result(cases):
    wrong = []
    for case in cases:
        outcome, sentences = _outcome(case)
        text = " ".join(sentences)
        if outcome != case.outcome or any(word not in text for word in case.words):
            wrong.append((case.path.name, case.outcome, case.words, outcome, text))
    assert wrong == []


def test_refusals_name_the_file_and_never_its_folder(cases):
    for case in cases:
        outcome, sentences = _outcome(case)
        text = " ".join(sentences)
        assert str(case.path.parent) not in text
        assert text.isprintable()
        if outcome == "reject":
            assert text.startswith(f"{safe_name(case.path)}: ")
            assert text.endswith(".")


def test_results_hold_with_warnings_turned_into_errors(cases):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {case.path: _outcome(case)[0] for case in cases}
    # Where Pillow warns about odd metadata the picture may be refused instead, never crash.
    assert all(found[c.path] in {c.outcome, "reject"} for c in cases)


def test_the_first_look_agrees_with_the_full_one(cases):
    for case in cases:
        try:
            inspect_file(case.path)
        except BadImage:
            assert case.outcome == "reject", case.path.name


def test_a_run_rejects_the_bad_files_and_keeps_the_others(cases):
    good = [case for case in cases if case.outcome != "reject"]
    support = [case.path for case in good[:2]]
    intake = load_run(support, [case.path for case in cases])
    kept = {image.path for image in intake.query}
    refused = {rejection.path for rejection in intake.rejected}
    assert len(intake.support) == 2
    assert kept | refused == {case.path for case in cases}
    assert not kept & refused
    assert {case.path for case in cases if case.outcome == "reject"} <= refused
    # What else is refused are deep pictures whose kind of sample differs from the first one's.
    odd = [r.reason for r in intake.rejected if r.path in {case.path for case in good}]
    assert all("one window cannot serve both" in reason for reason in odd)


_MEASURE = """
    import sys
    from pathlib import Path
    import numpy as np
    from adapp.core.errors import BadImage
    from adapp.data.images import load_image, load_run

    def peak():
        # Not ru_maxrss: a new program inherits that from the process that started it.
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))

    folder = Path(sys.argv[1])
    names = Path(sys.argv[2]).read_bytes().split(b"\\0\\n")[:-1]
    paths = [folder / name.decode("utf-8", "surrogateescape") for name in names]
    for suffix in ("png", "jpg", "bmp", "tif", "webp"):  # libraries and their first allocations
        load_image(folder / f"sound.{suffix}")
    before = peak()
    for path in paths:
        try:
            load_image(path)
        except BadImage:
            pass
    load_run((), paths)
    after = peak()
    held = np.ones(300_000_000, np.uint8)
    sys.stdout.write(f"{len(paths)} {after - before} {peak() - before}")
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_peak_memory_grows_by_less_than_200_mb_over_the_corpus(cases, tmp_path):
    listing = tmp_path / "names"
    names = [os.fsencode(case.path.name) for case in cases]
    listing.write_bytes(b"".join(name + b"\0\n" for name in names))
    script = textwrap.dedent(_MEASURE)
    done = subprocess.run(
        [sys.executable, "-c", script, str(cases[0].path.parent), str(listing)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    seen, growth, with_ballast = (int(figure) for figure in done.stdout.split())
    assert seen == len(cases)
    assert growth < 200e6
    assert with_ballast > 250e6, "the meter does not see 300 MB"
