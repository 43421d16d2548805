"""Every label has its words in four languages, and the page uses none that has not."""

import re
from pathlib import Path

import pytest

import adapp.ui
from adapp.ui.labels import _TEXT, LOCALES, TRANSLATIONS, label, spoken

UI = Path(adapp.ui.__file__).parent


def test_every_label_has_words_in_every_language():
    known = TRANSLATIONS.translations_dict
    keys = set(known["en"])
    for locale in LOCALES:
        assert set(known[locale]) == keys
        assert all(word.strip() for word in known[locale].values())
    assert known["zh-CN"] == known["zh"]


def test_languages_are_not_copies_of_english():
    known = TRANSLATIONS.translations_dict
    for locale in ("zh", "de", "ja"):
        same = [key for key in known["en"] if known[locale][key] == known["en"][key]]
        assert len(same) <= 1, same


def test_page_asks_only_for_labels_that_exist():
    asked = {
        key
        for path in UI.glob("*.py")
        for key in re.findall(r'\blabel\("(\w+)"\)', path.read_text(encoding="utf-8"))
    }
    assert asked
    assert asked <= set(TRANSLATIONS.translations_dict["en"])


def test_unknown_label_is_an_error():
    with pytest.raises(KeyError, match="no label"):
        label("nothing")


def test_words_inside_of_html_come_in_every_language():
    text = spoken("welcome_made")
    for locale in LOCALES:
        assert f'lang="{locale}"' in text
    assert "this machine" in text
    assert all(len(set(words)) > 1 and all(words) for words in _TEXT.values())
