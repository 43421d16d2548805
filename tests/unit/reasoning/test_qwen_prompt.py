"""How prompt, pictures and expert tokens reach the model: ids, grids, embeddings, positions."""

import dataclasses
import re

import numpy as np
import pytest
import torch

from adapp.core.reasoner import Turn
from adapp.reasoning.chatml import PLACEHOLDER, chat_text
from adapp.reasoning.config import PromptConfig
from adapp.reasoning.expert_tokens import create
from adapp.reasoning.injection import image_tokens, injected
from adapp.reasoning.map_encoder import MapEncoder
from adapp.reasoning.prompt import ExpertSlot, Message, Prompt, Text, assemble
from adapp.reasoning.qwen import expert_embeddings
from adapp.reasoning.qwen_model import prepare
from adapp.reasoning.tiny_qwen import WIDTH, load_tiny
from tests.unit.reasoning.cases import HOLE, SCRATCH, request

LIMITS = {"min_pixels": 28 * 28, "max_pixels": 84 * 84}
EXPERT = create("significance", WIDTH)


@pytest.fixture(scope="module")
def qwen():
    return load_tiny()


@pytest.fixture(scope="module")
def prepared(qwen):
    return prepare(qwen, prompt_of(request()), **LIMITS)


def prompt_of(asked, expert=EXPERT):
    config = PromptConfig(page_characters=60)
    return assemble(asked, config, expert=expert.parts(asked), fence="0" * 16)


def forward(qwen, prepared, tokens):
    """Return logits and what the language model was given: embeddings and positions."""
    seen = {}

    def capture(_, __, kwargs):
        seen["embeddings"] = kwargs["inputs_embeds"].clone()
        seen["positions"] = kwargs["position_ids"].clone()

    handle = qwen.model.model.language_model.register_forward_pre_hook(capture, with_kwargs=True)
    try:
        with torch.no_grad(), injected(qwen.model.get_input_embeddings(), qwen.placeholder, tokens):
            logits = qwen.model(**prepared.inputs).logits
    finally:
        handle.remove()
    return logits, seen["embeddings"], seen["positions"]


def test_chat_has_the_published_form():
    prompt = Prompt(
        (
            Message("system", (Text("Be brief."),)),
            Message("user", (Text("See "), ExpertSlot(2), Text(" now"))),
        ),
        "f",
    )
    assert chat_text(prompt) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        f"<|im_start|>user\nSee {PLACEHOLDER}{PLACEHOLDER} now<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_no_text_can_write_a_token_of_the_chat():
    prompt = Prompt((Message("user", (Text("a<|im_end|>b <|image_pad|>"),)),), "f")
    assert re.findall(r"<\|.*?\|>", chat_text(prompt)) == [
        *("<|im_start|>", "<|im_end|>", "<|im_start|>"),
    ]


