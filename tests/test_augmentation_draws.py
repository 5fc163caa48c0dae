"""The generator of a document: the same for the same seed, even, and independent of what was drawn for others."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from pipeline.augmentation._draws import Draws
from pipeline.augmentation._eligible import some


def test_the_same_seed_gives_the_same_numbers_whatever_was_drawn_before() -> None:
    rng = Draws("another")
    drawn = [rng.random() for _ in range(20)]  # more than one block of eight
    assert len(set(drawn)) == 20
    rng.seed("13|swap_words|a")
    again = Draws("13|swap_words|a")
    assert [rng.random() for _ in range(20)] == [again.random() for _ in range(20)]
    assert rng.random() != Draws("13|swap_words|b").random()


def test_what_is_drawn_is_even() -> None:
    rng = Draws("a")
    numbers = [rng.random() for _ in range(20_000)]
    assert 0 <= min(numbers) < 0.001
    assert 0.999 < max(numbers) < 1
    assert sum(numbers) / len(numbers) == pytest.approx(0.5, abs=0.01)
    counts = Counter(rng.randrange(5) for _ in range(20_000))
    assert set(counts) == {0, 1, 2, 3, 4}
    assert all(3_800 < count < 4_200 for count in counts.values())
    orders = Counter(tuple(rng.sample("abc", 3)) for _ in range(6_000))
    assert len(orders) == 6
    assert all(850 < count < 1_150 for count in orders.values())


@pytest.mark.parametrize("bits", [1, 32, 63, 64, 65, 200])
def test_whole_numbers_have_as_many_bits_as_are_asked_for(bits: int) -> None:
    rng = Draws("a")
    drawn = [rng.getrandbits(bits) for _ in range(60)]
    assert max(number.bit_length() for number in drawn) == bits
    assert min(drawn) < 2 ** (bits - 1)


@pytest.mark.parametrize(
    ("share", "spared", "count"), [(0.01, 0, 1), (0.3, 0, 3), (1.0, 0, 10), (1.0, 1, 9), (0.96, 1, 9)]
)
def test_a_share_is_drawn_in_order_at_least_one_and_some_are_spared(share: float, spared: int, count: int) -> None:
    for seed in range(50):
        drawn = some(range(10), share, Random(seed), spared)
        assert len(drawn) == count
        assert drawn == sorted(set(drawn))


def test_every_place_is_drawn_as_often_as_any_other() -> None:
    rng = Draws("a")
    counts = Counter(place for _ in range(10_000) for place in some("abcde", 0.4, rng))
    assert sum(counts.values()) == 20_000
    assert all(3_800 < counts[place] < 4_200 for place in "abcde")
    assert some([], 0.5, rng) == []
