"""What a question asks for and in which language, read off its words."""

import re
from typing import Final

from adapp.core.reasoner import Language, ReasoningRequest, Topic

QUICK_QUESTIONS: Final[dict[Language, dict[Topic, str]]] = {
    "en": {
        "what": "What is it?",
        "why": "Why is it there?",
        "consequences": "What follows from it?",
        "checks": "What should I check?",
        "false_alarm": "Could it be a false alarm?",
    },
    "de": {
        "what": "Was ist das?",
        "why": "Woher kommt das?",
        "consequences": "Was folgt daraus?",
        "checks": "Was soll ich prüfen?",
        "false_alarm": "Kann es ein Fehlalarm sein?",
    },
    "zh": {
        "what": "这是什么？",
        "why": "为什么会出现？",
        "consequences": "会有什么后果？",
        "checks": "我应该检查什么？",
        "false_alarm": "会不会是误报？",
    },
    "ja": {
        "what": "これは何ですか？",
        "why": "なぜ発生したのですか？",
        "consequences": "どのような影響がありますか？",
        "checks": "何を確認すべきですか？",
        "false_alarm": "誤検出の可能性はありますか？",
    },
}
"""The buttons of the panel; each reads back as its own topic and language."""

LANGUAGE_NAMES: Final[dict[Language, str]] = {
    "en": "English",
    "de": "German",
    "zh": "Chinese",
    "ja": "Japanese",
}

_KANA = re.compile("[\u3040-\u30ff]")
_HAN = re.compile("[\u3400-\u9fff]")
_GERMAN = re.compile(
    r"[äöüß]|\b(was|ist|das|der|die|und|nicht|wie|warum|woher|wieso|welche[rs]?|ein|eine|soll|ich|"
    r"kann|folgt|hier|teil|fehler)\b",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(what|is|the|and|not|how|why|which|a|an|should|i|can|could|it|this|does|part|be|of)\b",
    re.IGNORECASE,
)
_PART = re.compile(r"[,;.?!，、；。？！]|\b(?:and|und)\b|和|以及|と(?=な|ど|何)", re.IGNORECASE)
"""Between the parts of a question that asks several things."""
_TOPICS: Final[tuple[tuple[Topic, re.Pattern[str]], ...]] = (
    (
        "false_alarm",
        re.compile(
            r"false (alarm|positive)|fehlalarm|falsch-?positiv|误报|誤報|误判|誤検|"
            r"\bsure\b|certain|reliab|sicher|zuverlässig|可靠|確実",
            re.IGNORECASE,
        ),
    ),
    (
        "checks",
        re.compile(
            r"\b(check|inspect|verify|look at|do next|next step|measure)|prüf|kontrollier|"
            r"nachsehen|检查|檢查|確認|点検|調べ",
            re.IGNORECASE,
        ),
    ),
    (
        "consequences",
        re.compile(
            r"consequen|follows?\b|effects?\b|impact|\brisks?\b|happens?\b|dangerous|matter|"
            r"folg|auswirk|risiko|gefährlich|后果|影响|風險|风险|影響|リスク",
            re.IGNORECASE,
        ),
    ),
    (
        "why",
        re.compile(
            r"\bwhy\b|\bcauses?d?\b|reason|come from|origin|warum|wieso|weshalb|woher|ursach|"
            r"grund\b|为什么|為什麼|原因|为何|怎么(会|造成)|なぜ|どうして",
            re.IGNORECASE,
        ),
    ),
    (
        "what",
        re.compile(
            r"\bwhat('s| is| are| kind| type| sort)|\bwhere\b|describe|which (defect|type)|"
            r"was (ist|für)|welche[rs]? (art|fehler|defekt)|wo (ist|liegt)|beschreib|"
            r"什么|甚麼|哪里|描述|何です|どこ|どの|どんな|説明",
            re.IGNORECASE,
        ),
    ),
)


def language_of(request: ReasoningRequest) -> Language:
    """Return the language to answer in: the one asked for, else the question's own."""
    return request.language or read_language(request.question)


def topics_of(request: ReasoningRequest) -> tuple[Topic, ...]:
    """Return what the request asks for: the topic given, else those that its words name."""
    return (request.topic,) if request.topic else read_topics(request.question)


def is_known_language(text: str) -> bool:
    """Return whether something in ``text`` speaks for one of the four languages."""
    return any(found.search(text) for found in (_KANA, _HAN, _GERMAN, _ENGLISH))


def read_language(text: str) -> Language:
    """Return the language of ``text``; English where nothing speaks for another."""
    if _KANA.search(text):
        return "ja"
    if _HAN.search(text):
        return "zh"
    german, english = len(_GERMAN.findall(text)), len(_ENGLISH.findall(text))
    return "de" if german > english else "en"


def read_topic(text: str) -> Topic:
    """Return which of the quick questions ``text`` comes closest to; ``summary`` for none."""
    return next((topic for topic, words in _TOPICS if words.search(text)), "summary")


def read_topics(text: str) -> tuple[Topic, ...]:
    """Return which quick questions ``text`` asks, part by part in its order; never empty."""
    named = [read_topic(part) for part in _PART.split(text)]
    found = tuple(dict.fromkeys(topic for topic in named if topic != "summary"))
    return found or (read_topic(text),)
