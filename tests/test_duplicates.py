"""Near-duplicates: shingles as one by one, similarity exact, few missed, linear work, the same on every machine."""

from __future__ import annotations

import os
import random
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.duplicates import jaccard, nearest, repeated_keys, similar, sketch, text_keys, thinned
from pipeline.duplicates.hosted import hosted_sketch
from pipeline.duplicates.shingles import shingles
from pipeline.duplicates.signatures import banding
from pipeline.splitting import SplitSettings, divide
from tests import test_splitting as one_by_one

DATA = Path(os.environ.get("GRISTMILL_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
texts = st.lists(st.text("abc 今天北京鱼。,1\n\u200bß", max_size=30), min_size=1, max_size=12)


@given(texts)
@settings(max_examples=200, deadline=None)
def test_shingles_and_similarity_are_those_that_plain_python_finds(found: list[str]) -> None:
    sets = shingles(pl.Series(found))
    plain = [one_by_one.shingles(t) for t in found]
    assert sets.sizes.tolist() == [len(p) for p in plain]
    pairs = list(combinations(range(len(found)), 2))
    left, right = (np.array([p[side] for p in pairs], np.int64) for side in (0, 1))
    expected = [one_by_one.jaccard(plain[a], plain[b]) for a, b in pairs]
    assert jaccard(sets, left, right).tolist() == pytest.approx(expected)


def test_the_chunks_that_texts_are_worked_in_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.duplicates import shingles as module

    many = pl.Series([f"text {n} of 今天北京 some {n % 7} words and more {n % 5}" for n in range(50)])
    whole = shingles(many)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 100)
    pieces = shingles(many)
    assert whole.hashes.tolist() == pieces.hashes.tolist()
    assert whole.offsets.tolist() == pieces.offsets.tolist()


@pytest.mark.parametrize("count", [0, 1, 5_000])
def test_the_engine_makes_the_sketch_that_is_made_on_the_spot(tmp_path: Path, count: int) -> None:
    rows = [f"text {n} of 今天北京 some {n % 7} words" if n % 11 else "!" for n in range(count)]
    many = pl.Series("text", rows, dtype=pl.String)
    here, hosted = sketch(many), hosted_sketch(many, tmp_path)
    for one, other in ((here.sets.hashes, hosted.sets.hashes), (here.sets.offsets, hosted.sets.offsets)):
        assert (one.dtype, one.tolist()) == (other.dtype, other.tolist())
    assert (here.signed.dtype, here.signed.tolist()) == (hosted.signed.dtype, hosted.signed.tolist())
    assert (here.seed, list(tmp_path.iterdir())) == (hosted.seed, [])


def test_a_shingle_is_the_same_number_on_every_machine() -> None:
    found = shingles(pl.Series(["Anna met Bo", "你好世界吧", "x" * 100]))
    assert found.hashes.tolist() == [4271214980, 15465546, 2062284436]


def test_bands_find_all_but_five_in_a_thousand_pairs_at_the_threshold() -> None:
    for at_least in (0.3, 0.5, 0.7, 0.8, 0.9):
        bands, places = banding(at_least)
        assert bands * places <= 128
        assert 1 - (1 - at_least**places) ** bands >= 0.995
    assert (banding(0.8), banding(1.0)) == ((21, 6), (1, 128))


def planted(language: str, seed: int, documents: int) -> list[str]:
    """Texts of 150 tokens, half of them copies of another with 0.2 to 10 % of the tokens exchanged."""
    rng = random.Random(seed)
    words = [chr(0x4E00 + n) for n in range(2000)] if language == "zh" else [f"w{n}" for n in range(2000)]
    made = [[rng.choice(words) for _ in range(150)] for _ in range(documents // 2)]
    for n in range(documents // 2):
        rate = rng.choice([0.002, 0.01, 0.02, 0.03, 0.05, 0.1])
        made.append([rng.choice(words) if rng.random() < rate else w for w in made[n // 2]])
    return ["".join(t) if language == "zh" else " ".join(t) for t in made]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_planted_near_duplicates_are_dropped_and_nothing_else(language: str) -> None:
    found = planted(language, 7, 2000)
    made = sketch(pl.Series(found))
    pairs = thinned(made, np.arange(len(found)), 0.8)
    plain = [one_by_one.shingles(t) for t in found]
    gone = set(pairs.right.tolist())
    assert not gone & set(pairs.left.tolist()), "a dropped one is like one that stays"
    assert all(one_by_one.jaccard(plain[a], plain[b]) >= 0.8 for a, b in zip(pairs.left, pairs.right, strict=True))
    left = 0
    for original in range(1000):
        members = [original, *(1000 + c for c in (2 * original, 2 * original + 1) if c < 1000)]
        stay = [m for m in members if m not in gone]
        left += sum(one_by_one.jaccard(plain[a], plain[b]) >= 0.8 for a, b in combinations(stay, 2))
    assert len(gone) > 400
    assert left <= 2


def test_of_a_thousand_versions_of_one_text_one_stays_whatever_the_size_of_the_bucket() -> None:
    base = [f"w{n}" for n in range(400)]
    versions = [" ".join([*base[:n], f"new{n}", *base[n + 1 :]]) for n in range(400)] * 3
    pairs = thinned(sketch(pl.Series(versions)), np.arange(len(versions)), 0.8)
    assert len(pairs) == len(versions) - 1
    assert set(pairs.left.tolist()) == {0}


def test_what_connects_similar_texts_is_far_less_than_every_pair() -> None:
    base = [f"w{n}" for n in range(400)]
    versions = [" ".join([*base[:n], f"new{n}", *base[n + 1 :]]) for n in range(400)]
    pairs = similar(sketch(pl.Series(versions)), np.arange(400), 0.8)
    assert 399 <= len(pairs) < 400 * 60 < 400 * 399 // 2
    reached, todo = {0}, True
    while todo:
        todo = False
        for a, b in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True):
            if (a in reached) != (b in reached):
                reached |= {a, b}
                todo = True
    assert len(reached) == 400


def test_the_most_similar_is_named_and_texts_without_a_letter_are_like_nothing() -> None:
    found = sketch(pl.Series(["a b c d e f", "a b c d e g", "!", "!", "a b c d e f"]))
    pairs = nearest(found, np.array([4, 3]), np.array([0, 1, 2]), 0.5)
    assert (pairs.left.tolist(), pairs.right.tolist(), pairs.similarity.tolist()) == ([0], [4], [1.0])
    assert len(nearest(found, np.array([4]), np.array([], np.int64), 0.5)) == 0


def test_text_keys_see_through_width_case_and_white_space() -> None:
    assert text_keys(pl.Series(["Straße\n 1", "ＳＴＲＡＳＳＥ\u30001", ""])).to_list() == ["strasse1", "strasse1", ""]


@pytest.mark.slow
@pytest.mark.skipif(
    not (DATA / "conll2003").is_dir(), reason="CoNLL-2003 is the user's: name it in GRISTMILL_TEST_DATA"
)
def test_conll2003_leaks_as_shipped_what_an_inverted_index_finds_and_nothing_when_divided() -> None:
    from pipeline.frames import to_table
    from pipeline.leakage import leakage
    from pipeline.source.conll import Conll
    from pipeline.types import Document

    source = Conll(path=str(DATA / "conll2003"), pattern="*.txt")
    shipped = to_table(d for b in source.batches() for d in source.read(b) if isinstance(d, Document))
    found = leakage(shipped)
    assert found == pytest.approx(
        {"exact": 132 / 3453, "near": 184 / 3453, "template": 1089 / 3453, "mention": 2963 / 5648}
    )
    assert half_like(shipped, "test") == 184
    kept = divide(shipped, SplitSettings()).kept
    assert [half_like(kept, part) for part in ("validation", "test")] == [0, 0]
    assert [leakage(kept, part)["exact"] for part in ("validation", "test")] == [0.0, 0.0]


def half_like(table: object, part: str) -> int:
    """Texts of a part that are half like one of train: every pair that shares a shingle, by an inverted index."""
    rows = pl.DataFrame(table.select(["text", "split"]))  # type: ignore[attr-defined]
    train, held = ([one_by_one.shingles(t) for t in rows.filter(split=s)["text"]] for s in ("train", part))
    index: dict[tuple[str, ...], list[int]] = {}
    for n, shingled in enumerate(train):
        for shingle in shingled:
            index.setdefault(shingle, []).append(n)
    near = 0
    for shingled in held:
        shared: dict[int, int] = {}
        for shingle in shingled:
            for n in index.get(shingle, ()):
                shared[n] = shared.get(n, 0) + 1
        near += any(both / (len(shingled) + len(train[n]) - both) >= 0.5 for n, both in shared.items())
    return near


@given(
    st.lists(st.text(st.sampled_from("aAß\u0130\u0301\u0327ｶﾞ中，, \n\u3000\u1100\u1161ﬁ"), max_size=70), max_size=12),
    st.integers(0, 9),
)
@settings(max_examples=100, deadline=None)
def test_keys_of_texts_that_repeat_are_those_of_all_texts_where_they_repeat(texts: list[str], seed: int) -> None:
    texts = [*texts, *(t.swapcase().replace(" ", "\n ") for t in texts), *("中" * 60 + t for t in texts * 2)]
    random.Random(seed).shuffle(texts)
    keys = text_keys(pl.Series(texts, dtype=pl.String)).to_list()
    expected = [key if keys.count(key) > 1 else None for key in keys]
    assert repeated_keys(pl.Series(texts, dtype=pl.String)).to_list() == expected
