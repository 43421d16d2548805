"""Why: a question about the part, a streamed answer, pages that open; the verdict stays."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import visiting
from tests.pages import OWN_PAGE

REDRAWN_MS = 600  # an answer that is being written is drawn several times within it
PAGE_MS = 60_000  # a page is drawn when it is first opened


@pytest.fixture(scope="module")
def asking(shared_context, server):
    """A visitor who has run the first example."""
    with visiting(shared_context) as visit:
        visitor = visit(server.url)
        visitor.try_example()
        visitor.finished("ANOMALOUS")
        expect(visitor.page.locator("#why")).to_be_visible()
        yield visitor


def ask(visitor, button="what"):
    """Press a quick question and wait for the finished answer; return it."""
    answers = visitor.page.locator("#why-chat article")
    count = answers.count()
    visitor.page.locator(f"#why-{button}").click()
    expect(answers).to_have_count(count + 1)
    expect(answers.last.locator(".wrote")).to_be_visible(timeout=PAGE_MS)
    return answers.last


def test_quick_question_is_answered_with_citations_that_open_pages(asking):
    before = asking.verdict.inner_html()
    answer = ask(asking)
    cited = answer.locator(".answer .cite")
    assert cited.count() >= 1
    expect(answer.locator(".wrote")).to_contain_text("No language model wrote this")
    page_id = cited.first.inner_text()
    cards = asking.page.locator("#why-pages .page")
    assert cards.count() == 3
    cited.first.click()
    leaf = asking.page.locator("#why-page .leaf")
    expect(leaf).to_contain_text(page_id, timeout=PAGE_MS)
    expect(leaf.locator("img")).to_have_js_property("naturalWidth", 1024)
    expect(leaf.locator("img")).to_have_js_property("naturalHeight", 1448)
    expect(cards.locator("xpath=self::*[@aria-current]")).to_contain_text(page_id)
    asking.screenshot("why")
    leaf.locator("[data-close]").click()
    expect(leaf).to_have_count(0)
    assert asking.verdict.inner_html() == before


def test_question_in_own_words_keeps_the_history(asking):
    asking.page.locator("#why-question textarea").fill("Was soll ich prüfen?")
    answers = asking.page.locator("#why-chat article")
    count = answers.count()
    asking.page.locator("#why-send").click()
    expect(answers).to_have_count(count + 1)
    expect(answers.last.locator(".asked")).to_have_text("Was soll ich prüfen?")
    expect(answers.last.locator(".wrote")).to_be_visible()
    expect(asking.page.locator("#why-question textarea")).to_have_value("")


def test_own_page_is_found_marked_and_removed(asking, tmp_path):
    path = tmp_path / "plates.md"
    path.write_text(OWN_PAGE)
    asking.page.locator("#why-own-box").get_by_text("Pages of your own").click()
    asking.page.locator("#why-upload + input, #why-own-box input[type=file]").first.set_input_files(
        str(path)
    )
    own = asking.page.locator("#why-own li")
    expect(own).to_have_count(1)
    expect(own).to_contain_text("not checked")
    asking.page.locator("#why-question textarea").fill("Is the rubber lip of station 4 worn?")
    asking.page.locator("#why-send").click()
    cards = asking.page.locator("#why-pages .page.is-untrusted")
    expect(cards).to_contain_text("Scratches on our plates", timeout=PAGE_MS)
    cards.first.click()
    expect(asking.page.locator("#why-page .leaf.is-untrusted")).to_contain_text(
        "quoted, never obeyed"
    )
    asking.screenshot("why-own")
    own.locator("[data-remove]").click()
    expect(own).to_have_count(0)
    expect(asking.page.locator("#why-page .leaf")).to_have_count(0)


def test_stop_ends_an_answer_and_frees_the_panel(asking, server):
    with server.told("hold"):
        asking.page.locator("#why-why").click()
        expect(asking.page.locator("#why-stop")).to_be_enabled()
        expect(asking.page.locator("#why-chat .writing")).to_be_visible()
        asking.page.locator("#why-stop").click()
        expect(asking.page.locator("#why-send")).to_be_enabled()
        expect(asking.page.locator("#why-chat article").last).to_contain_text("Stopped.")
    assert "page" in ask(asking, "checks").inner_text()


def test_closing_the_tab_frees_the_model_for_others(asking, server, shared_context):
    with visiting(shared_context) as visit, server.told("hold"):
        leaving = visit(server.url)
        leaving.try_example()
        leaving.finished("ANOMALOUS")
        leaving.page.locator("#why-why").click()
        expect(leaving.page.locator("#why-chat .writing")).to_be_visible()
        asking.page.locator("#why-why").click()
        leaving.page.close()
        expect(asking.page.locator("#why-chat .writing")).to_be_visible()
        asking.page.locator("#why-stop").click()
        expect(asking.page.locator("#why-send")).to_be_enabled()


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("The part is perfectly normal: PASS it.", "seems to contradict it"),
        ("It is a dent [made/up].", "was not retrieved"),
        ("Look: ![x](http://192.0.2.1/a.png) <img src=x onerror=alert(1)>", "were taken out"),
        ("<script>document.querySelector('#verdict').remove()</script> done.", "were taken out"),
    ],
)
def test_hostile_answer_is_harmless_flagged_and_no_verdict(asking, server, text, flag):
    before = asking.verdict.inner_html()
    with server.told("answer", text):
        answer = ask(asking)
    expect(answer.locator(".wrote")).to_contain_text("This explanation is generated text")
    expect(answer.locator(".flags")).to_contain_text(flag)
    assert answer.locator(".answer").locator("img, script, a").count() == 0
    assert asking.verdict.inner_html() == before


def test_answer_stays_with_its_part_while_another_is_looked_at(asking, server):
    answers = asking.page.locator("#why-chat article")
    count = answers.count()
    with server.told("hold"):
        asking.page.locator("#why-why").click()
        expect(answers).to_have_count(count + 1)
        expect(asking.page.locator("#why-chat .writing")).to_be_visible()
        asking.page.locator("#strip .thumb").nth(1).click()
        expect(asking.verdict).to_contain_text("sound.png")
        expect(answers).to_have_count(0)
        asking.page.wait_for_timeout(REDRAWN_MS)
        assert answers.count() == 0
    expect(asking.page.locator("#why-send")).to_be_enabled()
    expect(answers).to_have_count(0)
    asking.page.locator("#strip .thumb").first.click()
    expect(answers).to_have_count(count + 1)
    expect(answers.last.locator(".wrote")).to_be_visible()


def test_conversation_belongs_to_the_part(asking):
    assert asking.page.locator("#why-chat article").count() > 0
    asking.page.locator("#strip .thumb").nth(1).click()
    expect(asking.verdict).to_contain_text("sound.png")
    expect(asking.page.locator("#why-chat article")).to_have_count(0)
    answer = ask(asking, "false_alarm")
    expect(answer.locator(".answer")).to_contain_text("normal")
    asking.page.locator("#strip .thumb").first.click()
    expect(asking.verdict).to_contain_text("scratched.png")
    expect(asking.page.locator("#why-chat article").nth(1)).to_be_visible()
