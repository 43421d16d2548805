"""CSV, report and small pictures of a batch: safe to open, bounded in size."""

import base64
import csv
import re

import cv2
import numpy as np
import pytest

from adapp.services.batch_outputs import COLUMNS, TYPE_COLUMNS, safe_cell
from tests.fakes import part
from tests.unit.services.batches import Runner, save, tell_types, write_parts

HOSTILE = '=cmd|calc!A1 <img src=x onerror=alert(1)> "q".png'


@pytest.fixture
def run(tmp_path):
    write_parts(tmp_path)
    return Runner(tmp_path)


def rows(run):
    with (run.folder / "out" / "results.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def report(run):
    return (run.folder / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1", "＝1"])  # noqa: RUF001
def test_a_cell_is_never_a_formula(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["a=1", "q-1.png", "", "1"])
def test_a_plain_cell_stays_as_it_is(text):
    assert safe_cell(text) == text


def test_csv_has_the_scores_of_the_journal_to_the_last_digit(run):
    run()
    table = rows(run)
    assert tuple(table[0]) == COLUMNS
    for row, line in zip(table, run.lines(), strict=True):
        assert float(row["score"]) == line["query"]["score"]
        assert int(row["regions"]) == len(line["query"]["regions"])
        assert row["verdict"] == line["query"]["verdict"]
        assert row["sha256"] == line["sha256"]


def test_a_refused_picture_has_a_row_of_its_own(run):
    (run.folder / "query" / "q003.png").write_text("no picture")
    run()
    row = rows(run)[3]
    assert (row["verdict"], row["score"], row["mask"]) == ("refused", "", "")
    assert row["remarks"].startswith("q003.png: ")


def test_hostile_names_reach_neither_a_spreadsheet_nor_a_page(run):
    save(run.folder / "query" / "plain.png", part(50))
    (run.folder / "query" / "plain.png").rename(run.folder / "query" / HOSTILE.replace("/", ""))
    run()
    assert rows(run)[0]["name"].startswith("'=cmd")
    page = report(run)
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_names_that_are_no_text_are_written(run):
    raw = bytes(run.folder / "query") + b"/caf\xe9.png"
    (run.folder / "query" / "q000.png").rename(raw.decode("utf-8", "surrogateescape"))
    assert run().tally.refused == 0
    assert "caf\\udce9.png" in rows(run)[0]["path"]
    assert len(run.coco()["images"]) == 6


def test_report_is_one_file_without_script_or_link(run):
    run()
    page = report(run)
    assert "<script" not in page
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page) == []
    assert "default-src 'none'" in page
    sources = re.findall(r'<img [^>]*src="([^"]{30})', page)
    assert len(sources) == 6 + 2  # queries and normal pictures
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert re.search(r"<b>6</b><span>pictures.*<b>2</b><span>anomalous", page)


def test_report_tells_what_an_auditor_asks_for(run):
    run(seed=7)
    page = report(run)
    told = run.results()
    for text in (told["licence"], told["checkpoint_sha256"], "fake:pixels", "--manifest"):
        assert text in page
    assert re.search(r"<th>seed</th><td>7</td>", page)


def test_report_holds_only_the_highest_scores_in_their_order(run):
    run(report_pictures=3)
    page = report(run)
    scores = sorted((line["query"]["score"] for line in run.lines()), reverse=True)[:3]
    shown = [float(text) for text in re.findall(r"<td>(\d\.\d{4})</td>", page)]
    assert shown == [round(score, 4) for score in scores]
    assert "the 3 highest of 6" in page
    assert len(list((run.folder / "out" / "thumbnails").glob("0*.jpg"))) == 3


def test_report_does_not_grow_with_the_batch(tmp_path):
    sizes = []
    for queries in (12, 48):
        folder = tmp_path / str(queries)
        write_parts(folder, queries=queries)
        run = Runner(folder)
        run(report_pictures=4)
        sizes.append(len(report(run)))
    assert sizes[1] < sizes[0] * 1.2


def test_kept_pictures_survive_an_interruption(run):
    from tests.unit.services.batches import interrupt_after

    run("whole", report_pictures=2)
    with pytest.raises(KeyboardInterrupt):
        run(report=interrupt_after(4), report_pictures=2)
    run(report_pictures=2, resume=True)
    kept, whole = (
        {path.name: path.read_bytes() for path in (run.folder / out / "thumbnails").iterdir()}
        for out in ("out", "whole")
    )
    assert kept == whole


def test_a_small_picture_shows_the_part_beside_its_overlay(run):
    run()
    page = report(run)
    data = re.search(r'src="data:image/jpeg;base64,([^"]+)"', page.split("picture and fused")[1])[1]
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (60, 2 * 80 + 4, 3)
    left, right = picture[:, :80], picture[:, 84:]
    assert np.abs(left.astype(int) - right.astype(int)).mean() > 5


def test_csv_tells_the_type_of_the_picture_and_of_each_region(run, monkeypatch):
    run(**tell_types(monkeypatch))
    table = rows(run)
    assert tuple(table[0]) == (*COLUMNS, *TYPE_COLUMNS)
    verdicts = set()
    for row, line in zip(table, run.lines(), strict=True):
        verdicts.add(row["verdict"])
        if row["verdict"] == "normal":
            assert [row[name] for name in TYPE_COLUMNS] == ["", "", ""]
            continue
        told = line["query"]
        assert row["type"] == told["types"][0]["type"] == "scratch"
        assert float(row["type_probability"]) == told["types"][0]["probability"]
        assert len(row["region_types"].split("; ")) == len(told["regions"]) >= 1
        assert row["region_types"].startswith("scratch 0.")
    assert verdicts == {"normal", "anomalous"}


def test_results_name_types_of_anomalous_pictures_only_the_journal_all(run, monkeypatch):
    run(**tell_types(monkeypatch), pixel_threshold=0.1)
    verdicts = set()
    for told, line in zip(run.results()["queries"], run.lines(), strict=True):
        verdicts.add(told["verdict"])
        kept = line["query"]
        assert kept["types"]
        assert len(told["regions"]) == len(kept["regions"]) >= 1
        if told["verdict"] == "anomalous":
            assert told["regions"] == kept["regions"]
            continue
        assert told["types"] == []
        assert all(region["types"] == [] for region in told["regions"])
    assert verdicts == {"normal", "anomalous"}


def test_report_tells_the_types_and_how_far_they_can_be_trusted(run, monkeypatch):
    run(**tell_types(monkeypatch))
    page = report(run)
    assert "<th>looks most like</th>" in page
    assert re.search(r"<td>1\. scratch \d\d %(<br>.*)?</td>", page)
    assert "Measured on 812 outlined defects of other parts" in page
    table = page.split('class="pictures"')[1].split("</table>")[0]
    assert table.count("<td></td></tr>") == 4, "normal pictures have no type"


def test_a_method_without_types_has_no_column_for_them(run):
    run()
    assert tuple(rows(run)[0]) == COLUMNS
    page = report(run)
    assert "looks most like" not in page
    assert "Measured on" not in page


def test_a_refused_first_picture_hides_no_type(run, monkeypatch):
    (run.folder / "query" / "q000.png").write_text("no picture")
    run(**tell_types(monkeypatch))
    table = rows(run)
    assert table[0]["type"] == ""
    assert "scratch" in {row["type"] for row in table}
