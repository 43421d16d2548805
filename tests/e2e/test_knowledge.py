"""The Knowledge tab: browse, search, narrow, open, bring pages; keyboard, languages, phone."""

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.conftest import visiting
from tests.e2e.server import plate
from tests.pages import OWN_PAGE, tiny_library

PAGE_MS = 60_000
NARROW = 600  # below this the last tabs stand in a menu
COUNT = len(tiny_library().pages)


def enter(visitor, name="Knowledge"):
    """Open the tab and wait for its list; on a phone it stands in the menu of tabs."""
    tab = visitor.page.get_by_role("tab", name=name, exact=True)
    if visitor.page.viewport_size["width"] < NARROW:
        visitor.page.locator(".overflow-menu > button").click()
        tab = visitor.page.locator(".overflow-dropdown button", has_text=name)
    tab.first.click()
    expect(cards(visitor).first).to_be_visible(timeout=PAGE_MS)


def cards(visitor):
    return visitor.page.locator("#knowledge-list .page")


def headings(visitor):
    return visitor.page.locator("#knowledge-list h4")


def leaf(visitor):
    return visitor.page.locator("#knowledge-page .leaf")


def opened(visitor, page_id):
    visitor.page.locator(f'#knowledge-list [data-page="{page_id}"]').click()
    expect(leaf(visitor)).to_have_attribute("data-leaf", page_id, timeout=PAGE_MS)
    return leaf(visitor)


@pytest.fixture(scope="module")
def read(shared_context, server):
    """A visitor at the tab."""
    with visiting(shared_context) as visit:
        visitor = visit(server.url)
        enter(visitor)
        yield visitor


@pytest.fixture
def reader(read):
    """The visitor, with nothing searched for and all pages listed."""
    words = read.page.locator("#knowledge-words input, #knowledge-words textarea")
    words.fill("only the answer takes this away")
    read.page.locator("#knowledge-clear").click()
    expect(words).to_have_value("")
    expect(cards(read)).to_have_count(COUNT)
    expect(read.page.locator("#knowledge-sought img")).to_have_count(0)
    return read


def search(reader, words):
    reader.page.locator("#knowledge-words input, #knowledge-words textarea").fill(words)
    reader.page.locator("#knowledge-search").click()


def choose(reader, field, name):
    reader.page.locator(f"#knowledge-{field} input").click()
    reader.page.get_by_role("option", name=name, exact=True).click()


def test_all_pages_are_listed_by_object_and_narrowed(reader):
    expect(headings(reader)).to_contain_text(["bottle", "sheet metal"])
    expect(reader.page.locator("#knowledge-list [role=status]")).to_have_text(f"{COUNT} pages")
    choose(reader, "object", "bottle")
    expect(headings(reader)).to_have_count(1)
    assert 0 < cards(reader).count() < COUNT
    choose(reader, "type", "sound part")
    expect(cards(reader)).to_have_count(1)
    expect(cards(reader)).to_have_attribute("data-page", "bottle/sound")
    choose(reader, "type", "scratch")
    expect(reader.page.locator("#knowledge-list")).to_contain_text("No page fits")


def test_words_find_the_pages_that_hold_them_first(reader):
    search(reader, "sealing surface")
    expect(headings(reader).first).to_contain_text("With these words", timeout=PAGE_MS)
    expect(cards(reader).first).to_contain_text("score")
    first = cards(reader).first.get_attribute("data-page")
    assert "sealing surface" in opened(reader, first).inner_text().lower()


def test_picture_finds_pages_until_it_is_taken_away(reader, tmp_path):
    Image.fromarray(plate(3)).save(tmp_path / "part.png")
    reader.page.locator("#knowledge-bar input[type=file]").set_input_files(tmp_path / "part.png")
    expect(reader.page.locator("#knowledge-sought img")).to_be_visible(timeout=PAGE_MS)
    expect(headings(reader)).to_contain_text(["Nearest"], timeout=PAGE_MS)
    reader.page.locator("#knowledge-sought [data-drop]").click()
    expect(reader.page.locator("#knowledge-sought img")).to_have_count(0)
    expect(headings(reader).first).not_to_contain_text("Nearest")


def test_page_opens_large_beside_its_text(reader):
    page = opened(reader, "bottle/broken-large")
    for told in (
        *("What it looks like", "Likely causes", "Consequences", "What to check next"),
        *("A hard blow of the finish", "Sources", "MVTec AD", "Licence", "Apache-2.0"),
        *("Written by", "The project", "bottle/broken-large"),
    ):
        expect(page).to_contain_text(told)
    picture = page.locator("img")
    expect(picture).to_have_js_property("naturalWidth", 1024)
    expect(picture).to_have_js_property("naturalHeight", 1448)
    narrow = picture.bounding_box()["width"]
    page.locator("[data-enlarge]").click()
    expect(page.locator("[data-enlarge]")).to_have_attribute("aria-pressed", "true")
    assert picture.bounding_box()["width"] > 1.3 * narrow
    page.locator("[data-enlarge]").click()
    reader.screenshot("knowledge")


