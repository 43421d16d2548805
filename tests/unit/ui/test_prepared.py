"""A result made at the start: kept for the settings it was made with, and small for the page."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from adapp.services.examples import Example
from adapp.services.inspection import drain, inspect
from adapp.services.pool import DetectorPool
from adapp.ui.page_view import empty_html
from adapp.ui.prepared import Prepared, example_request, over_copies
from tests.fakes import FakeLoader
from tests.page import read


@pytest.fixture
def card(pictures):
    normals, queries = pictures
    return Example("a", "Part <b>", "One.", "plate", tuple(normals), tuple(queries), "Drawn.")


@pytest.fixture
def made(card):
    request = example_request(card, "tiny", "open")
    prepared = Prepared()
    prepared.put(card, drain(inspect(request, DetectorPool(FakeLoader()))))
    return prepared


def test_nothing_is_there_before_it_was_made():
    prepared = Prepared()
    assert prepared.welcome is None
    assert prepared.of("a", "raid", "tiny", "open") is None


def test_result_is_for_the_settings_it_was_made_with(made):
    found = made.of("a", "raid", "tiny", "open")
    assert len(found.outcomes) == 2
    for other in (
        ("b", "raid", "tiny", "open"),
        ("a", "h2vlr", "tiny", "open"),
        ("a", "raid", "embedded", "open"),
        ("a", "raid", "tiny", "research"),
    ):
        assert made.of(*other) is None


def test_welcome_shows_the_first_picture_and_what_was_found_in_it(made):
    welcome, outcome = made.welcome, made.of("a", "raid", "tiny", "open").outcomes[0]
    assert welcome.verdict.score == outcome.result.score
    photo, overlay = (_pixels(address) for address in (welcome.photo, welcome.overlay))
    assert photo.shape == overlay.shape == outcome.image.pixels.shape
    assert np.abs(photo - outcome.image.pixels).mean() < 8
    assert np.abs(photo - overlay).mean() > 8


def test_copies_for_the_page_change_nothing_but_the_paths(made, card):
    found = made.of("a", "raid", "tiny", "open")
    shown = over_copies(found, card)
    assert shown.request.support != found.request.support
    assert all(path.is_file() for path in shown.request.support + shown.request.query)
    assert [one.image.path for one in shown.outcomes] == list(shown.request.query)
    assert [one.path for one in shown.support] == list(shown.request.support)
    assert [one.result for one in shown.outcomes] == [one.result for one in found.outcomes]


def test_page_names_example_method_preset_and_checkpoint(made):
    html = empty_html(made.welcome)
    text = read(html).text
    for told in ("Part <b>", "RAID", "tiny", "open", "Computed on this machine"):
        assert told in text
    assert 'data-key="a"' in html
    assert "<img" not in empty_html(None)


def _pixels(address):
    file = io.BytesIO(base64.b64decode(address.partition(",")[2]))
    return np.asarray(Image.open(file)).astype(float)
