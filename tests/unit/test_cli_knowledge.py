"""``knowledge`` and ``ask``: what they print, write and refuse."""

import json

import cv2
import pytest

from adapp.cli import knowing, main
from adapp.services import page_library, pool
from tests.fakes import FakeLoader, part
from tests.pages import OWN_PAGE, encoder, tiny_library

DEFECT = (10, 20, 30, 50)
NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def _small(monkeypatch, tmp_path):
    """The fake detector, a few pages over tiny encoders, folders of the test's own."""
    monkeypatch.setenv("ADAPP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ADAPP_KNOWLEDGE", str(tmp_path / "knowledge"))
    monkeypatch.delenv("ADAPP_REASONER_URL", raising=False)
    monkeypatch.setattr(pool.registry, "load", FakeLoader())

    def load(preset, settings, *, own_index=True, **_):
        folder = page_library.index_folder(preset, settings)
        added = page_library.operator_index(folder, encoder()) if own_index else None
        return tiny_library(settings, added=added)

    monkeypatch.setattr(knowing, "load_library", load)
    monkeypatch.setattr(page_library, "load_library", load)
    page_library._library.cache_clear()
    yield
    page_library._library.cache_clear()


@pytest.fixture
def query(tmp_path):
    for name, image in {"good0": part(0), "good1": part(1)}.items():
        (tmp_path / "good").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "good" / f"{name}.png"), image)
    cv2.imwrite(str(tmp_path / "bad.png"), part(8, defect=DEFECT))
    return tmp_path / "bad.png"


@pytest.fixture
def ask(query):
    given = ["--support", str(query.parent / "good"), "--preset", "tiny", "--query", str(query)]
    return lambda *more: ["ask", *given, "--reasoner", "evidence", *more]


def rows(capsys):
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def one_line(capsys):
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


def test_list_names_every_page_with_origin_and_licence(capsys, tmp_path):
    target = tmp_path / "pages.json"
    assert main(["knowledge", "list", "--preset", "tiny", "--json", str(target)]) == 0
    listed = rows(capsys)
    assert {row[2] for row in listed} == {"bundled"}
    assert {row[3] for row in listed} == {"Apache-2.0"}
    told = json.loads(target.read_text())["pages"]
    assert [page["id"] for page in told] == [row[0] for row in listed]
    assert all(page["trusted"] for page in told)


def test_search_prints_pages_best_first(capsys, query, tmp_path):
    target = tmp_path / "hits.json"
    given = ["--query", str(query), "--text", "bottle", "--type", "chip", "--pages", "2"]
    boxed = ["--box", "10", "20", "30", "50", "--json", str(target)]
    assert main(["knowledge", "search", "--preset", "tiny", *given, *boxed]) == 0
    found = rows(capsys)
    assert len(found) == 2
    scores = [float(row[0]) for row in found]
    assert scores == sorted(scores, reverse=True)
    assert found[0][2] == "chip"
    told = json.loads(target.read_text())
    assert set(told["pages"][0]["parts"]) == {"whole", "detail", "text", "type"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "nothing to search for"),
        (["--text", "x", "--type", "nonsense"], "no defect type"),
        (["--text", "x", "--box", "0", "0", "5", "5"], "give --query IMAGE too"),
        (["--query", "absent.png"], "absent.png"),
    ],
)
def test_search_refuses_in_one_line(given, told, capsys):
    assert main(["knowledge", "search", "--preset", "tiny", *given]) == 2
    assert told in one_line(capsys)


def test_box_outside_the_picture_is_refused(capsys, query):
    given = ["--query", str(query), "--box", "0", "0", "500", "5"]
    assert main(["knowledge", "search", "--preset", "tiny", *given]) == 2
    assert "not inside" in one_line(capsys)