def test_keyboard_moves_opens_and_closes(reader):
    keyboard, first = reader.page.keyboard, cards(reader).first
    first.focus()
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    expect(cards(reader).nth(2)).to_be_focused()
    assert reader.page.locator('#knowledge-list .page[tabindex="0"]').count() == 1
    keyboard.press("Enter")
    wanted = cards(reader).nth(2).get_attribute("data-page")
    expect(leaf(reader)).to_have_attribute("data-leaf", wanted, timeout=PAGE_MS)
    expect(cards(reader).nth(2)).to_have_attribute("aria-current", "true")
    keyboard.press("End")
    expect(cards(reader).last).to_be_focused()
    keyboard.press("Escape")
    expect(leaf(reader)).to_have_count(0)
    expect(cards(reader).nth(2)).to_be_focused()
    expect(reader.page.locator("#knowledge-page")).to_contain_text("Choose a page")


def test_own_page_is_the_same_here_and_in_the_why_panel(reader, tmp_path):
    path = tmp_path / "plates.md"
    path.write_text(OWN_PAGE)
    reader.page.locator("#knowledge-own-box").get_by_text("Pages of your own").click()
    reader.page.locator("#knowledge-own-box input[type=file]").set_input_files(path)
    expect(headings(reader).first).to_contain_text("Your own pages", timeout=PAGE_MS)
    expect(reader.page.locator("#knowledge-own-message")).to_contain_text("Pages added: 1")
    expect(cards(reader).first).to_contain_text("not checked")
    search(reader, "rubber lip")
    expect(headings(reader).first).to_contain_text("With these words", timeout=PAGE_MS)
    expect(cards(reader).first).to_contain_text("Scratches on our plates")
    cards(reader).first.click()
    expect(leaf(reader)).to_contain_text("You, in this session only", timeout=PAGE_MS)
    reader.page.get_by_role("tab", name="Inspect", exact=True).click()
    reader.try_example()
    reader.finished("ANOMALOUS")
    reader.page.locator("#why-own-box").get_by_text("Pages of your own").click()
    expect(reader.page.locator("#why-own li")).to_contain_text("Scratches on our plates")
    enter(reader)
    reader.page.locator("#knowledge-own [data-remove]").click()
    expect(reader.page.locator("#knowledge-own li")).to_have_count(0)
    expect(leaf(reader)).to_have_count(0)
    expect(reader.page.locator("#why-own li")).to_have_count(0)
    expect(reader.page.locator("#knowledge-list .is-untrusted")).to_have_count(0)


def test_file_that_is_no_page_is_refused_by_name(reader, tmp_path):
    path = tmp_path / "empty.md"
    path.touch()
    reader.page.locator("#knowledge-own-box input[type=file]").set_input_files(path)
    message = reader.page.locator("#knowledge-own-message .is-error")
    expect(message).to_contain_text("empty: the file is empty", timeout=PAGE_MS)
    expect(reader.page.locator("#knowledge-own li")).to_have_count(0)


def test_german_visitor_reads_german_labels_and_gets_a_german_answer(browser, server):
    context = browser.new_context(locale="de-DE")
    with visiting(context) as visit:
        visitor = visit(server.url)
        enter(visitor, "Wissen")
        expect(visitor.page.locator("#knowledge-search")).to_have_text("Suchen")
        expect(visitor.page.locator("#knowledge-object")).to_contain_text("Gegenstand")
        visitor.page.get_by_role("tab", name="Prüfen", exact=True).click()
        visitor.try_example()
        visitor.finished("ANOMALOUS")
        visitor.page.locator("#why-what").click()
        answer = visitor.page.locator("#why-chat article")
        expect(answer.locator(".asked")).to_have_text("Was ist das?")
        expect(answer.locator(".answer")).to_contain_text("Schwelle", timeout=PAGE_MS)
    context.close()


def test_dark_and_narrow_screens_hold_it(visitors, server):
    dark = visitors(server.url, scheme="dark")
    enter(dark)
    opened(dark, "bottle/broken-large")
    ground = dark.page.locator(".words").evaluate("node => getComputedStyle(node).color")
    assert min(int(level) for level in ground.strip("rgba()").split(",")[:3]) > 200
    dark.screenshot("knowledge-dark")
    phone = visitors(server.url, viewport={"width": 390, "height": 844})
    enter(phone)
    opened(phone, "bottle/broken-large")
    assert phone.width() <= 390
    assert leaf(phone).bounding_box()["y"] < 844 * 0.7  # it was scrolled to
    phone.screenshot("knowledge-phone")
