"""Windows, units and batches: every token is covered once, every example is in one batch."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.frames import to_table
from pipeline.training._batches import batches
from pipeline.training._characters import character_rows, character_tokenizer, character_vocabulary
from pipeline.training._examples import Encoder, gathered
from pipeline.training._windows import chosen_window, windows
from pipeline.types import Document, Span
from tests.nasty_documents import documents
from tests.tiny_training import TASK, tiny_bert


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


@cache
def base_folder() -> str:
    return str(tiny_bert(Path(mkdtemp())))


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(1, 40))
def test_windows_hold_every_piece_and_fit_the_room(pieces: int, room: int) -> None:
    ranges = windows(pieces, room)
    assert all(b - a <= room for a, b in ranges)
    assert sorted({p for a, b in ranges for p in range(a, b)}) == list(range(pieces))
    assert ranges[0][0] == 0
    assert ranges[-1][1] == pieces


def test_a_piece_is_predicted_by_the_window_in_which_it_stands_farthest_from_an_edge() -> None:
    ranges = [(0, 6), (3, 9)]
    assert [chosen_window(p, ranges) for p in range(9)] == [0, 0, 0, 0, 0, 1, 1, 1, 1]


@settings(deadline=None)
@given(st.lists(st.integers(1, 64), max_size=80), st.integers(64, 300), st.integers(0, 9))
def test_batches_hold_every_example_once_and_stay_under_the_budget(lengths: list[int], budget: int, seed: int) -> None:
    for chosen in (seed, None):
        made = batches(lengths, budget, chosen)
        assert sorted(i for batch in made for i in batch) == list(range(len(lengths)))
        assert all(len(batch) * max(lengths[i] for i in batch) <= budget for batch in made)
    assert batches(lengths, budget, seed) == batches(lengths, budget, seed)


def test_another_seed_gives_another_order() -> None:
    assert batches(list(range(1, 60)), 100, 1) != batches(list(range(1, 60)), 100, 2)


@settings(deadline=None, max_examples=40)
@given(st.lists(documents(), min_size=1, max_size=4))
def test_perfect_scores_of_any_text_give_back_its_spans_but_those_counted_as_lost(docs: list[Document]) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base_folder())
    examples = Encoder(tokenizer, TASK, 8, casing=True).encode(to_table(docs))
    scores = []
    for window in examples.windows:
        assert len(window.ids) == len(window.types) == len(window.targets) <= 8
        score = np.full((len(window.ids), 5), -9.0, np.float32)
        score[np.arange(len(window.ids)), np.maximum(window.targets, 0)] = -0.1
        scores.append(score)
    found = gathered(examples, scores, TASK).column("spans").to_pylist()
    for doc, units, leads, spans in zip(docs, examples.units, examples.leads, found, strict=True):
        gold = {(s.start, s.end, s.label) for s in doc.spans or ()}
        back = {(s["start"], s["end"], s["label"]) for s in spans}
        if all(leads >= 0):
            assert len(gold - back) == TASK.lost(doc, units)


def test_a_long_text_is_not_cut_off(base: Path) -> None:
    from transformers import AutoTokenizer

    text = "to " * 50 + "Bo"
    doc = Document("a", text, spans=(Span(150, 152, "PER"),))
    examples = Encoder(AutoTokenizer.from_pretrained(base), TASK, 16, casing=False).encode(to_table([doc]))
    assert len(examples.windows) == 7
    assert examples.windows[-1].targets.tolist()[-3:] == [1, 2, -100]
    assert examples.pieces == [52]


def test_tokens_of_the_source_are_the_units_and_capital_letters_the_types(base: Path) -> None:
    from transformers import AutoTokenizer

    doc = Document("a", "Bo to NYAN", tokens=((0, 2), (3, 5), (6, 10)), spans=(Span(0, 2, "PER"), Span(6, 10, "LOC")))
    examples = Encoder(AutoTokenizer.from_pretrained(base), TASK, 16, casing=True).encode(to_table([doc]))
    assert examples.units == [[(0, 2), (3, 5), (6, 10)]]
    (window,) = examples.windows
    assert window.types.tolist()[1:3] == [1, 1]
    assert set(window.types.tolist()[4:-1]) == {2}
    assert [window.targets[1 + i] for i in examples.leads[0]] == [1, 0, 3]


def test_character_rows_keep_the_rows_of_the_base_and_make_new_ones_of_like_length(base: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    vocabulary = character_vocabulary(["甲乙 李", "甲乙 李丙"], tokenizer)
    assert list(vocabulary)[-3:] == ["乙", "李", "甲"]  # 丙 stands there once: it trains [UNK]
    rows_of_base = np.random.default_rng(0).normal(0.5, 1, (len(tokenizer), 16)).astype(np.float32)
    rows = character_rows(vocabulary, tokenizer, rows_of_base, seed=1)
    assert (rows[vocabulary["李"]] == rows_of_base[tokenizer.convert_tokens_to_ids("李")]).all()
    assert (rows[vocabulary["[UNK]"]] == rows_of_base[tokenizer.unk_token_id]).all()
    assert 2 < np.linalg.norm(rows[vocabulary["甲"]] - rows_of_base.mean(0)) < 6
    assert (rows == character_rows(vocabulary, tokenizer, rows_of_base, seed=1)).all()
    encoded = character_tokenizer(vocabulary, tokenizer)("甲 9")["input_ids"]
    assert encoded == [vocabulary[t] for t in ("[CLS]", "甲", "[UNK]", "[SEP]")]


def test_words_that_only_annotators_see_are_not_the_units(base: Path) -> None:
    from transformers import AutoTokenizer

    doc = Document("a", "李鹏北京", tokens=((0, 2), (2, 4)), spans=(Span(0, 2, "PER"),))
    examples = Encoder(AutoTokenizer.from_pretrained(base), TASK, 16, casing=False).encode(to_table([doc]))
    assert examples.units == [[(0, 1), (1, 2), (2, 3), (3, 4)]]
