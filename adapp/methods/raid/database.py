"""The hierarchical vector database: category -> semantic prototypes -> instance tokens.

Source: RAID sections 3.2 and 3.3. A database is immutable; adding a picture or a category returns
a new one that shares what did not change. It is kept in one safetensors file, nothing is pickled.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from adapp.core.errors import CheckpointMismatch
from adapp.methods.raid.config import DatabaseConfig
from adapp.ops.similarity import nearest_costs, unit_norm
from adapp.retrieval.index import InvertedIndex, careful_clusters, cluster

FORMAT = "adapp-raid-database-1"
_VOTE_TEMPERATURE = 0.1  # cosine; 0.02 to 0.2 route alike


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """Encoded normal pictures of one category, upright and (if asked for) rotated.

    Attributes:
        tokens: Patch tokens, [n, N, D], unit norm.
        pooled: CLS tokens, [n, Dc].
        picture: Position of each row's picture in the support set, [n].
        turns: Counter-clockwise quarter turns that were applied before encoding, [n].
        grid: Patch grid (h, w) of the encoded (possibly turned) picture.
    """

    tokens: Tensor
    pooled: Tensor
    picture: Tensor
    turns: Tensor
    grid: tuple[int, int]

    def upright(self) -> "Templates":
        """Return only the pictures that were not turned."""
        keep = self.turns == 0
        return Templates(
            self.tokens[keep], self.pooled[keep], self.picture[keep], self.turns[keep], self.grid
        )


@dataclass(frozen=True, slots=True, eq=False)
class Category:
    """One category of the database.

    Attributes:
        name: Category name.
        pooled: CLS tokens of the upright supports, [n, Dc].
        prototypes: Semantic prototypes, [P, D], unit norm.
        tokens: Instance tokens, [T, D], unit norm.
        source: Where each token comes from, [T, 4]: support picture, row and column of the cell
            in the upright picture, quarter turns of the copy (0 for the picture itself).
        grid: Patch grid (h, w) of the pictures.
        normal_cost: Spread of the support itself, in (0, 2].
        index: Inverted file over ``tokens``; None where exact search is used.
    """

    name: str
    pooled: Tensor
    prototypes: Tensor
    tokens: Tensor
    source: Tensor
    grid: tuple[int, int]
    normal_cost: float
    index: InvertedIndex | None

    @property
    def rotated(self) -> bool:
        """Whether turned copies are among the tokens."""
        return bool((self.source[:, 3] != 0).any())

    def picture_tokens(self, picture: int) -> Tensor:
        """Return the patch tokens of one upright support picture, [N, D], row-major."""
        mine = (self.source[:, 0] == picture) & (self.source[:, 3] == 0)
        return self.tokens[mine]

    @property
    def class_prototype(self) -> Tensor:
        """Mean CLS token of the supports, [Dc], unit norm."""
        return unit_norm(self.pooled.mean(dim=0))

    @property
    def pictures(self) -> int:
        """Number of support pictures."""
        return self.pooled.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class Retrieval:
    """What the database returns for the patches of one picture.

    Attributes:
        costs: Matching cost of the K nearest instance tokens, ascending, [N, K].
        rows: Their rows in the category's tokens, [N, K].
        prototypes: Nearest semantic prototype of each patch, [N, D].
    """

    costs: Tensor
    rows: Tensor
    prototypes: Tensor

    def with_tokens(self, patches: Tensor, tokens: Tensor, rows: Tensor) -> "Retrieval":
        """Return what the same patches find once more tokens are in the category.

        Args:
            patches: The patches that were searched for, [N, D].
            tokens: The new tokens, [T, D].
            rows: Their rows in the category, [T].
        """
        neighbours = self.costs.shape[1]
        costs, found = nearest_costs(patches, tokens, min(neighbours, len(tokens)))
        joined = torch.cat([self.costs, costs], dim=1).sort(dim=1)
        order = joined.indices[:, :neighbours]
        return Retrieval(
            costs=joined.values[:, :neighbours],
            rows=torch.cat([self.rows, rows[found]], dim=1).gather(1, order),
            prototypes=self.prototypes,
        )


def make_category(
    name: str, templates: Templates, config: DatabaseConfig, *, normal_cost: float, seed: int
) -> Category:
    """Return the database entry of one category.

    Raises:
        ValueError: If there is no template.
    """
    tokens = templates.tokens.flatten(0, 1)  # [T, D]
    if tokens.shape[0] == 0:
        msg = f"category {name!r} has no normal picture"
        raise ValueError(msg)
    clusters = max(1, min(config.prototypes, tokens.shape[0] // config.tokens_per_prototype))
    centroids = torch.from_numpy(cluster(tokens.cpu().numpy(), clusters, seed=seed))
    upright = templates.upright()
    entry = Category(
        name=name,
        pooled=upright.pooled,
        prototypes=centroids.to(tokens.device),
        tokens=tokens,
        source=_sources(templates),
        grid=templates.grid,
        normal_cost=normal_cost,
        index=None,
    )
    return _indexed(entry, config)


def grow_category(entry: Category, templates: Templates, config: DatabaseConfig) -> Category:
    """Return ``entry`` with more pictures; the prototypes stay, nothing is encoded again.

    Args:
        entry: Category to extend.
        templates: The new pictures only; ``picture`` counts from 0.
        config: Database constants.
    """
    source = _sources(templates)
    source[:, 0] += entry.pictures
    grown = replace(
        entry,
        pooled=torch.cat([entry.pooled, templates.upright().pooled]),
        tokens=torch.cat([entry.tokens, templates.tokens.flatten(0, 1)]),
        source=torch.cat([entry.source, source]),
        index=None,
    )
    if entry.index is None:
        return _indexed(grown, config)
    added = templates.tokens.flatten(0, 1).cpu().numpy()
    return replace(grown, index=entry.index.grown(added))


def retrieve(
    entry: Category,
    patches: Tensor,
    config: DatabaseConfig,
    *,
    exclude_picture: int | None = None,
) -> Retrieval:
    """Return the coarse-to-fine retrieval for patches [N, D]. Source: RAID section 3.3.

    Args:
        entry: Category the picture was routed to.
        patches: Query tokens, unit norm.
        config: Database constants.
        exclude_picture: Support picture whose tokens (turned ones too) must not be found: the
            query is that very picture.

    Raises:
        ValueError: If nothing is left after the exclusion.
    """
    nearest = (patches @ entry.prototypes.T).argmax(dim=1)
    prototypes = entry.prototypes[nearest]
    own = None if exclude_picture is None else entry.source[:, 0] == exclude_picture
    if entry.index is None:
        costs, rows = _search_exactly(patches, entry.tokens, config.neighbours, own)
        return Retrieval(costs, rows, prototypes)
    similarity, found = entry.index.search(
        patches.cpu().numpy(),
        config.neighbours,
        probes=config.probes,
        excluded=None if own is None else own.cpu().numpy(),
    )
    costs = (1.0 - torch.from_numpy(similarity)).clamp_(0.0, 2.0).to(patches.device)
    return Retrieval(costs, torch.from_numpy(found).to(patches.device), prototypes)


def _search_exactly(
    patches: Tensor, tokens: Tensor, neighbours: int, excluded: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return costs and rows of the nearest tokens that are not ``excluded`` [T]."""
    if excluded is None:
        return nearest_costs(patches, tokens, neighbours)
    kept = (~excluded).nonzero().squeeze(1)
    costs, rows = nearest_costs(patches, tokens[kept], neighbours)
    return costs, kept[rows]


