"""Commands: exit status, one-line mistakes, what goes to which stream."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from adapp.cli import main
from adapp.cli.commands import build_parser
from adapp.core.errors import ModelUnavailable
from adapp.evaluation.type_naming import NamedDefect, figures
from adapp.services import pool
from tests.fakes import FakeLoader, part

COMMANDS = [
    *("detect", "batch", "train", "evaluate", "evaluate-types", "compare", "bench"),
    *("knowledge", "ask", "reproduce", "serve"),
]
HEAVY = [
    "torch",
    "gradio",
    "cv2",
    "PIL",
    "scipy",
    "faiss",
    "sklearn",
    "matplotlib",
    "transformers",
]
DEFECT = (10, 20, 30, 50)


@pytest.fixture
def loader(monkeypatch):
    loader = FakeLoader()
    monkeypatch.setattr(pool.registry, "load", loader)
    return loader


@pytest.fixture
def folder(tmp_path):
    made = {"good/n0": part(0), "good/n1": part(1), "query/a": part(7)}
    made["query/b"] = part(8, defect=DEFECT)
    for name, image in made.items():
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), image)
    return tmp_path


@pytest.fixture
def detect(folder, loader):
    """Return the arguments of a run that the fake detector answers."""
    assert loader.loaded == []

    def arguments(*more):
        given = ["--support", f"{folder}/good", "--query", f"{folder}/query"]
        return ["detect", "--method", "raid", *given, "--out", f"{folder}/out", *more]

    return arguments


def report(folder):
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


def one_line(capsys):
    """Return the one line on stderr; nothing may be on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


def test_detect_prints_results_on_stdout_and_writes_them(detect, loader, folder, capsys):
    assert main(detect("--category", "plate", "--seed", "4")) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(row[0], row[4]) for row in rows] == [
        ("normal", f"{folder}/query/a.png"),
        ("anomalous", f"{folder}/query/b.png"),
    ]
    found = report(folder)
    assert [float(row[1]) for row in rows] == [
        pytest.approx(query["score"], abs=1e-4) for query in found["queries"]
    ]
    assert found["category"] == "plate"
    assert found["stopped"] is False
    assert loader.loaded == [("raid", "embedded", "open", None, None, 4)]
    assert np.load(folder / "out" / "b_fused.npy").shape == (60, 80)


def test_detect_passes_every_option_on(detect, loader):
    more = ["--preset", "tiny", "--checkpoint", "research", "--variant", "retrieval"]
    assert main(detect(*more, "--size", "224")) == 0
    assert loader.loaded == [("raid", "tiny", "research", "retrieval", 224, 0)]


def test_environment_chooses_the_defaults(detect, loader, monkeypatch):
    monkeypatch.setenv("ADAPP_PRESET", "tiny")
    monkeypatch.setenv("ADAPP_CHECKPOINT", "research")
    assert main(detect()) == 0
    assert loader.loaded[0][1:3] == ("tiny", "research")


def test_detect_takes_the_users_thresholds(detect, folder):
    assert main(detect("--threshold", "1.0")) == 0
    found = report(folder)
    assert [query["verdict"] for query in found["queries"]] == ["normal", "normal"]
    assert found["thresholds"]["image"] == 1.0
    assert found["thresholds"]["pixel"] == found["calibration"]["pixel_threshold"]


def test_detect_tunes_on_request(detect, folder):
    assert main(detect("--tune")) == 0
    assert report(folder)["tuned"] is True
    assert "tune" in report(folder)["seconds"]


def test_detect_cuts_pictures_into_tiles(detect, loader, folder):
    assert main(detect("--tiles", "2")) == 0
    assert report(folder)["tiles"] == 2
    assert len(loader.detectors[-1].predictions) == 8  # two pictures, four tiles each
    assert np.load(folder / "out" / "b_fused.npy").shape == (60, 80)


