"""Personal data by its form: what is found, what fails its check digit, and that the vectorised test misses nothing."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.language import pii

FOUND = [
    ("email", "bo.li+x@mail.example.com"),
    ("email", "müller@köln.example"),
    ("iban", "DE89 3704 0044 0532 0130 00"),
    ("iban", "GB29NWBK60161331926819"),
    ("iban", "FR14 2004 1010 0505 0001 3M02 606"),
    ("ipv6", "2001:db8::8a2e:370:7334"),
    ("ipv6", "::ffff:192.0.2.128"),
    ("uk_nino", "AB 12 34 56 C"),
    ("es_dni", "12345678Z"),
    ("es_dni", "X1234567L"),
    ("fr_nir", "1 85 05 78 006 084 91"),
    ("fr_nir", "185057800608491"),
    ("cn_id", "11010519491231002X"),
    ("cn_id", "440524188001010014"),
    ("phone", "+86 138 0013 8000"),
    ("phone", "+44 (0)20 7946 0958"),
    ("phone", "13800138000"),
    ("phone", "138-0013-8000"),
    ("phone", "010-62345678"),
    ("phone", "（0755）26345678"),
    ("phone", "(202) 555-0143"),
    ("phone", "202-555-0143"),
    ("card", "4111 1111 1111 1111"),
    ("card", "5555-5555-5555-4444"),
    ("card", "378282246310005"),
    ("card", "3782 822463 10005"),
    ("card", "6011111111111117"),
    ("card", "30569309025904"),
    ("in_aadhaar", "2341 2341 2346"),
    ("us_ssn", "078-05-1120"),
    ("ipv4", "192.168.0.1"),
]
NOT_FOUND = [
    "a@b",
    "@user",
    "DE88 3704 0044 0532 0130 00",
    "ZZ89370400440532013000",
    "12:30:45",
    "fe::1",
    "BG123456C",
    "AB123456E",
    "12345678A",
    "1 85 05 78 006 084 92",
    "110105194912310021",
    "110105194902310020",
    "12800138000",
    "4111 1111 1111 1112",
    "1111 2222 3333 4445",
    "2341 2341 2347",
    "000-05-1120",
    "666-05-1120",
    "078-00-1120",
    "078-05-0000",
    "256.1.1.1",
    "1.2.3.4.5",
    "v1.2.3.4",
]


def might(text: str) -> bool:
    return bool(pl.DataFrame({"text": [text]}).select(pii.might_hold(pl.col("text"))).item())


@pytest.mark.parametrize(("kind", "value"), FOUND)
@pytest.mark.parametrize("around", ["{}", "see {}, now", "号码{}。", "({})"])
def test_each_form_is_found_wherever_it_stands(kind: str, value: str, around: str) -> None:
    text = around.format(value)
    start = around.index("{")
    assert pii.find(text) == [(start, start + len(value), kind)]
    assert might(text)


@pytest.mark.parametrize("text", NOT_FOUND)
def test_a_wrong_check_digit_or_range_is_no_match(text: str) -> None:
    assert pii.find(text) == []


@pytest.mark.parametrize("text", ["x13800138000", "138001380001", "a4111111111111111", "12345678Za"])
def test_a_form_inside_of_a_longer_word_or_number_is_no_match(text: str) -> None:
    assert pii.find(text) == []


def test_every_kind_has_an_example_here_and_only_the_kinds_asked_for_are_looked_for() -> None:
    assert {kind for kind, _ in FOUND} == set(pii.KINDS)
    assert pii.find("a@b.example 13800138000", ["phone"]) == [(12, 23, "phone")]


def test_a_local_part_longer_than_an_address_may_have_is_found_by_its_last_64_characters() -> None:
    assert pii.find("a" * 100 + "@b.example") == [(36, 110, "email")]
