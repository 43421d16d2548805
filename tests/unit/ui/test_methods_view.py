"""Method cards and the papers' tables: nothing is guessed, names are escaped."""

from dataclasses import replace

import pytest

from adapp.methods.registry import METHODS
from adapp.services.method_cards import CheckpointCard, MethodCard
from adapp.services.own_figures import OwnFigure, OwnTable, own_tables
from adapp.services.paper_view import viewed_table
from adapp.ui.methods_view import card_html, own_html, table_html
from tests.page import read

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def card():
    shipped = CheckpointCard("open", ("set/part", EVIL), EVIL, "ab" * 32, 2.5)
    return MethodCard(METHODS["raid"], (shipped,), ("Misses what is small.",))


def test_card_tells_needs_maps_limits_and_training_data(card):
    text = read(card_html(card, None)).text
    for told in (
        "Needs pictures of good parts",
        "When it fails",
        "Misses what is small.",
        "set/part",
    ):
        assert told in text
    assert "abababababab" in text
    assert "not yet measured" in text
    assert "0.25 s a picture" in read(card_html(card, 0.25)).text


def test_card_tells_how_often_types_are_right_where_it_names_any(card):
    (shipped,) = card.checkpoints
    typed = replace(card, checkpoints=(replace(shipped, types="Right for 41 %."),))
    assert "Right for 41 %." in read(card_html(typed, None)).text
    assert "<p></p>" not in card_html(card, None)


def test_card_without_a_checkpoint_says_so(card):
    assert "None ships" in read(card_html(replace(card, checkpoints=()), None)).text


def test_names_are_escaped(card):
    assert "script" not in read(card_html(card, None)).tags


def test_table_shows_the_papers_figures_and_no_guess():
    viewed = viewed_table("raid-1")
    text = read(table_html(viewed)).text
    assert "PatchCore" in text
    assert "99.4" in text
    if not viewed.setting:
        assert "reproduce --table raid-1" in text


def test_own_figures_stand_in_rows_with_their_setting_below():
    figures = (
        OwnFigure("RAID full", 1, "image_auroc", "81.22 ± 2.37", "raid", "|"),
        OwnFigure("RAID full", 1, "aupro", "69.74", "raid", "|"),
        OwnFigure("RAID full", 4, "image_auroc", "89.17", "raid", "|"),
    )
    table = OwnTable(EVIL, "all pictures", "336 px", "0", ("abcdef0", "1234567"), figures)
    page = own_html((table,))
    shown = read(page)
    assert "script" not in shown.tags
    assert shown.tags.count("tr") == 3
    assert "image AUROC" in shown.text
    assert "<td>81.22<small>± 2.37</small></td><td>69.74</td>" in page
    assert "<td>89.17</td><td>-</td>" in page
    assert "All pictures; 336 px. Seeds: 0. Code: abcdef0, 1234567." in shown.text


def test_own_figures_of_the_project_can_be_shown():
    text = read(own_html(own_tables())).text
    for told in ("RAID full", "H2VLR full", "KAnoCLIP full", "ADSeeker full", "linear floor"):
        assert told in text
