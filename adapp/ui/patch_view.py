"""What stands behind one pixel: the sum of its maps and the hyperedges of its patch; pure."""

from collections.abc import Mapping, Sequence
from html import escape

from adapp.core.results import PixelReading
from adapp.services.patches import Cell, Claim, Neighbour, PatchLinks

READING_HINT = (
    '<p class="reading is-hint">Click a pixel to read its base, residual and fused value.</p>'
)
LINKS_HINT = (
    '<p class="reading is-hint">Click a pixel to read its values and to see which patches and '
    "prompts its patch is tied to.</p>"
)

_FULL_BAR = 2.0  # a hyperedge of average weight fills half of its bar
_CLEAR = (
    '<button type="button" class="clear" data-clear aria-keyshortcuts="Escape" '
    'title="Take the mark off the picture (Escape)">Clear</button>'
)


def reading_html(
    row: int, column: int, reading: PixelReading, evidence: Mapping[str, float]
) -> str:
    """Return the terms behind one pixel as the sum they are, then its evidence maps' values."""
    sign = "+" if reading.residual >= 0 else "&minus;"
    weight = "" if reading.weight == 1 else f"{reading.weight:.2f} x "
    others = "".join(
        f'<span class="other" title="Evidence map">{escape(name)} {value:.3f}</span> '
        for name, value in evidence.items()
    )
    return (
        f'<p class="reading" role="status"><span>x {column}, y {row}</span> '
        f'<span title="First estimate">base <b>{reading.base:.3f}</b></span> '
        f'<span title="Signed correction">{sign} {weight}residual '
        f"<b>{abs(reading.residual):.3f}</b></span> "
        f'<span title="Sum, clipped to 0..1">= fused <b>{reading.fused:.3f}</b></span> '
        f"{others}{_CLEAR}</p>"
    )


def patch_html(links: PatchLinks) -> str:
    """Return the hyperedges of a patch: its neighbours, and the prompts that claim it.

    The cells to be outlined on the picture come along hidden: those of the neighbours, and those
    of each prompt for as long as it is pointed at or has the focus; where no prompt claims the
    patch, those that prompts do claim.
    """
    row, column = links.cell
    near = "".join(_neighbour(neighbour) for neighbour in links.neighbours)
    drawn = [(near.rank, near.cell) for near in links.neighbours]
    return (
        '<section class="patch" aria-label="Hyperedges of the patch"><h3>Why this patch '
        f"<small>row {row + 1}, column {column + 1} of {links.grid[0]} x {links.grid[1]}</small>"
        f"</h3><h4>Most similar patches of this picture</h4>"
        '<p class="quiet">Outlined on the picture; the number is the rank, the value the cosine.'
        f'</p><ol class="near">{near}</ol><h4>Prompts that claim it</h4>{_claims(links)}'
        f"{_cells(links, 'near', drawn)}"
        + "".join(
            _cells(links, f"claim-{number}", list(enumerate(claim.cells, start=1)))
            for number, claim in enumerate(links.claims)
        )
        + ("" if links.claims else _cells(links, "claimed", list(enumerate(links.claimed, 1))))
        + "</section>"
    )


def _neighbour(near: Neighbour) -> str:
    row, column = near.cell
    return (
        f'<li tabindex="0" data-rank="{near.rank}" title="Row {row + 1}, column {column + 1} of '
        f'the patch grid"><b>{near.rank}</b> {near.similarity:.2f}</li>'
    )


def _claims(links: PatchLinks) -> str:
    claims = links.claims
    if not claims:
        return (
            '<p class="quiet" tabindex="0" data-cells="claimed">No prompt claims this patch: each '
            "claims the few that are most like it. Point here to see the "
            f"{len(links.claimed)} patches that prompts claim, and click one of them.</p>"
        )
    full = max(_FULL_BAR, *(claim.weight for claim in claims))
    rows = "".join(_claim(number, claim, full) for number, claim in enumerate(claims))
    return (
        '<p class="quiet">Weight of the hyperedge, 1 on average. Point at a prompt to see all '
        f'patches that it claims.</p><ol class="claims">{rows}</ol>'
    )


def _claim(number: int, claim: Claim, full: float) -> str:
    kind, word = ("defect", "defect") if claim.abnormal else ("good", "normal")
    share = 100 * claim.weight / full
    return (
        f'<li tabindex="0" class="is-{kind}" data-cells="claim-{number}" '
        f'title="Describes a {word} part; the patch is number {claim.rank} of its '
        f'{len(claim.cells)}, cosine {claim.similarity:.3f}">'
        f'<span class="word">{word}</span><span class="prompt">{escape(claim.prompt)}</span>'
        f'<span class="weight">{claim.weight:.2f}</span>'
        f'<i style="width:{share:.1f}%"></i></li>'
    )


def _cells(links: PatchLinks, name: str, ranked: Sequence[tuple[int, Cell]]) -> str:
    """Return outlined cells for the picture, hidden until the viewer takes them over."""
    own = f'<b class="own" style="{_place(links.cell, links.grid)}"></b>'
    others = "".join(
        f'<b data-rank="{rank}" style="{_place(cell, links.grid)}"><em>{rank}</em></b>'
        for rank, cell in ranked
    )
    return f'<div class="cells" data-name="{name}" hidden>{own}{others}</div>'


def _place(cell: Cell, grid: Cell) -> str:
    row, column = cell
    rows, columns = grid
    return (
        f"left:{100 * column / columns:.3f}%;top:{100 * row / rows:.3f}%;"
        f"width:{100 / columns:.3f}%;height:{100 / rows:.3f}%"
    )
