"""homophone_noise puts common characters in the place of others that are read the same."""

from __future__ import annotations

from random import Random

import pytest

from pipeline.augmentation import Refused
from pipeline.augmentation.homophone_noise import HomophoneNoise
from pipeline.composing import composed
from pipeline.types import Document, Span


def texts(noise: HomophoneNoise, doc: Document, seeds: int = 60) -> set[str]:
    return {composed((doc,), noise.draw(doc, Random(seed)).pieces).text for seed in range(seeds)}


def fitted(*train: str, **settings: object) -> HomophoneNoise:
    docs = [Document(str(n), text, "zh") for n, text in enumerate(train)]
    return HomophoneNoise.model_validate(settings).fitted(docs)


def test_a_character_becomes_one_of_the_training_documents_with_its_reading_and_tone() -> None:
    doc = Document("a", "他再来", "zh", spans=())
    assert texts(fitted("在塔踏莱"), doc) == {"他在来", "他再莱"}


def test_without_tones_a_character_may_become_one_of_another_tone() -> None:
    doc = Document("a", "他再来", "zh", spans=())
    assert texts(fitted("在塔踏莱", same_tone=False), doc) == {"他在来", "他再莱", "塔再来", "踏再来"}


def test_a_character_of_two_readings_is_read_among_its_neighbours() -> None:
    noise = fitted("航形", share_of_words=1)
    assert texts(noise, Document("a", "去银行", "zh")) == {"去银航"}
    assert texts(noise, Document("a", "不行", "zh")) == {"不形"}


def test_what_is_used_more_often_comes_in_more_often() -> None:
    noise, doc = fitted("在在在在在在在在在载"), Document("a", "再", "zh")
    drawn = [composed((doc,), noise.draw(doc, Random(seed)).pieces).text for seed in range(200)]
    assert {"在", "载"} == set(drawn)
    assert drawn.count("在") > 4 * drawn.count("载")


def test_only_the_commonest_characters_come_in() -> None:
    assert texts(fitted("在在载人人", characters=2), Document("a", "再", "zh")) == {"在"}


def test_mentions_stay_letter_by_letter() -> None:
    doc = Document("a", "李再来在北京", "zh", spans=(Span(0, 3, "PER"), Span(4, 6, "LOC")))
    assert texts(fitted("再在理里莱背经"), doc) == {"李再来再北京"}


def test_a_negation_neither_goes_nor_comes_in() -> None:
    assert texts(fitted("布步不", share_of_words=1), Document("a", "不步", "zh", label="bad")) == {"不布"}


def test_a_text_without_a_fitting_character_is_refused_with_the_reason() -> None:
    with pytest.raises(Refused, match="no common character of the training documents is read like"):
        fitted("在").draw(Document("a", "好", "zh"), Random(1))
    with pytest.raises(Refused, match="no Chinese character outside of mentions"):
        fitted("在").draw(Document("a", "OK 2008", "zh"), Random(1))


def test_a_document_of_another_language_is_refused() -> None:
    noise, doc = fitted("在"), Document("a", "Anna came", "en")
    [refused] = noise(doc, noise.rng(doc))
    assert getattr(refused, "reason", "") == "is for zh only"
