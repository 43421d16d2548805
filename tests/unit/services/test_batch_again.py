"""A batch runs again from its manifest, to the same numbers."""

import json

import pytest

from adapp.core.errors import UsageError
from adapp.services.batch_again import repeat_batch
from adapp.services.batch_folder import BatchFolder
from adapp.services.pool import DetectorPool
from tests.fakes import FakeFitted
from tests.unit.services.batches import Runner, interrupt_after, write_parts


@pytest.fixture
def run(tmp_path):
    write_parts(tmp_path)
    runner = Runner(tmp_path)
    runner(maps=("fused",), seed=3, threshold=0.4)
    return runner


def again(run, manifest="out/manifest.json", **options):
    run.told.clear()
    return repeat_batch(
        run.folder / manifest,
        run.folder / "again",
        DetectorPool(run.loader),
        report=lambda *_: None,
        tell=run.told.append,
        **options,
    )


def test_the_same_numbers_come_again_with_the_same_settings(run):
    _, repetition = again(run)
    assert (repetition.same, repetition.changed, repetition.different) == (6, 0, 0)
    assert repetition.largest == 0.0
    old, new = (
        json.loads((run.folder / o / "manifest.json").read_text()) for o in ("out", "again")
    )
    assert new["settings"] == old["settings"]
    assert new["query"] == old["query"]


def test_the_recorded_list_holds_although_the_folder_has_changed(run):
    extra = run.folder / "query" / "a_new_one.png"
    extra.write_bytes((run.folder / "query" / "q000.png").read_bytes())
    summary, _ = again(run)
    assert summary.tally.done == 6


def test_a_changed_picture_is_counted_apart(run):
    changed = run.folder / "query" / "q002.png"
    changed.write_bytes((run.folder / "query" / "q000.png").read_bytes())
    _, repetition = again(run)
    assert (repetition.same, repetition.changed, repetition.different) == (5, 1, 0)


def test_other_numbers_are_noticed(run, monkeypatch):
    plain = FakeFitted.provenance.fget
    from dataclasses import replace

    other = property(lambda fitted: replace(plain(fitted), checkpoint_sha256="1" * 64))
    monkeypatch.setattr(FakeFitted, "provenance", other)
    monkeypatch.setattr("tests.fakes.GAIN", 2.001)
    _, repetition = again(run)
    assert repetition.different > 0
    assert repetition.largest > 1e-6
    assert any("checkpoint_sha256 was 000" in text for text in run.told)


def test_a_changed_normal_picture_is_refused(run):
    normal = run.folder / "good" / "n1.png"
    normal.write_bytes(normal.read_bytes() + b"\0")
    with pytest.raises(UsageError, match="not the one of then"):
        again(run)


def test_the_recorded_folder_is_not_written_over(run):
    with pytest.raises(UsageError, match="give another one"):
        repeat_batch(
            run.folder / "out" / "manifest.json",
            run.folder / "out",
            DetectorPool(run.loader),
            report=lambda *_: None,
            tell=run.told.append,
        )


def test_a_manifest_alone_is_enough_but_leaves_nothing_to_compare(run):
    alone = run.folder / "elsewhere" / "manifest.json"
    alone.parent.mkdir()
    alone.write_bytes(BatchFolder(run.folder / "out").manifest.read_bytes())
    summary, repetition = again(run, "elsewhere/manifest.json")
    assert summary.tally.done == 6
    assert repetition is None
    assert any("read anew" in text for text in run.told)


def test_an_interrupted_repetition_goes_on(run):
    with pytest.raises(KeyboardInterrupt):
        repeat_batch(
            run.folder / "out" / "manifest.json",
            run.folder / "again",
            DetectorPool(run.loader),
            report=interrupt_after(2),
            tell=run.told.append,
        )
    summary, repetition = again(run, resume=True)
    assert summary.resumed == 2
    assert repetition.same == 6


@pytest.mark.parametrize("content", ["", "[]", '{"format": "else"}'])
def test_what_is_no_manifest_is_refused(run, content):
    (run.folder / "m.json").write_text(content)
    with pytest.raises(UsageError, match="manifest"):
        again(run, "m.json")


def test_an_incomplete_manifest_is_refused(run):
    path = BatchFolder(run.folder / "out").manifest
    kept = json.loads(path.read_text())
    del kept["settings"]["method"]
    path.write_text(json.dumps(kept))
    with pytest.raises(UsageError, match="incomplete"):
        again(run)