class VectorDatabase:
    """Categories and the rule that routes a query to one of them."""

    def __init__(self, categories: Sequence[Category], config: DatabaseConfig) -> None:
        if not categories:
            msg = "a database needs at least one category"
            raise ValueError(msg)
        self.categories = tuple(categories)
        self.config = config
        self._class_prototypes = torch.stack([entry.class_prototype for entry in categories])

    def route(self, pooled: Tensor, tokens: Tensor | None = None) -> list[int]:
        """Return the position of the category that each picture belongs to.

        Either the category whose class prototype is nearest, or the one that the patches vote
        for: each spreads one vote over the categories by its cosine to their nearest semantic
        prototype, so that a local defect cannot send a picture elsewhere.

        Args:
            pooled: CLS tokens, [B, Dc].
            tokens: Patch tokens, [B, N, D], unit norm; needed where they vote.

        Raises:
            ValueError: If the patches vote and are not given.
        """
        if len(self.categories) == 1:
            return [0] * pooled.shape[0]
        if self.config.routing == "class_prototype":
            nearest = unit_norm(pooled) @ self._class_prototypes.T
        elif tokens is None:
            msg = "this database routes by patches: give their tokens"
            raise ValueError(msg)
        else:
            likeness = [(tokens @ c.prototypes.T).amax(dim=-1) for c in self.categories]
            votes = torch.stack(likeness, dim=-1) / _VOTE_TEMPERATURE  # [B, N, C]
            nearest = votes.softmax(dim=-1).mean(dim=1)
        return [int(position) for position in nearest.argmax(dim=1)]

    def with_category(self, position: int, entry: Category) -> "VectorDatabase":
        """Return a database whose category at ``position`` is ``entry``."""
        categories = list(self.categories)
        categories[position] = entry
        return VectorDatabase(categories, self.config)

    def save(self, path: Path, backbone: str, beside: Mapping[str, Tensor] | None = None) -> None:
        """Write everything to one safetensors file (half precision for the tokens).

        Args:
            path: File to write.
            backbone: Identity of the encoder the tokens come from.
            beside: Further tensors to keep in the same file.
        """
        tensors: dict[str, Tensor] = dict(beside or {})
        cards = []
        for position, entry in enumerate(self.categories):
            prefix = f"{position}."
            tensors[prefix + "pooled"] = entry.pooled.contiguous()
            tensors[prefix + "prototypes"] = entry.prototypes.contiguous()
            tensors[prefix + "tokens"] = entry.tokens.half().contiguous()
            tensors[prefix + "source"] = entry.source.to(torch.int32).contiguous()
            cards.append(
                {
                    "name": entry.name,
                    "grid": list(entry.grid),
                    "normal_cost": entry.normal_cost,
                }
            )
        header = {"format": FORMAT, "backbone": backbone, "categories": json.dumps(cards)}
        save_file(tensors, path, metadata=header)

    @classmethod
    def load(cls, path: Path, config: DatabaseConfig, backbone: str) -> "VectorDatabase":
        """Return the database in ``path``.

        Raises:
            CheckpointMismatch: If the file is no database or was made with another encoder.
        """
        header, tensors = _read_file(path)
        if header.get("backbone") != backbone:
            msg = (
                f"{path.name} was made with another encoder ({header.get('backbone')}); "
                "build it again with the one in use"
            )
            raise CheckpointMismatch(msg)
        entries = [
            _indexed(_read_category(tensors, position, card), config)
            for position, card in enumerate(json.loads(header["categories"]))
        ]
        return cls(entries, config)


