"""What stands around a result: header, example cards, progress and remarks; pure functions."""

from collections.abc import Mapping, Sequence
from html import escape

from adapp.methods.registry import MethodInfo
from adapp.services.examples import Example
from adapp.ui import method_view, texts
from adapp.ui.intake import Checked
from adapp.ui.labels import spoken
from adapp.ui.prepared import Welcome
from adapp.ui.warmup import Readiness

_SKETCH = (
    '<svg viewBox="0 0 120 72" aria-hidden="true">'
    '<rect x="6" y="10" width="30" height="30" rx="3"/><rect x="14" y="18" width="30" '
    'height="30" rx="3"/><rect x="22" y="26" width="30" height="30" rx="3"/>'
    '<path d="M62 41h14m-5-5l5 5-5 5"/><rect x="84" y="26" width="30" height="30" rx="3"/>'
    '<circle cx="103" cy="37" r="4.5"/></svg>'
)


def header_html(preset: str, reason: str, version: str, ready: Readiness) -> str:
    """Return the app's name and, as short tags, what it runs on."""
    state = {
        "loading": ("loading model", "The model is being loaded; a run waits for it"),
        "ready": ("model ready", ready.detail),
        "failed": ("model not loaded", ready.detail),
    }[ready.state]
    tags = [
        ("device", ready.device, "Where the model computes"),
        ("preset", preset, reason),
        (ready.state, *state),
        ("offline", "offline", "No request leaves this machine"),
        ("version", f"v{version}", "Version of adapp"),
    ]
    items = "".join(
        f'<li class="tag-{kind}" title="{escape(title)}">{escape(text)}</li>'
        for kind, text, title in tags
        if text
    )
    return (
        '<header class="masthead"><div class="name"><strong>adapp</strong>'
        "<span>visual anomaly detection from a few good parts</span></div>"
        f'<ul class="tags" aria-label="Status">{items}</ul></header>'
    )


def cards_html(examples: Sequence[Example], thumbs: Mapping[str, str]) -> str:
    """Return one button per example; each runs at once."""
    if not examples:
        return ""
    cards = "".join(
        f'<button type="button" class="card" data-key="{escape(example.key)}" '
        f'title="{escape(example.summary)} {escape(example.credit)}">'
        f'<img src="{thumbs[example.key]}" alt="">'
        f"<span><b>{escape(example.title)}</b><small>{escape(example.summary)}</small></span>"
        "</button>"
        for example in examples
    )
    return (
        '<nav class="examples" aria-label="Examples: each runs at once"><h2>Try</h2>'
        f'<div class="cards">{cards}</div></nav><p class="credits">{_credits(examples)}</p>'
    )


def _credits(examples: Sequence[Example]) -> str:
    """Return where the examples' pictures are from, each source once."""
    titles: dict[str, list[str]] = {}
    for example in examples:
        titles.setdefault(example.credit, []).append(example.title)
    return " ".join(
        f'<span title="{escape(", ".join(named))}">{escape(credit)}</span>'
        for credit, named in titles.items()
    )


def intake_html(checked: Checked, most: int) -> str:
    """Return how many files of a gallery a run will read and why others will be left out."""
    if not checked.accepted and not checked.refused:
        return ""
    kind = "count" if checked.accepted else "refused"
    lines = [f'<p class="{kind}">{checked.accepted} ready{_over(checked.accepted, most)}</p>']
    lines += [f'<p class="refused">{escape(reason)}</p>' for reason in checked.refused]
    lines += [f'<p class="remark">{escape(remark)}</p>' for remark in checked.remarks]
    return f'<div class="intake" role="status">{"".join(lines)}</div>'


def _over(count: int, most: int) -> str:
    return f", {count - most} too many" if count > most else ""


def progress_html(stage: str, done: int, total: int) -> str:
    """Return the stage in words and a bar that is honest about unknown lengths."""
    share = f"{100 * done / total:.0f}%" if total else "100%"
    kind = "known" if total else "unknown"
    count = f" <small>{done} of {total}</small>" if total > 1 else ""
    return (
        f'<div class="progress is-{kind}" role="status" aria-live="polite">'
        f"<p>{escape(stage)}{count}</p>"
        f'<div class="track"><i style="width:{share}"></i></div></div>'
    )


def message_html(text: str, kind: str = "quiet") -> str:
    """Return one sentence about the run."""
    return f'<p class="message is-{kind}" role="status">{escape(text)}</p>' if text else ""


def empty_html(welcome: Welcome | None = None) -> str:
    """Return what stands where a result will be: how one looks, once one has been computed."""
    shown = _SKETCH if welcome is None else _welcome(welcome)
    return (
        f'<section class="empty"><h2>{spoken("empty_title")}</h2>'
        f"<p>{spoken('empty_hint')}</p>{shown}</section>"
    )


def _welcome(welcome: Welcome) -> str:
    """Return a result's picture and map, and a button that opens it, with what it was made by."""
    title, found = escape(welcome.title), welcome.verdict
    made = "".join(
        f"<div><dt>{spoken(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in (
            ("method", welcome.method),
            ("preset", welcome.preset),
            ("checkpoint", welcome.checkpoint),
        )
    )
    return (
        f'<figure class="welcome"><button type="button" data-key="{escape(welcome.key)}">'
        f'<span class="pair"><img src="{welcome.photo}" alt="{title}: the part as inspected">'
        f'<img src="{welcome.overlay}" alt="Its anomaly map over the picture: {found.label}, '
        f'score {found.score:.2f}, threshold {found.threshold:.2f}"></span>'
        f'<span class="go">{spoken("welcome_open")}</span></button>'
        f"<figcaption><b>{spoken('welcome_title')}: {title}</b><dl>{made}</dl>"
        f"<small>{spoken('welcome_made')}</small></figcaption></figure>"
    )


def licence_html(checkpoint: str) -> str:
    """Return what the choice of a checkpoint means for using its results."""
    told = texts.CHECKPOINT_LICENCES.get(checkpoint, "A checkpoint of your own: see its card.")
    return f'<p class="licence is-{escape(checkpoint)}">{escape(told)}</p>'


def method_html(info: MethodInfo) -> str:
    """Return a method's card: what it needs and what its maps mean."""
    meanings = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(told)}</dd>"
        for name, told in info.map_meanings.items()
    )
    regimes = ", ".join(sorted(info.regimes)).replace("_", "-")
    variants = ", ".join(info.variants)
    return (
        f'<article class="method"><h3>{escape(info.title)}</h3><p>{escape(info.summary)} '
        f"{escape(method_view.need(info))}</p>"
        f"<dl>{meanings}</dl><p><small>Regimes: {escape(regimes)}. Steps of its ablation ladder: "
        f"{escape(variants)} (the last is the default).</small></p></article>"
    )
