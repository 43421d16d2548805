"""ADSeeker's table 5 from questions to gains: asked over loopback, killed, resumed, told."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest

from adapp.cli import main
from adapp.cli.commands import build_parser
from adapp.core.errors import ReasonerUnavailable, UsageError
from adapp.evaluation.multiple_choice import AVERAGE, TASKS
from adapp.reasoning.choose import Choice
from adapp.reasoning.config import LocalConfig
from adapp.services import mmad
from adapp.services.batch_journal import read_lines
from adapp.services.mmad_asking import ORDERS
from adapp.services.paper_tables import read_json
from adapp.services.reproduce_table import reproduced_table
from tests.architecture.tree import ROOT
from tests.unit.services.mmad_made import (
    MODEL,
    PER_PICTURE,
    TEMPLATE,
    pictures_in,
    row,
    run,
    seen_question,
    student,
    words_in,
    write_mmad,
)

PAIRS = 4  # two of each of two categories
QUESTIONS = PAIRS * PER_PICTURE


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ADAPP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ADAPP_REASONER_URL", raising=False)


@pytest.fixture
def folder(tmp_path):
    write_mmad(tmp_path / "mmad")
    return tmp_path


@pytest.fixture
def server():
    with student() as running:
        yield running


@pytest.fixture
def ask(folder, server):
    return partial(run, folder, server.url)


def knows_with_pages(question, body):
    """Know every defect, but only if pages are shown."""
    return "defect" not in question or "Knowledge pages" in words_in(body)


def test_vanilla_shows_a_normal_picture_seek_pages_and_the_map_on_the_same_questions(ask, server):
    found = ask()
    assert len(server.asked) == 2 * QUESTIONS
    vanilla, seek = server.asked[0::2], server.asked[1::2]
    assert [seen_question(body) for body in vanilla] == [seen_question(body) for body in seek]
    assert all("A normal part for comparison" in words_in(body) for body in vanilla)
    assert all("Knowledge pages" not in words_in(body) for body in vanilla)
    assert {pictures_in(body) for body in vanilla} == {2}
    assert all("Knowledge pages" in words_in(body) for body in seek)
    assert all("A normal part for comparison" not in words_in(body) for body in seek)
    assert all("detector's map in red" in words_in(body) for body in seek)
    assert min(pictures_in(body) for body in seek) >= 3 + 1 + 1  # pages, query, overlay
    assert found["mmad"]["questions"] == QUESTIONS
    assert {body["temperature"] for body in server.asked} == {0}


def test_nothing_that_a_path_tells_reaches_the_model(ask, server):
    ask()
    for body in server.asked:
        told = words_in(body)
        assert "mmad" not in told
        assert "DS-MVTec" not in told
        assert ".png" not in told
        assert "Verdict of the detector" not in told


def test_accuracy_gain_and_interval_are_those_of_a_model_that_needs_the_pages(ask, server):
    server.knows = knows_with_pages
    found = ask()
    kinds = (
        row(found, "vanilla", "defect_classification"),
        row(found, "seek", "defect_localization"),
    )
    assert [line["measured"] for line in kinds] == [0.0, 100.0]
    gain = found["mmad"]["gains"]["seek"]["defect_classification"]
    assert gain == {"difference": 100.0, "low": 100.0, "high": 100.0, "questions": PAIRS}
    assert found["mmad"]["gains"]["seek"]["object_analysis"]["difference"] == 0.0
    average = found["mmad"]["gains"]["seek"][AVERAGE]
    by_task = [found["mmad"]["gains"]["seek"][task]["difference"] for task in TASKS]
    assert average["difference"] == pytest.approx(sum(by_task) / len(TASKS))
    assert average["low"] <= average["difference"] <= average["high"]


def test_calling_everything_defective_is_half_right_at_discrimination(ask):
    found = ask()
    assert row(found, "vanilla", "discrimination")["measured"] == 50.0
    told = found["mmad"]["settings"]["vanilla"]
    assert (told["recall_normal"], told["recall_anomalous"]) == (0.0, 100.0)


def test_the_two_parts_of_mvtec_are_one_data_set(ask):
    sets = ask()["mmad"]["settings"]["vanilla"]["by_dataset"]
    assert set(sets) == {"MVTec AD", "VisA"}


def test_small_made_up_questions_are_never_held_against_the_paper(ask):
    found = ask()
    assert all(line["difference"] is None for line in found["rows"])
    assert not any(line["complete"] for line in found["rows"])
    assert any(f"{QUESTIONS} of MMAD's 39,672 questions" in told for told in found["remarks"])
    assert any("no column" in told for told in found["remarks"])


def test_unreadable_answers_count_as_wrong_and_apart(ask, server):
    server.says = "A or B, hard to tell."
    found = ask()
    told = found["mmad"]["settings"]["vanilla"]
    assert told["unreadable"] == told["answers"] == QUESTIONS
    assert {line["measured"] for line in found["rows"]} == {0.0}
    assert all(count["chosen"] == 0 for count in told["letters"].values())


def test_dressed_letters_are_read(ask, server):
    server.dress = "**[{letter}]**"
    found = ask()
    assert found["mmad"]["settings"]["seek"]["unreadable"] == 0
    assert row(found, "seek", "defect_analysis")["measured"] == 100.0


def test_circular_options_unmask_a_model_that_always_says_a(ask, server):
    server.says = "A"
    plain = ask()
    assert row(plain, "vanilla", "object_classification")["measured"] == 100.0  # A by chance
    found = ask(asking={"mode": "circular"})
    told = found["mmad"]["settings"]["vanilla"]
    assert row(found, "vanilla", "object_classification")["measured"] == 25.0
    assert row(found, "vanilla", "discrimination")["measured"] == 50.0
    assert told["right_in_every_order"] == 0
    assert told["letters"]["A"]["chosen"] == told["answers"]
    rights = {count["right"] for letter, count in told["letters"].items() if letter in "CD"}
    assert len(rights) == 1  # each option stood behind each letter as often
    assert any("circular" in told for told in found["remarks"])


def test_shuffled_options_follow_the_seed_and_are_the_same_under_both_settings(ask, server):
    orders = {}
    for seed in (1, 1, 2):
        server.asked.clear()
        ask(seeds=(seed,), asking={"mode": "shuffled"})
        told = [seen_question(body)["options"] for body in server.asked]
        if told:  # the second time nothing has to be asked
            orders[seed] = told
    assert orders[1][0::2] == orders[1][1::2]
    assert orders[1] != orders[2]
    assert len({tuple(options.values()) for options in orders[1]}) > 5


def test_nothing_is_asked_twice_and_a_changed_picture_is_asked_about_anew(ask, server, folder):
    first = ask()
    server.asked.clear()
    again = ask()
    assert server.asked == []
    assert again["rows"] == first["rows"]
    assert again["evaluations"] == {"measured": 0, "reused": 2 * QUESTIONS}
    changed = folder / "mmad" / "VisA" / "candle" / "test" / "good" / "000.png"
    changed.write_bytes(changed.read_bytes() + b"\0")
    assert ask()["evaluations"]["measured"] == 2 * 3  # questions about that picture
    questions = folder / "mmad" / "mmad.json"
    questions.write_text(questions.read_text() + " ")
    assert ask()["evaluations"]["reused"] == 0


def test_a_larger_limit_uses_the_answers_of_a_smaller_one(ask):
    few = ask(limit=2)
    assert few["mmad"]["pictures"] == 4  # one of each label of each category
    assert {line["label"] for line in few["rows"] if line["measured"] is not None} == {
        "vanilla",
        "seek",
    }
    assert row(few, "vanilla", "discrimination")["measured"] is not None  # both labels are drawn
    more = ask()
    assert more["evaluations"]["reused"] == few["evaluations"]["measured"]


def test_a_killed_process_loses_no_answer_and_asks_none_twice(ask, server, folder):
    stop = 7
    code = f"""
        import os, signal
        from pathlib import Path
        from tests.unit.services.mmad_made import run

        def report(stage, done, total):
            if done >= {2 * stop}:
                os.kill(os.getpid(), signal.SIGKILL)

        run(Path({str(folder)!r}), {server.url!r}, report=report)
    """
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ['PYTHONPATH']}"}
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment, check=False
    )
    assert child.returncode == -signal.SIGKILL
    assert len(server.asked) == 2 * stop
    found = ask()
    assert found["evaluations"] == {"measured": 2 * (QUESTIONS - stop), "reused": 2 * stop}
    for told in found["mmad"]["settings"].values():
        ids = [line["id"] for line in read_lines(_path(told)) if "id" in line]
        assert len(ids) == len(set(ids)) == QUESTIONS


def _path(told):
    return Path(told["journal"])


def test_a_line_cut_in_the_middle_is_asked_again(ask):
    path = _path(ask(limit=2)["mmad"]["settings"]["seek"])
    path.write_bytes(path.read_bytes()[:-20])
    again = ask(limit=2)
    assert again["evaluations"]["measured"] == 1
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({line["id"] for line in told if "id" in line}) == len(told) - 1


def test_a_server_that_fails_ends_the_run_with_what_is_kept(folder):
    with student() as server:
        server.left = 10
        with pytest.raises(ReasonerUnavailable, match="10 answers are kept, the same command"):
            run(folder, server.url)
        server.left = None
        found = run(folder, server.url)
    assert found["evaluations"]["reused"] == 10


def test_the_ladder_of_table_four_shows_each_module_alone(ask, server):
    server.knows = knows_with_pages
    found = ask(asking={"ablation": True})
    vanilla, pages, expert, both = (server.asked[at::4] for at in range(4))
    shown = [
        ("Knowledge pages" in words_in(body), "map in red" in words_in(body))
        for body in (vanilla[0], pages[0], expert[0], both[0])
    ]
    assert shown == [(False, False), (True, False), (False, True), (True, True)]
    normal = ["A normal part" in words_in(b[0]) for b in (vanilla, pages, expert, both)]
    assert normal == [True, False, True, False]
    gains = {
        name: told["defect_description"]["difference"]
        for name, told in found["mmad"]["gains"].items()
    }
    assert gains == {"rag": 100.0, "expert": 0.0, "seek": 100.0}


def test_progress_counts_the_answers_of_all_settings(ask):
    steps = []
    ask(report=lambda *step: steps.append(step))
    assert steps[0] == ("Asking", 0, 2 * QUESTIONS)
    assert steps[-1] == ("Asking", 2 * QUESTIONS, 2 * QUESTIONS)
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)


def test_pictures_that_are_not_there_are_named(ask, folder):
    (folder / "mmad" / TEMPLATE).unlink()
    found = ask()
    assert found["mmad"]["questions"] == QUESTIONS - 2 * PER_PICTURE
    (told,) = [text for text in found["remarks"] if "left out" in text]
    assert TEMPLATE in told
    assert "MVTec AD" in told


def test_a_broken_picture_is_left_out_of_both_settings(ask, folder):
    broken = folder / "mmad" / "VisA" / "candle" / "test" / "scratch" / "001.png"
    broken.write_bytes(b"no picture")
    found = ask()
    assert found["mmad"]["questions"] == QUESTIONS - 6
    assert any("VisA/candle/test/scratch/001.png was left out" in t for t in found["remarks"])


def test_without_the_expert_vanilla_is_measured_and_seek_says_why(ask):
    found = ask(expert=False)
    assert row(found, "vanilla", "defect_analysis")["measured"] == 100.0
    line = row(found, "seek", "defect_analysis")
    assert line["measured"] is None
    assert "the expert adseeker is not among" in line["reason"]


def test_missing_questions_and_models_are_named_in_every_line(folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for options, reason in (
        ({"roots": ()}, "no mmad.json given"),
        ({"roots": (empty,)}, "no mmad.json below"),
        ({"asking": {"base_url": None}}, "no server is known"),
        ({"asking": {"reasoner": "auto"}}, "no language model can answer"),
        ({"asking": {"reasoner": "local"}}, "Qwen2.5-VL"),
    ):
        found = run(folder, **options)
        assert all(reason in line["reason"] for line in found["rows"]), options
        assert row(found, "seek", AVERAGE)["paper"]["Qwen2.5-VL 7B"] == 69.90


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"asking": {"reasoner": "evidence"}}, "cannot choose letters: take --reasoner server"),
        ({"seeds": (0, 1)}, "takes one seed"),
        ({"tune": True}, "tunes nothing"),
        ({"shots": 4}, "no choice of normal pictures"),
    ],
)
def test_what_has_no_meaning_is_refused(folder, options, told):
    with pytest.raises(UsageError, match=told):
        run(folder, **options)


def test_the_tiny_qwen_takes_the_whole_local_path(folder, monkeypatch):
    from adapp.reasoning.qwen import tiny_reasoner

    asked = tiny_reasoner(LocalConfig(max_pixels=64 * 28 * 28))
    monkeypatch.setattr(mmad, "choose", lambda *_: Choice(asked, "Asked for by name."))
    found = run(folder, limit=1, asking={"reasoner": "local"})
    told = found["mmad"]
    assert told["source"] == "local_model"
    assert next(iter(told["models"])).startswith("tiny")
    assert told["settings"]["seek"]["answers"] == told["questions"] > 0
    assert not asked.in_memory  # let go of at the end
    assert found["rows"][0]["measured"] is None  # one picture a category: no normal one drawn


def test_text_tells_gains_recalls_letters_and_who_answered(ask, tmp_path):
    target = tmp_path / "table.json"
    found = ask(json_path=target)
    assert json.loads(target.read_text())["rows"] == found["rows"]
    text = reproduced_table(found)
    assert f"answered by: {MODEL} (server)" in text
    assert "seek against vanilla on the same questions" in text
    assert "letters chosen/right, vanilla: A " in text
    assert "not measured" not in text


def test_command_prints_the_table_and_refuses_in_one_line(folder, capsys):
    given = ["reproduce", "--table", "adseeker-5", "--data", str(folder / "mmad")]
    assert main([*given, "--reasoner", "evidence"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "cannot choose letters" in err
    assert main([*given, "--reasoner", "server"]) == 2  # nobody to ask: the table, then why
    out, err = capsys.readouterr()
    assert "69.90" in out
    assert "no server is known" in err.splitlines()[-1]


def test_command_asks_a_server(folder, server, capsys):
    given = ["reproduce", "--table", "adseeker-5", "--data", str(folder / "mmad"), "--limit", "2"]
    cells = ["--cells", str(folder / "cells"), "--preset", "tiny"]
    assert main([*given, *cells, "--reasoner", "server", "--base-url", server.url]) == 0
    out, err = capsys.readouterr()
    assert "recall normal" in out
    assert "Asking" in err


def test_command_knows_the_orders():
    parser = build_parser()
    for order in ORDERS:
        given = ["reproduce", "--table", "adseeker-5", "--options", order]
        assert parser.parse_args(given).options == order


def test_printed_averages_are_those_of_the_printed_tasks():
    rows = read_json("adseeker-5")["rows"]
    seven = [one["values"][-1] for one in rows if one["label"] == "seek"]
    assert sum(seven[:-1]) / len(TASKS) == pytest.approx(seven[-1], abs=0.01)
