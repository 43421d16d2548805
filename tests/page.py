"""Reads HTML that the app makes: its tags, its text, and whether every tag is closed."""

from html.parser import HTMLParser


class PageReader(HTMLParser):
    """Collects tags, event handlers and text; checks that every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.tags = []
        self.handlers = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
        if tag not in {"img", "br", "path", "rect", "circle"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in {"path", "rect", "circle"}:
            return
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(html):
    reader = PageReader()
    reader.feed(html)
    assert reader.open == []
    return reader
