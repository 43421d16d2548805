"""Sweeps change what they say, train anew only what shapes the training, and write it all down."""

import json
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from adapp.auxiliary import pictures as auxiliary_pictures
from adapp.core.errors import UsageError
from adapp.methods.h2vlr.presets import TINY
from adapp.methods.h2vlr.sensitivity import SWEEPS, Plan, main, measure, plots, table


def test_every_sweep_holds_the_published_value_and_changes_the_constants():
    published = {"K": 8, "L": 2, "alpha": 0.5, "eta": 0.4, "lambda_str": 0.02, "lambda_seg": 1.0}
    assert set(SWEEPS) == set(published)
    for name, sweep in SWEEPS.items():
        assert published[name] in sweep.values
        assert sweep.change(TINY, published[name]) == TINY
        assert sweep.change(TINY, sweep.values[0]) != TINY


def test_what_acts_on_finished_maps_needs_no_training():
    assert {name for name, sweep in SWEEPS.items() if not sweep.trained} == {"alpha", "eta"}


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("ADAPP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(auxiliary_pictures, "FAMILIES", ())
    monkeypatch.setattr(auxiliary_pictures, "DAMAGED", 6)
    rng = np.random.default_rng(0)

    def save(folder, count, colour, *, spot=False):
        (tmp_path / "set" / folder).mkdir(parents=True)
        for number in range(count):
            image = rng.normal(colour, 12, size=(72, 72, 3)).clip(0, 255).astype(np.uint8)
            if spot:
                cv2.circle(image, (30, 40), 12, (255, 0, 0), -1)
            Image.fromarray(image).save(tmp_path / "set" / folder / f"{number}.png")

    for category, colour in (("plate", 90), ("board", 160)):
        save(f"{category}/train/good", 5, colour)
    save("plate/test/good", 2, 90)
    save("plate/test/spot", 2, 90, spot=True)
    truth = tmp_path / "set" / "plate" / "ground_truth" / "spot"
    truth.mkdir(parents=True)
    for number in range(2):
        mask = cv2.circle(np.zeros((72, 72), np.uint8), (30, 40), 12, 255, -1)
        Image.fromarray(mask).save(truth / f"{number}_mask.png")
    return tmp_path / "set"


def test_one_command_measures_and_writes_figures_tables_and_plots(root, tmp_path, capsys):
    out = tmp_path / "out" / "sensitivity.json"
    words = ["--preset", "tiny", "--data", str(root), "--leave-out", "set/plate"]
    words += ["--json", str(out), "--epochs", "1", "--constants", "eta", "L"]
    main(words)
    report = json.loads(out.read_text())
    rows = report["sweeps"]["eta"]["rows"]
    assert [row["value"] for row in rows] == [0.0, 0.2, 0.4, 0.6, 0.8]
    assert all(0 <= row["image_auroc"] <= 100 for row in rows)
    assert {row["pixel_auroc"] for row in rows} != {rows[0]["pixel_auroc"]}
    trained = sorted(path.name for path in out.parent.glob("*.safetensors"))
    assert len(trained) == 4  # the base serves eta and L = 2; L = 1, 3, 4 are trained anew
    assert "| eta | image AUROC" in capsys.readouterr().out
    assert (out.parent / "sensitivity-L.svg").read_text().startswith("<svg")
    assert set(plots(report)) == {"eta", "L", "ladder"}
    ladder = report["sweeps"]["ladder"]["rows"]
    assert [row["value"] for row in ladder] == ["sab", "dsi", "sghm", "full"]
    assert ladder[-1]["image_auroc"] == report["sweeps"]["L"]["rows"][1]["image_auroc"]
    assert "| full | " in table(report)
    assert table(report).count("| 0.4 |") == 1
    residual = report["residual"]["set/plate"]
    assert residual["defective"] == 2
    assert 0 <= residual["deviation"] <= 1
    assert f"| set/plate | {residual['deviation']:.3f} | 2 |" in table(report)


def test_what_cannot_be_measured_is_refused(root, tmp_path, capsys):
    plan = Plan("tiny", (root,), ("set/gone",), tmp_path)
    with pytest.raises(UsageError, match="set/gone"):
        measure(plan, ["eta"], print)
    with pytest.raises(UsageError, match="no constant mu"):
        measure(plan, ["mu"], print)
    with pytest.raises(UsageError, match="with normal pictures"):
        measure(replace(plan, leave_out=("set/plate",), shots=9), ["eta"], print)
    asked = ["--data", str(root), "--leave-out", "set/gone", "--json", str(tmp_path / "x.json")]
    assert main(asked) == 2
    assert "set/gone" in capsys.readouterr().err


def test_further_categories_are_measured_and_never_trained_on(root, tmp_path):
    out = tmp_path / "out" / "sensitivity.json"
    shutil.copytree(root / "plate", tmp_path / "others" / "disc")
    words = ["--preset", "tiny", "--data", str(root), "--leave-out", "set/plate", "--shots", "1"]
    words += ["--json", str(out), "--epochs", "1", "--constants", "alpha"]
    assert main([*words, "--measure", str(tmp_path / "others")]) == 0
    assert json.loads(out.read_text())["categories"] == ["set/plate", "others/disc"]
    card = json.loads(next(out.parent.glob("h2vlr-sensitivity-base*.json")).read_text())
    assert "others/disc" not in str(card["trained_on"])
    plan = Plan("tiny", (root,), ("set/plate",), tmp_path, measured=(root,))
    with pytest.raises(UsageError, match="set/board is trained on"):
        measure(plan, ["alpha"], print)
