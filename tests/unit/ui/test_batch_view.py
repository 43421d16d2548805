"""A batch as HTML: escaped names, words beside colours, values that sort."""

import pytest

from adapp.services.batch_review import Confusion
from adapp.ui import batch_view
from tests.page import read

EVIL = '"><script>alert(1)</script>.png'
LINE = {
    "number": 2,
    "name": EVIL,
    "path": "x",
    "query": {
        "score": 0.75,
        "regions": [{}],
        "area_percent": 1.5,
        "flags": [EVIL],
        "notes": [],
        "position": "above all 3 normal pictures",
    },
}
REFUSED = {"number": 3, "name": EVIL, "path": "y", "refused": f"{EVIL}: it is no picture."}


def test_names_from_users_are_escaped():
    pages = [
        batch_view.table_html([LINE, REFUSED], 0.5, {}, {}),
        batch_view.detail_html(LINE, {"as inspected": "data:x"}, 0.5),
        batch_view.detail_html(REFUSED, {}, 0.5),
        batch_view.settings_html(1, 2, EVIL),
    ]
    for page in pages:
        assert "script" not in read(page).tags


def test_row_says_the_verdict_at_the_threshold_and_the_label():
    above = batch_view.table_html([LINE], 0.5, {2: "bad"}, {})
    below = batch_view.table_html([LINE], 0.8, {}, {})
    assert "✕ anomalous" in above
    assert '<td class="label" data-value="bad">bad</td>' in above
    assert "✓ normal" in below
    assert 'data-value="0.750000000"' in above


def test_refused_picture_has_a_reason_and_no_score():
    told = read(batch_view.table_html([REFUSED], 0.5, {}, {})).text
    assert "refused" in told
    assert "it is no picture" in told


def test_figures_show_f1_only_with_labels():
    scores = {1: 0.9, 2: 0.1}
    assert "Mark pictures" in batch_view.figures_html(scores, 0.5, Confusion())
    told = read(batch_view.figures_html(scores, 0.5, Confusion(1, 0, 1, 0))).text
    assert "1 of 2 anomalous" in told
    assert "F1 1.00 on 2 labelled" in told


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "1 s"), (40, "40 s"), (150, "2 min"), (7200, "2.0 h")]
)
def test_time_left_is_told_in_words(seconds, told):
    assert batch_view.duration(seconds) == told


def test_progress_tells_time_left_once_there_is_a_pace():
    assert "left" not in batch_view.progress_html(0, 9, None)
    assert "3 of 9, 12 s left" in batch_view.progress_html(3, 9, 12.0)


TYPES = [
    {"type": "missing_part", "probability": 0.62},
    {"type": "none_of_these", "probability": 0.21},
]
TYPED = {**LINE, "query": {**LINE["query"], "types": TYPES, "regions": [{"types": TYPES}]}}


def test_anomalous_picture_says_what_it_looks_like():
    table = batch_view.table_html([TYPED, REFUSED], 0.5, {}, {})
    told = read(table)
    assert "looks most like" in told.text
    assert "missing part 62 %" in told.text
    assert table.count("<td") == 2 * 8, "every row has every cell"
    below = read(batch_view.table_html([TYPED], 0.8, {}, {})).text
    assert "missing part" not in below
    assert "looks most like" not in read(batch_view.table_html([LINE], 0.5, {}, {})).text


def test_opened_picture_tells_every_region_and_how_far_to_trust_it():
    told = read(batch_view.detail_html(TYPED, {}, 0.5, "Right for 41 %.")).text
    assert "Region 1: missing part 62 %, none of the known types 21 %" in told
    assert "Right for 41 %." in told
    for line, threshold in ((TYPED, 0.8), (LINE, 0.5)):
        assert "Right for" not in batch_view.detail_html(line, {}, threshold, "Right for 41 %.")
