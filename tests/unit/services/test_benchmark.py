"""Evaluation end to end on small trees, with a detector whose answers are known."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from adapp.core.detector import Report, SupportSet
from adapp.core.errors import Cancelled, UnsupportedRegime, UsageError
from adapp.core.results import AnomalyResult, Calibration, Provenance, Regime, RgbImage
from adapp.evaluation.metrics import METRICS
from adapp.services.benchmark import compare, evaluate, write_json
from adapp.services.measurement import Measurement

PROVENANCE = Provenance(
    method="fake", variant="full", preset="tiny", backbone="none", checkpoint="open",
    checkpoint_sha256="ab", trained_on=("other/thing", "seen"), licence="any", seed=0,
    device="cpu", dtype="float32", fallbacks=("took the short way",),
)  # fmt: skip


@dataclass
class Fitted:
    """Says how far each pixel is from the mean colour of the support."""

    levels: dict[str, float]
    tuned: bool = False

    @property
    def provenance(self) -> Provenance:
        return PROVENANCE

    def calibration(self) -> Calibration:
        return Calibration((), 0.5, 0.5, 0, "generic", "")

    def predict(self, query: RgbImage) -> AnomalyResult:
        level = float(np.median(query))
        nearest = min(self.levels, key=lambda name: abs(self.levels[name] - level))
        cost = np.abs(query.astype(np.float32) - self.levels[nearest]).mean(axis=2) / 255
        base = cost.astype(np.float32)
        score = float(base.max()) + (0.001 if self.tuned else 0.0)
        return AnomalyResult(
            base, np.zeros_like(base), 1.0, base, score, (0.0, 2.0), PROVENANCE, category=nearest
        )

    def predict_batch(self, queries: Sequence[RgbImage]) -> list[AnomalyResult]:
        return [self.predict(query) for query in queries]

    def tune(self, report: Report | None = None) -> "Fitted":
        del report
        return Fitted(self.levels, tuned=True)


@dataclass
class FewShot:
    name: str = "fake"
    variant: str = "full"
    regimes: frozenset[Regime] = frozenset({"few_shot"})
    size: int = 16
    seen: list[SupportSet] = field(default_factory=list)

    def fit(self, support: SupportSet) -> Fitted:
        self.seen.append(support)
        return Fitted({support.category: _level(support)})

    def fit_many(self, supports: Sequence[SupportSet]) -> Fitted:
        self.seen += supports
        return Fitted({support.category: _level(support) for support in supports})


@dataclass
class ZeroShot:
    name: str = "words"
    variant: str = "base"
    regimes: frozenset[Regime] = frozenset({"zero_shot"})
    size: int = 16

    def fit(self, support: SupportSet) -> Fitted:
        assert len(support.images) == 0
        return Fitted({support.category: 100.0})


@dataclass
class Picky(FewShot):
    def fit(self, support: SupportSet) -> Fitted:
        if support.category == "nut":
            msg = "The nut is too small."
            raise UnsupportedRegime(msg)
        return super().fit(support)


def _level(support: SupportSet) -> float:
    return float(np.mean([image.mean() for image in support.images]))


def factory_of(detector: Any, log: list[dict[str, Any]] | None = None) -> Any:
    def load(name: str, **options: Any) -> Any:
        if log is not None:
            log.append({"name": name, **options})
        return detector

    return load


def save(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def part(
    folder: Path, level: int = 100, *, train: int = 6, good: int = 3, bad: int = 4, masks: int = 4
) -> None:
    """A category of plain pictures 32 x 32 whose defects are bright squares at known places."""
    rng = np.random.default_rng(level)
    for i in range(train):
        noise = rng.integers(-3, 4, (32, 32, 3))
        save(folder / f"train/good/{i:03}.png", (level + noise).astype(np.uint8))
    for i in range(good):
        noise = rng.integers(-3, 4, (32, 32, 3))
        save(folder / f"test/good/{i:03}.png", (level + noise).astype(np.uint8))
    for i in range(bad):
        values = (level + rng.integers(-3, 4, (32, 32, 3))).astype(np.uint8)
        mask = np.zeros((32, 32), np.uint8)
        mask[6:12, 4 + 2 * i : 14 + 2 * i] = 255
        values[mask > 0] = level + 60
        save(folder / f"test/spot/{i:03}.png", values)
        if i < masks:
            save(folder / f"ground_truth/spot/{i:03}_mask.png", mask)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    part(tmp_path / "set/bolt", 100)
    part(tmp_path / "set/nut", 60, bad=5, masks=3)
    return tmp_path / "set"


def run(root: Path, detector: Any = None, **options: Any) -> dict[str, Any]:
    options = {"shots": 2, "preset": "tiny"} | options
    return evaluate("fake", roots=[root], factory=factory_of(detector or FewShot()), **options)


def test_contract_json(root: Path, tmp_path: Path) -> None:
    log: list[dict[str, Any]] = []
    target = tmp_path / "new/folder/result.json"
    result = evaluate(
        "fake", "tiny", "research", "full", [root], 2, 3, None, None,
        json_path=target, factory=factory_of(FewShot(), log),
    )  # fmt: skip
    assert log == [
        {"name": "fake", "preset": "tiny", "checkpoint": "research", "variant": "full",
         "size": None, "seed": 3}
    ]  # fmt: skip
    assert json.loads(target.read_text()) == result
    assert [p.name for p in target.parent.iterdir()] == ["result.json"]
    expected = {
        "method": "fake", "preset": "tiny", "variant": "full", "shots": 2, "seed": 3, "size": 16,
        "setting": "few_shot", "limit": None, "skipped": {}, "notes": [],
    }  # fmt: skip
    assert {key: result[key] for key in expected} == expected
    assert list(result["categories"]) == ["set/bolt", "set/nut"]
    bolt = result["categories"]["set/bolt"]
    assert {name: bolt[name] for name in METRICS[:6]} == dict.fromkeys(METRICS[:6], 100.0)
    assert bolt["aupro"] == pytest.approx(100.0)
    counts = ("n_normal", "n_anomalous", "n_without_mask", "n_empty_masks")
    assert [bolt[name] for name in counts] == [3, 4, 0, 0]
    assert bolt["image_auroc_interval"] == [100.0, 100.0]
    assert bolt["image_threshold"] == 0.5
    assert bolt["threshold_basis"] == "generic"
    assert bolt["seconds_per_image"] > 0
    assert bolt["fit_seconds"] >= 0
    assert len(set(bolt["support"])) == 2
    assert set(bolt["support"]) <= {f"{i:03}.png" for i in range(6)}
    provenance = result["provenance"]
    for key in ("backbone", "checkpoint_sha256", "trained_on", "device", "dtype", "fallbacks"):
        given = getattr(PROVENANCE, key)
        assert provenance[key] == (list(given) if isinstance(given, tuple) else given)
    assert provenance["torch"]
    assert provenance["adapp_version"]


def test_shares_on_either_side_of_the_threshold_are_counted() -> None:
    found = Measurement(scores=[0.1, 0.5, 0.6, 0.9, 0.4], labels=[0, 0, 0, 1, 1])
    told = found.verdicts(Calibration((), 0.5, 0.5, 0, "generic", ""))
    assert told["good_below_threshold"] == pytest.approx(200 / 3)  # on the threshold is not above
    assert told["anomalous_above_threshold"] == 50.0
    nothing = Measurement(scores=[0.1], labels=[0])
    told = nothing.verdicts(Calibration((), 0.5, 0.5, 0, "generic", ""))
    assert (told["good_below_threshold"], told["anomalous_above_threshold"]) == (100.0, None)


def test_mean_is_unweighted_and_pooled_stands_apart(root: Path) -> None:
    @dataclass
    class Shifted(FewShot):
        offset: float = 0.0

        def fit(self, support: SupportSet) -> Fitted:
            offset = self.offset if support.category == "nut" else 0.0
            return Fitted({support.category: _level(support) + offset})

    result = run(root, Shifted(offset=40.0))
    bolt, nut = (result["categories"][name] for name in ("set/bolt", "set/nut"))
    assert bolt["image_auroc"] == 100.0
    assert nut["pixel_auroc"] < 50.0
    for name in METRICS:
        assert result["mean"][name] == pytest.approx((bolt[name] + nut[name]) / 2), name
    # Each category is told apart, but all 3 normal nuts outrank all 4 anomalous bolts.
    result = run(root, Shifted(offset=-70.0))
    assert result["mean"]["image_auroc"] == 100.0
    assert result["pooled"]["image_auroc"] == pytest.approx(100 * (1 - 3 * 4 / (6 * 9)))


def test_pictures_without_mask_count_for_image_metrics_only(root: Path) -> None:
    nut = run(root)["categories"]["set/nut"]
    assert (nut["n_anomalous"], nut["n_without_mask"]) == (5, 2)
    # Their bright squares would be false alarms if they were taken as all normal.
    assert nut["pixel_ap"] == 100.0


def test_no_mask_and_no_normal_give_null_not_zero(tmp_path: Path) -> None:
    part(tmp_path / "set/bolt", masks=0)
    part(tmp_path / "set/nut", good=0)
    result = run(tmp_path / "set", shots=1)
    bolt, nut = result["categories"]["set/bolt"], result["categories"]["set/nut"]
    assert [bolt[name] for name in METRICS[3:]] == [None] * 4
    assert bolt["image_auroc"] == 100.0
    assert [nut[name] for name in METRICS[:3]] == [None] * 3
    assert nut["image_auroc_interval"] is None
    assert nut["pixel_auroc"] == 100.0
    assert result["mean"]["image_auroc"] == 100.0
    assert result["mean"]["pixel_auroc"] == 100.0


def test_a_defect_that_vanishes_at_the_size_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "set/bolt"
    part(folder)
    speck = np.zeros((32, 32), np.uint8)
    speck[0, 0] = 255
    save(folder / "ground_truth/spot/000_mask.png", speck)
    row = run(tmp_path / "set", size=8)["categories"]["set/bolt"]
    assert (row["n_empty_masks"], row["n_without_mask"]) == (1, 0)
    assert run(tmp_path / "set", size=48)["categories"]["set/bolt"]["n_empty_masks"] == 0


def test_size_is_the_detectors_own_unless_given(root: Path) -> None:
    log: list[dict[str, Any]] = []
    options: dict[str, Any] = {"roots": [root], "factory": factory_of(FewShot(), log)}
    assert evaluate("fake", **options)["size"] == 16
    assert evaluate("fake", size=20, **options)["size"] == 20
    assert [entry["size"] for entry in log] == [None, 20]


def test_support_is_shared_nested_and_follows_the_seed(root: Path) -> None:
    def support(**options: Any) -> list[str]:
        return run(root, **options)["categories"]["set/bolt"]["support"]

    four = support(shots=4)
    assert support(shots=2) == four[:2]
    assert support(shots=4, detector=Picky(name="other")) == four
    assert support(shots=4, limit=2) == four
    assert any(support(shots=4, seed=seed) != four for seed in (1, 2, 3))


def test_support_reaches_the_detector_under_the_parts_own_name(root: Path) -> None:
    detector = FewShot()
    run(root, detector, shots=3)
    assert [(s.category, len(s.images)) for s in detector.seen] == [("bolt", 3), ("nut", 3)]
    assert detector.seen[0].images[0].shape == (32, 32, 3)


def test_all_normal_pictures_are_taken_where_fewer_exist(root: Path) -> None:
    result = run(root, shots=80)
    assert len(result["categories"]["set/bolt"]["support"]) == 6
    assert "set/bolt: only 6 of 80 normal pictures to compare with." in result["notes"]


def test_limit_draws_both_labels(root: Path) -> None:
    result = run(root, limit=3)
    bolt = result["categories"]["set/bolt"]
    assert result["limit"] == 3
    assert bolt["n_normal"] + bolt["n_anomalous"] == 3
    assert min(bolt["n_normal"], bolt["n_anomalous"]) == 1


def test_categories_that_cannot_run_are_named(root: Path) -> None:
    part(root / "bare", train=0)
    (root / "hollow/test/spot").mkdir(parents=True)
    part(root / "school", good=0, bad=0)
    result = run(root, Picky())
    assert list(result["categories"]) == ["set/bolt"]
    assert result["skipped"] == {
        "set/bare": "no normal picture in train/good, and fake needs some",
        "set/hollow": "no picture in train/good or in its test folders",
        "set/nut": "The nut is too small.",
        "set/school": "no test picture",
    }


def test_few_shot_method_without_shots_skips_everything(root: Path) -> None:
    result = run(root, shots=0)
    assert result["categories"] == {}
    assert set(result["mean"].values()) == {None}
    assert all("give --shots 1" in reason for reason in result["skipped"].values())
    assert result["provenance"]["backbone"] is None


def test_zero_shot_method_needs_no_train_good(root: Path) -> None:
    part(root / "bare", train=0)
    result = run(root, ZeroShot(), shots=4)
    assert "set/bare" in result["categories"]
    assert result["categories"]["set/bare"]["support"] == []
    assert (result["setting"], result["shots"]) == ("zero_shot", 0)
    assert result["notes"] == ["words uses no normal pictures; it ran zero-shot."]
    assert run(root, ZeroShot(), shots=0)["notes"] == []


def test_unreadable_files_are_told_and_replaced(root: Path) -> None:
    folder = root / "bolt"
    first = run(root)["categories"]["set/bolt"]["support"][0]
    (folder / "train/good" / first).write_bytes(b"broken")
    (folder / "test/good/000.png").write_bytes(b"broken")
    (folder / "ground_truth/spot/001_mask.png").write_bytes(b"broken")
    row = run(root)["categories"]["set/bolt"]
    assert first not in row["support"]
    assert len(row["support"]) == 2
    assert set(row["rejected"]) == {f"train/{first}", "good/000.png", "mask of 001.png"}
    assert (row["n_normal"], row["n_anomalous"], row["n_without_mask"]) == (2, 4, 1)


def test_a_category_of_broken_files_is_skipped(root: Path) -> None:
    for path in (root / "bolt/test").rglob("*.png"):
        path.write_bytes(b"broken")
    for path in (root / "nut/train").rglob("*.png"):
        path.write_bytes(b"broken")
    skipped = run(root)["skipped"]
    assert "None of the 7 test pictures" in skipped["set/bolt"]
    assert skipped["set/nut"] == "none of its normal pictures can be read"


def test_one_database_routes(root: Path) -> None:
    part(root / "twin", 60)  # the colour of the nut: one of the two draws all their queries
    detector = FewShot()
    result = run(root, detector, one_database=True)
    assert result["setting"] == "multi_class"
    assert [s.category for s in detector.seen] == ["set/bolt", "set/nut", "set/twin"]
    assert [len(list(s.images)) for s in detector.seen] == [2, 2, 2]
    routing = {name: row["routing_accuracy"] for name, row in result["categories"].items()}
    assert routing["set/bolt"] == 100.0
    assert sorted(routing.values()) == [0.0, 100.0, 100.0]
    assert result["mean"]["routing_accuracy"] == pytest.approx(200 / 3)
    assert "routing_accuracy" not in run(root)["categories"]["set/bolt"]


def test_one_database_draws_the_same_support(root: Path) -> None:
    together = run(root, one_database=True)["categories"]
    alone = run(root)["categories"]
    for name in alone:
        assert together[name]["support"] == alone[name]["support"]


def test_tuned_setting(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(root, tune=True)["setting"] == "few_shot_tuned"
    calls: list[bool] = []
    tune = Fitted.tune
    monkeypatch.setattr(Fitted, "tune", lambda self: calls.append(True) or tune(self))
    assert run(root, tune=True, one_database=True)["setting"] == "multi_class_tuned"
    assert calls == [True]


@pytest.mark.parametrize("option", ["tune", "one_database"])
def test_what_a_method_cannot_do_is_refused(root: Path, option: str) -> None:
    with pytest.raises(UsageError, match="give --shots 1"):
        run(root, ZeroShot(), **{option: True})


def test_methods_without_database_or_tuning_say_so(root: Path) -> None:
    plain = ZeroShot(regimes=frozenset({"few_shot"}))
    with pytest.raises(UsageError, match="one database"):
        run(root, plain, one_database=True)

    class Untunable(FewShot):
        def fit(self, support: SupportSet) -> Any:
            fitted = super().fit(support)
            return SimpleNamespace(
                provenance=PROVENANCE,
                calibration=fitted.calibration,
                predict=fitted.predict,
                predict_batch=fitted.predict_batch,
            )

    assert run(root, Untunable())["skipped"] == {}
    with pytest.raises(UsageError, match="nothing to tune"):
        run(root, Untunable(), tune=True)


def test_training_data_is_marked(tmp_path: Path) -> None:
    for name in ("other/thing", "seen/part", "other/new"):
        part(tmp_path / "all" / name)
    rows = run(tmp_path / "all")["categories"]
    marked = {name: row["in_training_data"] for name, row in rows.items()}
    assert marked == {"other/thing": True, "seen/part": True, "other/new": False}


def test_progress_counts_every_test_picture_once(root: Path) -> None:
    part(root / "bare", train=0)
    told: list[tuple[str, int, int]] = []
    run(root, report=lambda *step: told.append(step))
    assert told[0] == ("set/bolt", 0, 15)
    assert told[-1] == ("set/nut", 15, 15)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_cancelling_ends_the_run(root: Path) -> None:
    def stop(_stage: str, done: int, _total: int) -> None:
        if done:
            raise Cancelled

    for together in (False, True):
        with pytest.raises(Cancelled):
            run(root, report=stop, one_database=together)


def test_deep_pictures_share_one_window(tmp_path: Path) -> None:
    folder = tmp_path / "set/xray"
    for kind, name, level in (("train/good", "0", 900), ("test/good", "0", 900),
                              ("test/dim", "0", 450)):  # fmt: skip
        save(folder / kind / f"{name}.png", np.full((32, 32), level, np.uint16))
    detector = FewShot()
    row = run(tmp_path / "set", detector, shots=1)["categories"]["set/xray"]
    # A window per picture would show both queries alike.
    assert row["image_auroc"] == 100.0


@pytest.mark.parametrize(
    ("name", "value"), [("shots", -1), ("seed", -1), ("limit", 0), ("size", 0)]
)
def test_numbers_out_of_range_are_usage_errors(root: Path, name: str, value: int) -> None:
    with pytest.raises(UsageError, match=f"--{name} {value}"):
        run(root, **{name: value})


def test_no_data_is_a_usage_error_before_anything_is_loaded() -> None:
    log: list[dict[str, Any]] = []
    with pytest.raises(UsageError, match="at least one"):
        evaluate("fake", roots=[], factory=factory_of(FewShot(), log))
    assert log == []


def test_compare_writes_one_file_per_method_and_one_table(root: Path, tmp_path: Path) -> None:
    part(root / "bare", train=0)
    detectors = {"fake": FewShot(), "words": ZeroShot()}
    stages: list[str] = []
    comparison = compare(
        ["fake", "words", "fake"],
        roots=[root],
        shots=2,
        json_path=tmp_path / "out/run.json",
        report=lambda stage, _done, _total: stages.append(stage),
        factory=lambda name, **_: detectors[name],
    )
    assert [path.name for path in comparison.files] == ["run_fake.json", "run_words.json"]
    for name, path in zip(detectors, comparison.files, strict=True):
        assert json.loads(path.read_text()) == comparison.results[name]
    assert {"fake: set/bolt", "words: set/bare"} <= set(stages)
    table = comparison.table.splitlines()
    assert "words AUPRO" in next(line for line in table if line.startswith("category"))
    assert any(line.startswith("mean of 2 shared") for line in table)
    with pytest.raises(UsageError, match="No method"):
        compare([], roots=[root])


def test_json_is_whole_or_absent(tmp_path: Path) -> None:
    target = tmp_path / "r.json"
    with pytest.raises(ValueError, match="Out of range"):
        write_json({"a": float("nan")}, target)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot be written"):
        write_json({"a": 1}, tmp_path / "file/r.json")
