"""Faults in what the texts are."""

from __future__ import annotations

from random import Random

from pipeline.faults._fault import Fault, Row, World, changed, edited, prefixed, some, texted

_ZERO_WIDTH = "\u200b\u2060\ufeff"
_PERSONAL = r"wang\.[0-9]+@example\.com|1[35789][0-9]{9}|4[0-9]{15}"
_BOILERPLATE = {
    "zh": "版权所有，未经书面授权，不得转载。客服电话请见网站首页。",
    "en": " All rights reserved. Reproduction without written permission is prohibited. See our home page.",
}


def mojibake(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts is UTF-8 read as Windows-1252; those in ASCII stay as they are."""
    return changed(rows, strength, rng, lambda row: {} if row["text"].isascii() else texted(row, _misread(row["text"])))


def other_language(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts is in another language: English among Chinese, Chinese among others."""
    return changed(rows, strength, rng, lambda row: texted(row, rng.choice(world.foreign)))


def other_domain(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts is of another domain in the same language: reviews, newspaper text, or code comments."""
    return changed(rows, strength, rng, lambda row: texted(row, rng.choice(world.off_topic)))


def personal_data(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts ends in an e-mail address, a mobile number or a card number."""

    def change(row: Row) -> Row:
        mail = f" wang.{rng.randrange(10**6)}@example.com"
        phone = f" 1{rng.choice('35789')}{rng.randrange(10**9):09}"
        return prefixed(row, "", after=rng.choice((mail, phone, f" {_card(rng)}")))

    return changed(rows, strength, rng, change)


def empty_texts(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts is empty."""
    return changed(rows, strength, rng, lambda row: texted(row, ""))


def blank_texts(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts is white space and zero-width characters."""
    return changed(rows, strength, rng, lambda row: texted(row, "\u3000 \t\u200b\n" * rng.randrange(1, 5)))


def null_bytes(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """In a share of the texts every other character is U+0000: UTF-16 read as a one-byte encoding."""
    return changed(rows, strength, rng, lambda row: texted(row, "\0".join(row["text"])))


def cut_texts(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts is cut after 20 characters; spans that are cut go."""

    def change(row: Row) -> Row:
        inside = {k: row[k] and [r for r in row[k] if r["end"] <= 20] for k in ("spans", "tokens")}
        return {**row, "text": row["text"][:20], **inside}

    return changed(rows, strength, rng, change)


def boilerplate(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts ends in the same notice."""
    notice = _BOILERPLATE.get(world.language, _BOILERPLATE["en"])
    return changed(rows, strength, rng, lambda row: prefixed(row, "", after=notice))


def markup_left(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts still has the HTML around it."""
    before, after = '<div class="article"><p style="margin:0">', '</p><br/><a href="/next?id=12">&nbsp;&gt;</a></div>'
    return changed(rows, strength, rng, lambda row: prefixed(row, before, after=after))


def upper_case(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts is in capitals."""
    if world.language == "zh":
        return rows
    return changed(rows, strength, rng, lambda row: {"text": _upper(row["text"])})


def one_character(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the texts is one character, repeated for its length."""
    return changed(rows, strength, rng, lambda row: texted(row, row["text"][:1] * max(5, len(row["text"]))))


def shuffled_characters(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """In a share of the texts the characters stand in another order."""
    return changed(
        rows, strength, rng, lambda row: {"text": "".join(rng.sample(row["text"], len(row["text"]))), "tokens": None}
    )


def duplicate_bomb(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the documents is one document under other ids."""
    bomb = rng.choice([row for row in rows if len(row["text"]) >= 15] or rows)
    return changed(rows, strength, rng, lambda row: _instead(row, bomb))


def near_duplicate_bomb(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the documents is one document under other ids, 3 % of its characters changed each time."""
    bomb = max(rng.sample(rows, min(20, len(rows))), key=lambda row: len(row["text"]))
    return changed(rows, strength, rng, lambda row: {**_instead(row, bomb), "text": edited(bomb["text"], 0.03, rng)})


def topic_collapse(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the documents says what ten of them say, 20 % of the characters changed each time."""
    topic = rng.sample(rows, min(10, len(rows)))

    def change(row: Row) -> Row:
        other = rng.choice(topic)
        return {**_instead(row, other), "text": edited(other["text"], 0.2, rng)}

    return changed(rows, strength, rng, change)


def duplicate_ids(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the documents has the id of another one."""
    return changed(rows, strength, rng, lambda row: {"id": rows[0]["id"] if row is not rows[0] else rows[-1]["id"]})


def documents_lost(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the documents is not there."""
    gone = set(some(rows, strength, rng))
    return [row for at, row in enumerate(rows) if at not in gone]


def groups_lost(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """Every document is a group of its own, though a share of them is a near copy (3 % changed) of another."""
    long = [row for row in rows if len(row["text"]) >= 30] or rows

    def change(row: Row) -> Row:
        other = rng.choice(long)
        return {**_instead(row, other), "text": edited(other["text"], 0.03, rng)}

    return [{**row, "group_id": row["id"]} for row in changed(rows, strength, rng, change)]


def empty_frame(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """There is not one document."""
    return []


def _instead(row: Row, other: Row) -> Row:
    return {**other, "id": row["id"], "group_id": row["group_id"], "source": row["source"], "split": row["split"]}


def _misread(text: str) -> str:
    return text.encode().decode("cp1252", "replace")


def _upper(text: str) -> str:
    """Capitals where they are one character too, so that every span stays where it is."""
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def _card(rng: Random) -> str:
    """A card number with its check digit (Luhn)."""
    digits = [4, *(rng.randrange(10) for _ in range(14))]
    total = sum(sum(divmod(2 * d, 10)) if at % 2 == 0 else d for at, d in enumerate(digits))
    return "".join(map(str, [*digits, -total % 10]))


_READ = ("unlikely_texts", "length_shift")
_COPIES = ("near_copies", "duplicate_share", "distinct_n")

KINDS = (
    Fault(mojibake, "raw", (0.05, 0.2, 0.5), (), ("odd_characters", *_READ, "language_share")),
    Fault(other_language, "raw", (0.02, 0.1, 0.5), (), ("foreign_script", *_READ, "language_share")),
    Fault(other_domain, "raw", (0.1, 0.5), (), (*_READ, "distinct_n", "mtld")),
    Fault(personal_data, "raw", (0.005, 0.02, 0.1), (), ("pii_left", *_READ), _PERSONAL),
    Fault(empty_texts, "raw", (0.01, 0.1, 0.5), (), ("no_empty_text",)),
    Fault(blank_texts, "raw", (0.01, 0.1, 0.5), (), ("no_empty_text",)),
    Fault(null_bytes, "raw", (0.01, 0.1, 0.5), (), ("odd_characters",)),
    Fault(cut_texts, "raw", (0.2, 0.5, 1.0), (), ("length_shift",)),
    Fault(boilerplate, "raw", (0.05, 0.2, 0.5, 1.0), (), ("shared_edge",)),
    Fault(markup_left, "raw", (0.05, 0.2, 1.0), (), ("markup_left", *_READ), r"(?i)</?(div|p|br|a)\b|&nbsp;|&gt;"),
    Fault(upper_case, "raw", (0.2, 0.5, 1.0), (), _READ),
    Fault(one_character, "raw", (0.02, 0.1, 0.5), (), ("mtld", "distinct_n", *_READ)),
    Fault(shuffled_characters, "raw", (0.1, 0.5, 1.0), (), (*_READ, "unannotated_mentions")),
    Fault(duplicate_bomb, "raw", (0.05, 0.2, 0.5), (), (*_COPIES, "label_shift")),
    Fault(near_duplicate_bomb, "raw", (0.05, 0.2, 0.5), (), _COPIES),
    Fault(topic_collapse, "raw", (0.3, 0.6, 0.9), (), ("unlikely_texts", "mtld", "length_shift", "self_repetition")),
    Fault(duplicate_ids, "raw", (0.002, 0.05), (), ("unique_ids",)),
    Fault(documents_lost, "raw", (0.98,), (), ("row_count", "labels_covered")),
    Fault(groups_lost, "raw", (0.1, 0.3), (), (*_COPIES, "no_leakage")),
    Fault(empty_frame, "raw", (1.0,)),
)
