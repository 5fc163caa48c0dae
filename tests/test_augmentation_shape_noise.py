"""shape_noise puts common characters in the place of others that look like them."""

from __future__ import annotations

from random import Random

import pytest

from pipeline.augmentation import Refused
from pipeline.augmentation.shape_noise import ShapeNoise
from pipeline.composing import composed
from pipeline.types import Document, Span


def fitted(*train: str, **settings: object) -> ShapeNoise:
    return ShapeNoise.model_validate(settings).fitted([Document(str(n), t, "zh") for n, t in enumerate(train)])


def alike(chars: str) -> dict[str, str]:
    """What may come in the place of each character, among those given."""
    noise = fitted(chars)
    return {char: "".join(sorted(c for c in noise._alike[char].chars)) for char in chars if char in noise._alike}


def texts(noise: ShapeNoise, doc: Document, seeds: int = 60) -> set[str]:
    return {composed((doc,), noise.draw(doc, Random(seed)).pieces).text for seed in range(seeds)}


def test_characters_of_the_same_corners_and_the_same_parts_look_alike() -> None:
    assert alike("未末己已土士") == {"未": "末", "己": "已", "已": "己", "土": "士", "士": "土"}  # 未 is a negation


def test_characters_with_one_part_exchanged_and_three_of_four_corners_look_alike() -> None:
    assert alike("请清情晴") == {"请": "清", "清": "请", "情": "晴", "晴": "情"}


def test_characters_that_share_single_strokes_or_corners_alone_do_not_look_alike() -> None:
    assert alike("大年的一人中") == {}


def test_a_character_becomes_one_that_looks_like_it_and_mentions_stay() -> None:
    noise = fitted("请清未末")
    doc = Document("a", "请未来在未名湖", "zh", spans=(Span(4, 7, "LOC"),))
    assert texts(noise, doc) == {"清未来在未名湖", "请末来在未名湖"}


def test_only_the_commonest_characters_come_in() -> None:
    assert texts(fitted("睛睛晴情人人", characters=2), Document("a", "晴", "zh")) == {"睛"}


def test_a_text_without_a_fitting_character_is_refused_with_the_reason() -> None:
    with pytest.raises(Refused, match="no common character of the training documents looks like"):
        fitted("请清").draw(Document("a", "好", "zh"), Random(1))