def test_a_refused_picture_is_told_and_the_others_are_inspected(detect, folder, capsys):
    (folder / "query" / "0.png").write_text("no picture")
    assert main(detect()) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert "0.png: " in err
    assert [item["name"] for item in report(folder)["rejected"]] == ["0.png"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--method", "nope"], "'nope' does not exist. Choose one of: "),
        (["--query", "absent.png"], "absent.png: no such file or folder"),
        (["--out", __file__], "Choose another folder"),
        (["--tiles", "5"], "1 to 4 tiles a side"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_status_2(detect, change, said, capsys):
    assert main(detect(*change)) == 2
    line = one_line(capsys)
    assert line.startswith("adapp detect: ")
    assert said in line


def test_a_preset_from_the_environment_that_does_not_exist_is_told(detect, monkeypatch, capsys):
    monkeypatch.undo()  # the real loader knows the presets
    monkeypatch.setenv("ADAPP_PRESET", "nope")
    assert main(detect()) == 2
    assert "preset 'nope' does not exist" in one_line(capsys)


def test_missing_support_is_told_before_anything_is_loaded(folder, loader, capsys):
    query = ["--query", f"{folder}/query", "--out", f"{folder}/out"]
    assert main(["detect", "--method", "raid", *query]) == 2
    assert "compares with normal parts" in one_line(capsys)
    assert loader.loaded == []


def test_absent_weights_are_one_line(detect, monkeypatch, capsys):
    def absent(*_, **__):
        msg = "The weights are not here.\nGet them with X."
        raise ModelUnavailable(msg)

    monkeypatch.setattr(pool.registry, "load", absent)
    assert main(detect()) == 2
    assert one_line(capsys) == "adapp detect: The weights are not here. Get them with X."


def test_weights_are_fetched_only_when_asked_for_and_before_anything_else(
    detect, loader, monkeypatch
):
    from adapp.backbones import factory

    fetched = []

    def create(preset, method, *, download):
        assert loader.loaded == []
        fetched.append((preset, method, download))

    monkeypatch.setattr(factory, "create", create)
    assert main(detect("--preset", "paper", "--download")) == 0
    assert fetched == [("paper", "raid", True)]
    assert main(detect("--preset", "paper")) == 0
    assert len(fetched) == 1


def test_a_bug_is_not_dressed_up(detect, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(pool.registry, "load", broken)
    with pytest.raises(ZeroDivisionError):
        main(detect())


def test_interrupting_detect_keeps_what_is_finished(detect, folder, monkeypatch, capsys):
    from adapp.cli import detecting

    plain = detecting.ResultsWriter.add

    def second_is_interrupted(writer, outcome, inspection):
        if outcome.image.name == "b.png":
            raise KeyboardInterrupt
        return plain(writer, outcome, inspection)

    monkeypatch.setattr(detecting.ResultsWriter, "add", second_is_interrupted)
    assert main(detect()) == 2
    assert f"Pictures finished before are in {folder}/out." in capsys.readouterr().err
    found = report(folder)
    assert found["stopped"] is True
    assert [query["files"]["base"] for query in found["queries"]] == ["a_base.npy"]


def test_interrupting_train_says_how_to_go_on(monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(pool.registry, "train", interrupted)
    given = ["train", "--method", "raid", "--data", "my data", "--out", "c.safetensors"]
    for arguments in (given, [*given, "--resume"]):
        assert main(arguments) == 2
        assert one_line(capsys) == (
            "adapp train: stopped. Go on with: python -m adapp train --method raid "
            "--data 'my data' --out c.safetensors --resume"
        )


def test_train_passes_its_options_on_and_prints_the_checkpoint(monkeypatch, capsys):
    asked = {}

    def trained(name, **options):
        asked.update(options, name=name)
        return options["out"]

    monkeypatch.setattr(pool.registry, "train", trained)
    options = ["--variant", "full", "--epochs", "3", "--seed", "7", "--multi-class", "--resume"]
    left_out = ["--leave-out", "mvtec/bottle", "mvtec/screw"]
    given = ["train", "--method", "raid", "--preset", "tiny", "--data", "a", "b", *left_out]
    assert main([*given, *options, "--out", "c.safetensors"]) == 0
    assert capsys.readouterr().out == "c.safetensors\n"
    del asked["report"]
    assert asked == {
        "name": "raid",
        "preset": "tiny",
        "variant": "full",
        "roots": (Path("a"), Path("b")),
        "out": Path("c.safetensors"),
        "epochs": 3,
        "seed": 7,
        "leave_out": ("mvtec/bottle", "mvtec/screw"),
        "multi_class": True,
        "resume": True,
    }


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["nope"],
        ["detect"],
        ["evaluate", "--method", "raid", "--data", "x", "--shots", "-1"],
        ["evaluate", "--method", "raid", "--data", "x", "--limit", "0"],
        ["evaluate", "--method", "raid", "--data", "x", "--meth", "raid"],
        ["detect", "--method", "raid", "--query", "x", "--out", "y", "--threshold", "nan"],
        ["compare", "--method", ",", "--data", "x"],
        ["serve", "--port", "70000"],
        ["serve", "--preset", "tiny"],
        ["evaluate", "--method", "raid", "--data", "x", "--json", f"{__file__}/x.json"],
        ["bench", "--json", str(Path(__file__).parent)],
        ["train", "--method", "raid", "--data", "x", "--out", f"{__file__}/x.safetensors"],
    ],
)
def test_mistakes_in_options_are_one_line_and_status_2(given, capsys):
    with pytest.raises(SystemExit) as left:
        main(given)
    assert left.value.code == 2
    assert "--help'." in one_line(capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert told.startswith(f"usage: python -m adapp {command}")
    assert len(told.split("options:")[0].split()) > 15  # says what it does, not only its options


def test_every_option_has_a_help_text():
    (commands,) = (action for action in build_parser()._actions if action.dest == "command")
    assert list(commands.choices) == COMMANDS
    silent = [
        (name, action.dest)
        for name, parser in commands.choices.items()
        for action in parser._actions
        if not action.help
    ]
    assert silent == []


def test_help_imports_nothing_heavy():
    code = (
        "import sys, runpy\n"
        "sys.argv = ['adapp', 'detect', '--help']\n"
        "try:\n    runpy.run_module('adapp', run_name='__main__')\n"
        f"finally:\n    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("usage:")
    assert told.stderr.strip() == "[]"


def test_a_mistake_leaves_the_process_with_status_2_and_no_traceback(tmp_path):
    query, out = str(tmp_path / "absent.png"), str(tmp_path / "out")
    given = ["detect", "--method", "raid", "--query", query, "--out", out]
    told = subprocess.run(
        [sys.executable, "-m", "adapp", *given], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert told.stdout == ""
    assert len(told.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_evaluate_passes_its_options_on_and_prints_a_table(monkeypatch, capsys, tmp_path):
    from adapp.cli import evaluating

    asked = {}

    def measured(method, **options):
        asked.update(options, method=method)
        options["report"]("plate", 1, 2)
        return {"method": method, "categories": {"plate": {}}}

    monkeypatch.setattr(evaluating, "evaluate", measured)
    monkeypatch.setattr(evaluating, "category_table", lambda result: f"table of {result['method']}")
    options = ["--shots", "2", "--limit", "9", "--one-database", "--tune", "--variant", "full"]
    target = tmp_path / "f.json"
    given = ["evaluate", "--method", "raid", "--data", "a", "b", *options, "--json", str(target)]
    assert main(given) == 0
    out, err = capsys.readouterr()
    assert out == "table of raid\n"
    assert "plate" in err
    del asked["report"]
    assert [str(root) for root in asked.pop("roots")] == ["a", "b"]
    assert asked == {
        "method": "raid",
        "preset": "embedded",
        "checkpoint": "open",
        "variant": "full",
        "shots": 2,
        "seed": 0,
        "limit": 9,
        "size": None,
        "json_path": target,
        "one_database": True,
        "tune": True,
    }


def test_evaluate_types_prints_accuracies_and_who_is_taken_for_whom(monkeypatch, capsys, tmp_path):
    from adapp.cli import evaluating_types

    asked, types = {}, ("scratch", "cut", "hole", "dent")
    scratch = figures([NamedDefect("scratch", ("scratch", "cut", "hole"), none_first=False)], types)
    told = {"pictures": 1, "pictures_shown": 0, "outlined": scratch, "shown": figures([], types)}
    none = {**told, "pictures": 0, "outlined": figures([], types)}
    place = {
        "real": told,
        "drawn": none,
        "left_out": {"without mask": 3},
        "in_training_data": True,
        "folders": {"scratches": {"counted_as": "scratch", "pictures": 1}},
    }

    def measured(request, *, json_path, report):
        asked.update(request=request, json_path=json_path)
        report("set/tile", 0, 1)
        return {"categories": {"set/tile": place}, "pooled": {"real": told, "drawn": none}}

    monkeypatch.setattr(evaluating_types, "measure_types", measured)
    target = tmp_path / "f.json"
    given = ["--data", "a", "--shots", "0", "--checkpoint", "c.safetensors", "--json", str(target)]
    assert main(["evaluate-types", "--method", "adseeker", *given]) == 0
    out = capsys.readouterr().out
    assert "set/tile, real, outlined" in out
    assert "drawn" not in out
    assert "set/tile: 1 scratches counted as scratch" in out
    assert "set/tile, real: the app shows types on 0 of 1 pictures" in out
    assert "set/tile: 3 left out, without mask" in out
    assert "was trained on it" in out
    assert (asked["request"].shots, asked["request"].checkpoint) == (0, "c.safetensors")
    assert asked["json_path"] == target


@pytest.fixture
def compared(monkeypatch):
    """Methods that ``compare`` was asked for, and what it answers."""
    from adapp.cli import comparing

    told = SimpleNamespace(asked=[], results={"raid": {"categories": {"set/plate": {}}}})

    def compare(methods, **_):
        told.asked.extend(methods)
        return SimpleNamespace(table="side by side", results=told.results)

    monkeypatch.setattr(comparing, "compare", compare)
    return told


def test_compare_takes_several_methods_once_each(compared, capsys):
    assert main(["compare", "--method", "raid, kanoclip,raid", "--data", "a"]) == 0
    assert compared.asked == ["raid", "kanoclip"]
    assert capsys.readouterr().out == "side by side\n"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--method", "raid,nope"], "'nope' does not exist"),
        (["--method", "raid,kanoclip", "--variant", "retrieval"], "kanoclip has no variant"),
        (["--method", "raid", "--seed", "-3"], "seed -3 is out of range"),
    ],
)
def test_compare_refuses_before_the_first_method_is_measured(more, said, compared, capsys):
    assert main(["compare", "--data", "a", *more]) == 2
    assert said in one_line(capsys)
    assert compared.asked == []


def test_compare_fails_if_no_method_measured_anything(compared, capsys):
    compared.results = {"raid": {"categories": {}}, "h2vlr": {"categories": {}}}
    assert main(["compare", "--method", "raid,h2vlr", "--data", "a", "--shots", "0"]) == 2
    told = capsys.readouterr()
    assert told.out == "side by side\n"
    assert "No method could measure a category" in told.err


def test_bench_measures_all_methods_unless_some_are_named(monkeypatch, capsys, tmp_path):
    from adapp.cli import timing

    asked = {}

    def measured(**options):
        asked.update(options)
        return "table of ratios"

    monkeypatch.setattr(timing, "measure", measured)
    target = tmp_path / "b.json"
    assert main(["bench", "--preset", "tiny", "--json", str(target)]) == 0
    assert capsys.readouterr().out == "table of ratios\n"
    assert asked["methods"] == tuple(pool.registry.METHODS)
    assert (asked["preset"], asked["json_path"]) == ("tiny", target)
    assert main(["bench", "--method", "raid", "--json", str(target)]) == 0
    assert asked["methods"] == ("raid",)


def test_evaluate_with_nothing_measured_names_the_reasons_and_fails(monkeypatch, capsys, tmp_path):
    from adapp.cli import evaluating

    nothing = {"method": "raid", "categories": {}, "skipped": {"set/plate": "no normal picture"}}
    monkeypatch.setattr(evaluating, "evaluate", lambda *_, **__: nothing)
    monkeypatch.setattr(evaluating, "category_table", lambda _: "table")
    assert main(["evaluate", "--method", "raid", "--data", "a", "--json", str(tmp_path / "f")]) == 2
    assert "set/plate: no normal picture" in capsys.readouterr().err


def test_reproduce_passes_its_options_on_and_prints_the_table(monkeypatch, capsys, tmp_path):
    from adapp.cli import reproducing

    asked = {}

    def reproduced(request, *, json_path, report):
        asked.update(request=request, json_path=json_path)
        report("mvtec/bottle", 1, 2)
        return {"rows": [{"measured": 1.0}], "missing": []}

    monkeypatch.setattr(reproducing, "reproduce", reproduced)
    monkeypatch.setattr(reproducing, "reproduced_table", lambda _: "both tables")
    options = ["--shots", "2", "--seed", "3", "1", "3", "--limit", "9", "--cells", "kept"]
    target = tmp_path / "t.json"
    given = ["reproduce", "--table", "h2vlr-1", "--data", "a", "b", "--json", str(target), "--tune"]
    assert main([*given, *options, "--preset", "tiny", "--checkpoint", "research"]) == 0
    assert capsys.readouterr().out == "both tables\n"
    assert asked["json_path"] == target
    assert asked["request"] == reproducing.ReproduceRequest(
        table="h2vlr-1",
        roots=(Path("a"), Path("b")),
        preset="tiny",
        checkpoint="research",
        shots=2,
        seeds=(3, 1),
        limit=9,
        tune=True,
        cells=Path("kept"),
    )


def test_reproduce_prints_what_is_missing_and_fails_only_if_data_were_given(capsys, tmp_path):
    given = ["reproduce", "--table", "raid-6"]
    assert main(given) == 0
    assert "not measured: MVTec AD is not there" in capsys.readouterr().out
    assert main([*given, "--data", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert "RAID, table 6" in out
    assert "Nothing of raid-6 could be measured: MVTec AD is not there" in err


@pytest.fixture
def batch(folder, loader):
    """Return the arguments of a batch that the fake detector answers."""
    assert loader.loaded == []

    def arguments(*more):
        given = ["--support", f"{folder}/good", "--query", f"{folder}/query"]
        return ["batch", "--method", "raid", *given, "--out", f"{folder}/out", *more]

    return arguments


def test_batch_passes_its_options_on_and_prints_how_pictures_came_out(batch, folder, capsys):
    more = ["--preset", "tiny", "--category", "plate", "--seed", "4", "--maps", "fused", "base"]
    assert main(batch(*more, "--threshold", "0.9", "--segmentation", "polygon")) == 0
    out, _ = capsys.readouterr()
    counts, *files = out.splitlines()
    assert counts == "2 pictures: 1 anomalous, 1 normal, 0 refused"
    assert all(Path(file).is_file() for file in files)
    assert len(files) == 4
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    assert manifest["command"].startswith("python -m adapp batch --method raid")
    settings = manifest["settings"]
    asked = {"preset": "tiny", "category": "plate", "seed": 4, "threshold": 0.9}
    assert {name: settings[name] for name in asked} == asked
    assert (settings["maps"], settings["segmentation"]) == (["fused", "base"], "polygon")


def test_an_interrupted_batch_says_how_to_go_on_and_does(batch, folder, monkeypatch, capsys):
    from adapp.services.batch_picture import PictureWork

    plain = PictureWork.line

    def second_is_interrupted(work, read):
        if read.number == 2:
            raise KeyboardInterrupt
        return plain(work, read)

    monkeypatch.setattr(PictureWork, "line", second_is_interrupted)
    assert main(batch("--preset", "tiny")) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("adapp batch: stopped. Go on with: python -m adapp batch --out ")
    assert report(folder)["stopped"] is True
    monkeypatch.setattr(PictureWork, "line", plain)
    assert main(said.split("python -m adapp ")[1].split()) == 0
    assert capsys.readouterr().out.startswith("2 pictures, 1 of them before: 1 anomalous")
    assert report(folder)["stopped"] is False


def test_a_batch_runs_again_from_its_manifest(batch, folder, capsys, monkeypatch):
    from tests import fakes

    assert main(batch()) == 0
    again = ["batch", "--manifest", f"{folder}/out/manifest.json", "--out"]
    assert main([*again, f"{folder}/again"]) == 0
    assert "2 scores as recorded within 1e-06 (largest difference 0)" in capsys.readouterr().out
    monkeypatch.setattr(fakes, "GAIN", 2.1)
    assert main([*again, f"{folder}/other"]) == 2
    assert "Scores differ from the recorded ones" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "needs --method and --query"),
        (["--method", "raid"], "needs --method and --query"),
        (["--manifest", "m.json", "--method", "raid"], "holds method, support and query"),
        (["--resume"], "no readable manifest"),
        (["--method", "raid", "--query", "absent"], "compares with normal parts"),
        (["--method", "nope", "--query", "absent"], "'nope' does not exist"),
    ],
)
def test_a_batch_that_cannot_begin_says_why_in_one_line(given, said, loader, tmp_path, capsys):
    assert main(["batch", "--out", str(tmp_path / "out"), *given]) == 2
    assert said in one_line(capsys)
    assert loader.loaded == []
