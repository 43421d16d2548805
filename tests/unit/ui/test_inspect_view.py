"""Results as HTML: right figures, escaped names."""

import re
from dataclasses import replace

import pytest

from adapp.core.reasoner import TypeProbability
from adapp.methods.registry import METHODS
from adapp.services.inspection import drain
from adapp.services.region_types import NORMAL
from adapp.services.regions import Thresholds, regions, verdict
from adapp.services.views import matches
from adapp.ui import inspect_view, verdict_view
from tests.fakes import FAKE_METHODS
from tests.page import read

EVIL = '"><script>alert(1)</script>'


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


def test_region_says_its_type_with_every_probability_and_how_far_to_trust_it(found):
    _, _, areas, _ = found
    named = [TypeProbability("missing_part", 0.64), TypeProbability("", 0.2)]
    html = inspect_view.regions_html(areas[:1], [None], [named], "Right for 41 %.")
    text = read(html).text
    assert "looks most like missing part 64 % then none of the known types 20 %" in text
    assert text.endswith("Right for 41 %.")


def test_no_known_type_is_said_as_such(found):
    _, _, areas, _ = found
    unknown = [TypeProbability("", 0.58), TypeProbability("scratch", 0.2)]
    html = inspect_view.regions_html(areas[:1], [None], [unknown])
    assert "fits none of the known types 58 % then scratch 20 %" in read(html).text
    assert "looks most like" not in html
    assert "is-none" in html


def test_a_method_without_types_says_nothing_of_them(found):
    _, _, areas, _ = found
    html = inspect_view.regions_html(areas[:1], [None], [()])
    assert html == inspect_view.regions_html(areas[:1], [None])
    assert "types" not in html
    assert "trust" not in html


def test_a_normal_verdict_says_why_no_type_is_named(found):
    _, _, areas, _ = found
    html = inspect_view.regions_html(areas[:1], [None], [()], NORMAL)
    assert read(html).text.endswith(NORMAL)
    assert 'class="types' not in html
    assert html.count("<li>") == 1


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
        verdict_view.verdict_html(marked, evil, judged, areas),
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


def test_moved_thresholds_are_told_beside_the_calibrated_ones(found):
    inspection = found[0]
    own = Thresholds.of(inspection.calibration)
    assert "as calibrated" in inspect_view.thresholds_note(own, inspection.calibration)
    moved = Thresholds(image=0.9, pixel=own.pixel)
    told = inspect_view.thresholds_note(moved, inspection.calibration)
    assert f"verdict 0.900 (calibrated {own.image:.3f})" in told


def test_generic_thresholds_are_never_called_calibrated(found):
    calibration = replace(found[0].calibration, basis="generic", n_normals=0)
    own = Thresholds.of(calibration)
    assert "Generic thresholds: no normals" in inspect_view.thresholds_note(own, calibration)
    moved = inspect_view.thresholds_note(Thresholds(0.9, own.pixel), calibration)
    assert f"(generic {own.image:.3f})" in moved


def test_meaning_names_the_map_and_says_what_it_shows():
    html = inspect_view.meaning_html(FAKE_METHODS["kanoclip"], "stage 5")
    assert read(html).text == "Stage 5 The map of one depth of the encoder."
    assert "base" in inspect_view.meaning_html(METHODS["raid"], "base").lower()
    assert inspect_view.meaning_html(None, "base") == ""


def test_map_of_the_chosen_type_names_it():
    info = FAKE_METHODS["adseeker"]
    told = read(inspect_view.meaning_html(info, "type", "missing_part")).text
    assert told.startswith("Type Where the chosen type beats none of these.")
    assert told.endswith("Looks most like: missing part.")
    for name, chosen in (("type", ""), ("sparse code", "missing_part")):
        assert "Chosen for" not in inspect_view.meaning_html(info, name, chosen)


def test_weight_note_says_what_a_moved_weight_leaves_alone():
    assert inspect_view.weight_note(None, None) == ""
    assert "0.40 is the method's own" in inspect_view.weight_note(0.4, None)
    moved = inspect_view.weight_note(0.4, 1.25)
    assert "use 1.25" in moved
    assert "score, its verdict and the calibrated thresholds stay those of 0.40" in moved


def test_refused_files_lead_the_notes(run, pictures, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    inspection = drain(run(query=(*pictures[1], tmp_path / "text.png")))
    html = inspect_view.notes_html(inspection, inspection.outcomes[0])
    text = read(html).text
    assert text.startswith("text.png was left out:")
    assert text.endswith(inspection.provenance.licence)