def _read_file(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return header and tensors of a database file.

    Raises:
        CheckpointMismatch: If it is none.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = dict(file.metadata() or {})
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        msg = f"{path.name} cannot be read as a database ({error}); build it again"
        raise CheckpointMismatch(msg) from error
    if header.get("format") != FORMAT:
        msg = f"{path.name} is not a database of this version; build it again"
        raise CheckpointMismatch(msg)
    return header, tensors


def class_clusters(pooled: Tensor, clusters: int, *, seed: int) -> list[int]:
    """Return the cluster of each CLS token [n, Dc] (label-free class prototypes, RAID 3.2)."""
    points = unit_norm(pooled).cpu().numpy()
    centroids = torch.from_numpy(careful_clusters(points, clusters, seed=seed))
    return [int(i) for i in (torch.from_numpy(points) @ centroids.T).argmax(dim=1)]


def _read_category(tensors: dict[str, Tensor], position: int, card: dict[str, object]) -> Category:
    grid = card["grid"]
    assert isinstance(grid, list)  # noqa: S101 - narrows the type of our own JSON
    return Category(
        name=str(card["name"]),
        pooled=tensors[f"{position}.pooled"],
        prototypes=tensors[f"{position}.prototypes"],
        tokens=unit_norm(tensors[f"{position}.tokens"].float()),
        source=tensors[f"{position}.source"].long(),
        grid=(int(grid[0]), int(grid[1])),
        normal_cost=float(str(card["normal_cost"])),
        index=None,
    )


def _indexed(entry: Category, config: DatabaseConfig) -> Category:
    """Return ``entry`` with an inverted file if it is large enough to need one."""
    if entry.tokens.shape[0] < config.exact_below:
        return entry
    index = InvertedIndex(entry.prototypes.cpu().numpy())
    index.add(entry.tokens.cpu().numpy())
    return replace(entry, index=index)


def _sources(templates: Templates) -> Tensor:
    """Return picture, upright cell and turns of every token, [n * N, 4] int64."""
    rows, columns = templates.grid
    grid_row, grid_column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    cells = torch.stack([grid_row, grid_column], dim=-1)  # [h, w, 2]
    parts = []
    for picture, turns in zip(templates.picture.tolist(), templates.turns.tolist(), strict=True):
        turned = torch.rot90(cells, turns, dims=(0, 1)).reshape(-1, 2)
        owner = torch.full((turned.shape[0], 1), int(picture))
        turn = torch.full((turned.shape[0], 1), int(turns))
        parts.append(torch.cat([owner, turned, turn], dim=1))
    return torch.cat(parts).to(templates.tokens.device)