def test_added_pages_stay_are_marked_and_found(capsys, tmp_path):
    page = tmp_path / "plates.md"
    page.write_text(OWN_PAGE)
    assert main(["knowledge", "add", "--preset", "tiny", str(page)]) == 0
    ((page_id, title),) = rows(capsys)
    assert title == "Scratches on our plates"
    assert main(["knowledge", "add", "--preset", "tiny", str(page)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["knowledge", "list", "--preset", "tiny"]) == 0
    assert [row[2] for row in rows(capsys) if row[0] == page_id] == ["index"]
    text = "Scratches on our plates: worn rubber lip at station 4"
    search = ["--text", text, "--type", "scratch", "--pages", "5", "--sampling", "topk"]
    assert main(["knowledge", "search", "--preset", "tiny", *search]) == 0
    assert page_id in [row[1] for row in rows(capsys)]


def test_build_indexes_a_folder_and_tells_what_it_left_out(capsys, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a.md").write_text(OWN_PAGE)
    (folder / "b.txt").write_text("")
    build = ["knowledge", "build", "--preset", "tiny"]
    assert main([*build, "--folder", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert "1 pages of your own" in out
    assert "empty" in err
    (folder / "a.md").unlink()
    assert main(build) == 0  # from what the index holds
    assert "1 pages of your own" in capsys.readouterr().out
    assert main([*build, "--folder", str(tmp_path / "absent")]) == 2


@pytest.mark.parametrize(("name", "text"), [("x.exe", "MZ"), ("empty.md", "")])
def test_add_refuses_what_is_no_page(name, text, capsys, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    assert main(["knowledge", "add", "--preset", "tiny", str(path)]) == 2
    assert "adapp knowledge:" in one_line(capsys)


def test_ask_prints_verdict_answer_and_cited_pages(ask, capsys, tmp_path):
    target = tmp_path / "answer.json"
    category = ["--category", "sheet metal", "--question", "What is it?", "--json", str(target)]
    assert main(ask(*category)) == 0
    out = capsys.readouterr().out
    assert out.startswith("verdict\tanomalous\t")
    assert "\tevidence_only\t" in out
    told = json.loads(target.read_text())
    assert told["answer"] in out
    assert told["cited"]
    assert told["source"] == "evidence_only"
    assert told["tokens"] is None
    assert {page["id"] for page in told["pages"]} >= set(told["cited"])
    assert told["seconds"]["search"] > 0


def test_ask_answers_from_pages_of_this_question_alone(ask, capsys, tmp_path):
    page = tmp_path / "plates.md"
    page.write_text(OWN_PAGE)
    target = tmp_path / "answer.json"
    more = ["--question", "Why?", "--pages", str(page), "--json", str(target)]
    assert main(ask("--category", "plate", *more)) == 0
    pages = json.loads(target.read_text())["pages"]
    assert len(pages) == 3
    assert not (tmp_path / "knowledge").exists()
    capsys.readouterr()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--question", " "], "question is empty"),
        (["--question", "x", "--pages", "absent.md"], "absent.md is no file"),
        (["--question", "x", "--method", "nonsense"], "nonsense"),
        (["--question", "x", "--reasoner", "server"], "no server is known"),
        (["--question", "x", "--reasoner", "server", "--base-url", "nonsense"], "no address"),
    ],
)
def test_ask_refuses_in_one_line(ask, more, told, capsys):
    assert main(ask(*more)) == 2
    assert told in one_line(capsys)


def test_a_server_that_is_not_there_is_told_in_one_line_beside_the_bar(ask, capsys):
    assert main(ask("--question", "x", "--reasoner", "server", "--base-url", NOBODY)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = [line for line in err.splitlines() if line.strip() and "it/s]" not in line]
    assert line.startswith("adapp ask: no answer from 127.0.0.1:9")


def test_ask_takes_one_picture(ask, query, capsys):
    given = [item if item != str(query) else str(query.parent / "good") for item in ask()]
    assert main([*given, "--question", "x"]) == 2
    assert "one at a time" in one_line(capsys)