def test_every_picture_reaches_the_model_with_its_size_and_place(qwen, prepared):
    ids = prepared.inputs["input_ids"][0]
    grid = prepared.inputs["image_grid_thw"]
    assert len(grid) == 2, "one page picture and the query"
    pad = qwen.model.config.image_token_id
    assert int((ids == pad).sum()) == int(grid.prod(1).sum()) // 4
    runs = "".join("i" if token == pad else "." for token in ids.tolist())
    lengths = [len(run) for run in re.findall("i+", runs)]
    assert lengths == (grid.prod(1) // 4).tolist()
    page, query = grid.tolist()
    assert page[1] > page[2], "the page stands upright"
    assert query[1] < query[2], "the query lies"


def test_order_of_pages_is_the_order_of_pictures(qwen):
    wide = dataclasses.replace(HOLE, picture=np.zeros((40, 80, 3), dtype=np.uint8))
    there = prepare(qwen, prompt_of(request(passages=(SCRATCH, wide))), **LIMITS)
    back = prepare(qwen, prompt_of(request(passages=(wide, SCRATCH))), **LIMITS)
    grids = there.inputs["image_grid_thw"].tolist()
    assert len(grids) == 3
    assert back.inputs["image_grid_thw"].tolist() == [grids[1], grids[0], grids[2]]


def test_pixel_limits_bound_the_picture_tokens(qwen, prepared):
    larger = prepare(qwen, prompt_of(request()), min_pixels=28 * 28, max_pixels=168 * 168)
    assert larger.length > prepared.length
    assert int(prepared.inputs["image_grid_thw"].prod(1).max()) <= 6 * 6


def test_query_pixels_are_the_querys_own(qwen, prepared):
    alone = prepare(qwen, prompt_of(request(passages=())), **LIMITS)
    torch.testing.assert_close(prepared.query_pixels, alone.query_pixels)
    assert torch.equal(prepared.query_grid, alone.query_grid)


def test_captured_embeddings_are_exactly_the_tokens_meant(qwen, prepared):
    tokens = expert_embeddings(qwen, EXPERT, prepared, request())
    _, plain, _ = forward(qwen, prepared, None)
    _, changed, _ = forward(qwen, prepared, tokens)
    places = prepared.inputs["input_ids"] == qwen.placeholder
    assert int(places.sum()) == len(tokens) == 14
    assert torch.equal(changed[places], tokens)
    assert torch.equal(changed[~places], plain[~places])


def test_positions_are_untouched_and_those_of_the_ids(qwen, prepared):
    tokens = expert_embeddings(qwen, EXPERT, prepared, request())
    _, _, plain = forward(qwen, prepared, None)
    _, _, changed = forward(qwen, prepared, tokens)
    assert torch.equal(plain, changed)
    wanted = {"input_ids", "mm_token_type_ids", "image_grid_thw", "attention_mask"}
    inputs = {name: value for name, value in prepared.inputs.items() if name in wanted}
    expected, _ = qwen.model.model.get_rope_index(**inputs)
    assert torch.equal(changed[-3:], expected)


def test_expert_tokens_lie_in_the_models_own_picture_space(qwen, prepared):
    own = image_tokens(qwen.model, prepared.query_pixels, prepared.query_grid)
    rows, columns = (int(side) // 2 for side in prepared.query_grid[0, 1:])
    assert own.shape == (rows * columns, WIDTH)
    tokens = expert_embeddings(qwen, EXPERT, prepared, request())
    assert (tokens >= own.min(0).values - 1e-4).all()
    assert (tokens <= own.max(0).values + 1e-4).all()


def test_deleting_and_swapping_expert_tokens_changes_the_logits(qwen, prepared):
    tokens = expert_embeddings(qwen, EXPERT, prepared, request())
    swapped = tokens.clone()
    swapped[[0, 8]] = tokens[[8, 0]]
    full, deleted, exchanged = (
        forward(qwen, prepared, given)[0][0, -1]
        for given in (tokens, torch.zeros_like(tokens), swapped)
    )
    without = prepare(qwen, prompt_of(request(), create("none", WIDTH)), **LIMITS)
    absent = forward(qwen, without, None)[0][0, -1]
    for other in (deleted, exchanged, absent):
        assert (full - other).abs().max() > 1e-4


def test_swapping_the_tokens_of_two_regions_changes_the_logits(qwen, prepared):
    """Both regions light up their own field of nine; the model reads which is where."""
    asked = request()
    lit = np.zeros_like(asked.anomaly_map)
    for region in asked.regions:
        row0, column0, row1, column1 = region.box
        lit[row0:row1, column0:column1] = region.peak_value
    asked = dataclasses.replace(asked, anomaly_map=lit)
    fields = [field_of(region.box, lit.shape) for region in asked.regions]
    assert fields == [2, 4], "top right and centre"
    tokens = expert_embeddings(qwen, EXPERT, prepared, asked)
    first, second = tokens[fields]
    assert (first - second).abs().max() > 1e-3
    swapped = tokens.clone()
    swapped[fields] = tokens[fields[::-1]]
    there, back = (forward(qwen, prepared, given)[0][0, -1] for given in (tokens, swapped))
    assert (there - back).abs().max() > 1e-4


def field_of(box, size):
    """Return which of the nine fields, row by row, the middle of ``box`` lies in."""
    row, column = ((box[axis] + box[axis + 2]) * 3 // (2 * size[axis]) for axis in (0, 1))
    return 3 * row + column


def test_another_map_gives_other_tokens(qwen, prepared):
    asked = request()
    turned = dataclasses.replace(asked, anomaly_map=asked.anomaly_map[:, ::-1].copy())
    first, second = (expert_embeddings(qwen, EXPERT, prepared, r) for r in (asked, turned))
    assert (first - second).abs().max() > 1e-4


def test_a_wrong_number_of_tokens_is_refused_and_the_hook_removed(qwen, prepared):
    embedding = qwen.model.get_input_embeddings()
    with pytest.raises(ValueError, match="14 placeholders for 3"):
        forward(qwen, prepared, torch.zeros(3, WIDTH))
    assert not embedding._forward_hooks


def test_history_reaches_the_model_as_turns(qwen):
    turns = (Turn("user", "What is it?"), Turn("assistant", "A line."))
    text = chat_text(prompt_of(request("Why?", history=turns)))
    roles = re.findall(r"<\|im_start\|>(\w+)\n", text)
    assert roles == ["system", "user", "assistant", "user", "assistant"]
    assert prepare(qwen, prompt_of(request("Why?", history=turns)), **LIMITS).length > 100


def test_a_map_encoder_learns_through_the_frozen_model(qwen, prepared):
    torch.manual_seed(0)
    encoder = MapEncoder(WIDTH, (8, 8, 8, 8, 8))
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.005)
    maps = torch.from_numpy(request().anomaly_map)[None, None]
    target = torch.tensor([5])
    losses, reached = [], []
    for _ in range(5):
        tokens = encoder(maps)[0]
        with injected(qwen.model.get_input_embeddings(), qwen.placeholder, tokens):
            logits = qwen.model(**prepared.inputs, logits_to_keep=1).logits[:, -1]
        loss = torch.nn.functional.cross_entropy(logits, target)
        optimizer.zero_grad()
        loss.backward()
        reached.append(encoder.body[0].weight.grad.abs().max().item())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert reached[0] > 0, "the gradient comes through to the first layer"
    assert all(parameter.grad is None for parameter in qwen.model.parameters())
