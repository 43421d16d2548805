"""Results as HTML: right figures, escaped names."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from adapp.core.results import PixelReading
from adapp.services.inspection import drain
from adapp.services.regions import Thresholds, regions, verdict
from adapp.services.views import matches
from adapp.ui import inspect_view

EVIL = '"><script>alert(1)</script>'


class _Reader(HTMLParser):
    """Collects tags and text; checks that every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.tags = []
        self.text = ""

    def handle_starttag(self, tag, _):
        self.tags.append(tag)
        if tag not in {"img", "br", "path", "rect", "circle"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in {"path", "rect", "circle"}:
            return
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(html):
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


@pytest.fixture
def found(run):
    """Return an inspection, its first outcome, the regions and the verdict."""
    inspection = drain(run())
    outcome = inspection.outcomes[0]
    limits = Thresholds.of(inspection.calibration)
    areas = regions(outcome.result.fused_map, limits.pixel)
    return inspection, outcome, areas, verdict(outcome.result.score, inspection.calibration)


def _named(outcome, name):
    return replace(outcome, image=replace(outcome.image, name=name))


def test_verdict_says_the_word_and_the_figures(found):
    inspection, outcome, areas, judged = found
    text = read(inspect_view.verdict_html(inspection, outcome, judged, areas)).text
    assert "ANOMALOUS" in text
    assert f"{outcome.result.score:.3f}" in text
    assert "on 3 normals" in text
    assert "RAID full, open" in text
    assert "on CPU" in text


def test_normal_part_gets_the_other_word(found):
    inspection, outcome, _, _ = found
    judged = verdict(outcome.result.score, inspection.calibration, threshold=1.0)
    html = inspect_view.verdict_html(inspection, outcome, judged, ())
    assert "NORMAL" in read(html).text
    assert "is-normal" in html
    assert 'role="status"' in html


@pytest.mark.parametrize(
    ("basis", "badge"), [("augmented", "uncalibrated"), ("generic", "generic scale")]
)
def test_weak_calibration_is_named(found, basis, badge):
    inspection, outcome, areas, judged = found
    weak = replace(inspection, calibration=replace(inspection.calibration, basis=basis))
    assert badge in read(inspect_view.verdict_html(weak, outcome, judged, areas)).text


def test_regions_list_box_size_share_and_nearest_normal(found):
    inspection, outcome, areas, _ = found
    pairs = [
        inspect_view.pair(outcome, inspection, match)
        for match in matches(outcome, areas, inspection.support)
    ]
    html = inspect_view.regions_html(areas, pairs)
    row0, column0, row1, column1 = areas[0].box
    text = read(html).text
    assert f"{column1 - column0} x {row1 - row0} px" in text
    assert re.search(rf"x {column0}.{column1 - 1}, y {row0}.{row1 - 1}", text)
    assert f"{100 * areas[0].area_fraction:.2f} % of area" in text
    assert f"nearest normal: n{pairs[0].match.support_index + 1}" in text
    assert html.count("data:image/png;base64,") == 2 * len(areas)


def test_no_region_says_what_to_do():
    assert "Lower it" in inspect_view.regions_html((), ())


def test_long_lists_of_regions_tell_the_rest(found):
    _, _, areas, _ = found
    many = areas * 20
    shown = inspect_view.MOST_REGIONS
    html = inspect_view.regions_html(many, [None] * shown)
    assert html.count("<li>") == shown
    assert f"{len(many) - shown} more regions" in html


def test_names_from_users_are_escaped_everywhere(found):
    inspection, outcome, areas, judged = found
    evil = _named(outcome, EVIL)
    support = tuple(replace(image, name=EVIL) for image in inspection.support)
    marked = replace(inspection, support=support, outcomes=(evil, evil), notes=(EVIL,))
    match = matches(outcome, areas, support)[0]
    pages = [
        inspect_view.verdict_html(marked, evil, judged, areas),
        inspect_view.notes_html(marked, evil),
        inspect_view.strip_html(marked.outcomes, [judged, judged], ["data:", "data:"], 0),
        inspect_view.regions_html(areas[:1], [inspect_view.pair(evil, marked, match)]),
    ]
    for page in pages:
        assert "script" not in read(page).tags


def test_strip_marks_the_chosen_query_and_counts(found):
    inspection, _, _, _ = found
    judged = [verdict(one.result.score, inspection.calibration) for one in inspection.outcomes]
    html = inspect_view.strip_html(inspection.outcomes, judged, ["data:a", "data:b"], 1)
    assert "1 of 2 anomalous" in html
    assert html.index('aria-current="true"') > html.index('data-index="1"')
    assert inspect_view.strip_html(inspection.outcomes[:1], judged[:1], ["data:a"], 0) == ""


def test_reading_is_the_sum_it_says():
    html = inspect_view.reading_html(3, 7, PixelReading(0.5, -0.125, 1.0, 0.375))
    text = read(html).text
    assert "x 7, y 3" in text
    assert "base 0.500" in text
    assert "\N{MINUS SIGN} residual 0.125" in text
    assert "= fused 0.375" in text
    assert "2.00 x residual" in inspect_view.reading_html(0, 0, PixelReading(0, 0.1, 2.0, 0.2))


def test_moved_thresholds_are_told_beside_the_calibrated_ones(found):
    inspection = found[0]
    own = Thresholds.of(inspection.calibration)
    assert "as calibrated" in inspect_view.thresholds_note(own, inspection.calibration)
    moved = Thresholds(image=0.9, pixel=own.pixel)
    told = inspect_view.thresholds_note(moved, inspection.calibration)
    assert f"verdict 0.900 (calibrated {own.image:.3f})" in told


def test_refused_files_lead_the_notes(run, pictures, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    inspection = drain(run(query=(*pictures[1], tmp_path / "text.png")))
    html = inspect_view.notes_html(inspection, inspection.outcomes[0])
    text = read(html).text
    assert text.startswith("text.png was left out:")
    assert text.endswith(inspection.provenance.licence)
