"""Gates before training: what is planted is caught, what is not there is not, and little text proves nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from random import Random

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pydantic import ValidationError

from pipeline.fairness._log_odds import compared
from pipeline.fairness._training import text_groups, training
from pipeline.fairness.label_given_group import LabelGivenGroup
from pipeline.fairness.split_shares import SplitShares
from pipeline.fairness.word_association import WordAssociation
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate, judge
from pipeline.types import Document, Span, Split, Verdict

SEEDS = 5
GATES = (LabelGivenGroup(by="domain"), SplitShares(by="domain"), WordAssociation(by="domain"))


def classified(rng: Random, shares: Mapping[str, float], support: int, per_root: int = 1) -> Frame:
    """For each group `support` documents, good at the share given; those of one root have one label."""
    docs = []
    for group, share in shares.items():
        label = ""
        for n in range(support):
            if n % per_root == 0:
                label = "good" if rng.random() < share else "bad"
            root = f"{group}-{n // per_root}"
            docs.append(Document(f"{group}{n}", "x", group_id=root, label=label, groups={"domain": group}))
    return Frame(to_table(docs))


def spoken(rng: Random, support: int, planted: float, groups: tuple[str, str] = ("news", "law")) -> Frame:
    """For each group `support` texts of 60 words, each in a tenth of them; in one group the odds of six are higher."""
    words = [f"w{n:02}" for n in range(60)]
    higher = 0.1 * planted / (0.9 + 0.1 * planted)
    docs = []
    for group in groups:
        for n in range(support):
            said = [
                w for at, w in enumerate(words) if rng.random() < (higher if group == groups[1] and at < 6 else 0.1)
            ]
            docs.append(Document(f"{group}{n}", " ".join(said), "en", groups={"domain": group}))
    return Frame(to_table(docs))


def divided(rng: Random, shares: Mapping[Split, float], support: int) -> Frame:
    """For each split `support` documents, of the domain news at the share given."""
    return Frame(
        to_table(
            Document(f"{s}{n}", "x", groups={"domain": "news" if rng.random() < share else "law"}, split=s)
            for s, share in shares.items()
            for n in range(support)
        )
    )


def outcomes(verdicts: list[Verdict]) -> dict[str, int]:
    return dict(Counter(v.outcome for v in verdicts))


@pytest.mark.parametrize(
    ("gap", "support", "at_least"),
    [
        (0.0, 100, {"not_judged": 4}),
        (0.0, 250, {"passed": 5}),
        (0.4, 100, {"failed": 4}),
        (0.4, 250, {"failed": 5}),
        (0.25, 250, {"failed": 4}),
    ],
)
def test_a_planted_difference_of_labels_is_caught_and_none_is_not(
    gap: float, support: int, at_least: dict[str, int]
) -> None:
    gate = LabelGivenGroup(by="domain", at_most=0.1, tolerance=0.2)
    shares = {"news": 0.5 + gap / 2, "law": 0.5 - gap / 2}
    found = outcomes([gate.check(classified(Random(seed), shares, support)) for seed in range(SEEDS)])
    assert all(found.get(outcome, 0) >= n for outcome, n in at_least.items()), found
    assert gap or "failed" not in found, found


def test_documents_of_one_root_count_as_one_witness() -> None:
    gate = LabelGivenGroup(by="domain", at_most=0.1, tolerance=0.2)
    shares = {"news": 0.5, "law": 0.5}
    found = outcomes([gate.check(classified(Random(seed), shares, 250, per_root=10)) for seed in range(SEEDS)])
    assert found == {"not_judged": 5}, "25 roots a group prove neither a difference nor that there is none"


@pytest.mark.parametrize(
    ("gap", "support", "at_least"),
    [
        (0.0, 100, {"not_judged": 4}),
        (0.0, 250, {"passed": 5}),
        (0.4, 100, {"failed": 4}),
        (0.4, 250, {"failed": 5}),
    ],
)
def test_a_planted_difference_between_splits_is_caught_and_none_is_not(
    gap: float, support: int, at_least: dict[str, int]
) -> None:
    gate = SplitShares(by="domain")
    shares: dict[Split, float] = {"train": 0.5 + gap / 2, "test": 0.5 - gap / 2}
    found = outcomes([gate.check(divided(Random(seed), shares, support)) for seed in range(SEEDS)])
    assert all(found.get(outcome, 0) >= n for outcome, n in at_least.items()), found
    assert gap or "failed" not in found, found


@pytest.mark.parametrize(
    ("odds", "support", "words"),
    [(1.0, 500, (0, 0)), (1.0, 1000, (0, 0)), (4.0, 500, (10, 20)), (4.0, 1000, (26, 30)), (8.0, 500, (30, 30))],
)
def test_planted_words_are_found_where_there_is_text_enough_and_no_others(
    odds: float, support: int, words: tuple[int, int]
) -> None:
    found = wrong = 0
    for seed in range(SEEDS):
        verdict = WordAssociation(by="domain").check(spoken(Random(seed), support, odds))
        (pair,) = verdict.evidence["pairs"]  # type: ignore[misc]
        top = [str(w["word"]) for w in pair["top"]["law"][: pair["associated"]]]  # type: ignore[call-overload,index]
        found += len([w for w in top if w < "w06"])
        wrong += len([w for w in top if w >= "w06"])
    assert words[0] <= found <= words[1], found
    assert wrong == 0


@pytest.mark.parametrize("odds", [1.0, 8.0])
def test_too_little_text_to_find_an_association_passes_none(odds: float) -> None:
    found = [WordAssociation(by="domain").check(spoken(Random(seed), 150, odds)) for seed in range(SEEDS)]
    assert outcomes(found) == {"not_judged": 5}
    assert "words are frequent enough in two groups to find odds of 6; 50 are needed" in found[0].message


def test_a_tenth_of_the_words_fails_the_gate_and_none_passes() -> None:
    gate = WordAssociation(by="domain")
    failed, passed = gate.check(spoken(Random(0), 500, 8.0)), gate.check(spoken(Random(0), 500, 1.0))
    assert (failed.outcome, failed.observed) == ("failed", 0.1)
    assert failed.message.startswith("6 of 60 frequent words (10.0%) go with one of law and news")
    assert (passed.outcome, passed.observed) == ("passed", 0.0)


def test_log_odds_are_those_of_the_paper() -> None:
    counts = pl.DataFrame({"word": ["a", "b"], "a": [30.0, 70.0], "b": [10.0, 190.0], "roots": [40, 260]})
    found = compared(counts, counts, "a", "b", error=1.0)
    # prior: 0.1 * 100 counts, of which 40 / 300 and 260 / 300; log-odds by hand
    prior = 10 * 40 / 300
    first, second = np.log((30 + prior) / (110 - 30 - prior)), np.log((10 + prior) / (210 - 10 - prior))
    assert found.ratio[0] == pytest.approx(first - second)
    assert found.ratio[0] == pytest.approx(1.9433, abs=1e-4)
    assert found.z[0] == pytest.approx((first - second) / np.sqrt(1 / (30 + prior) + 1 / (10 + prior)))
    assert found.z[0] == pytest.approx(5.6064, abs=1e-3)


def test_a_word_counts_once_a_root_document_and_group() -> None:
    text = " ".join(f"w{n}" for n in range(60))
    docs = [
        Document(
            f"{g}{n}",
            f"{text} here" if g == "law" and n < 90 else text,
            "en",
            group_id=f"{g}{n // 30}",
            groups={"domain": g},
        )
        for g in ("news", "law")
        for n in range(600)
    ]
    gate = WordAssociation(by="domain", min_support=20)
    (pair,) = gate.check(Frame(to_table(docs))).evidence["pairs"]  # type: ignore[misc]
    assert pair["words"] == 60, "90 texts of 3 root documents say `here`: too few to compare"  # type: ignore[index,call-overload]


def test_annotated_mentions_are_no_words_and_a_text_has_the_group_of_its_spans() -> None:
    def doc(n: int, name: str, gender: str) -> Document:
        span = Span(0, len(name), "PER", {"inferred_gender": gender})
        return Document(f"{gender}{n}", f"{name} won the game on day {n % 7}", "en", spans=(span,))

    docs = [doc(n, *who) for n in range(150) for who in (("Anna", "female"), ("Otto", "male"))]
    verdict = WordAssociation(by="inferred_gender", min_words=4).check(Frame(to_table(docs)))
    assert (verdict.outcome, verdict.observed) == ("passed", 0.0)
    assert verdict.evidence["texts"] == {"female": 150, "male": 150}
    words = {w["word"] for p in verdict.evidence["pairs"] for side in p["top"].values() for w in side}  # type: ignore[union-attr,index,call-overload]
    assert not words & {"anna", "otto"}


def test_a_text_with_two_groups_has_none_and_its_own_comes_first() -> None:
    spans = (Span(0, 1, "PER", {"by": "x"}), Span(1, 2, "PER", {"by": "y"}), Span(2, 3, "PER", {"by": "unknown"}))
    docs = [
        Document("two", "abc", spans=spans),
        Document("one", "abc", spans=spans[1:]),
        Document("own", "abc", spans=spans, groups={"by": "z"}),
        Document("none", "abc", spans=spans[2:]),
        Document("bare", "abc"),
    ]
    assert text_groups(to_table(docs), "by").to_list() == ["unknown", "y", "z", "unknown", "unknown"]


def test_only_training_text_is_looked_at_once_there_are_splits() -> None:
    table = divided(Random(0), {"train": 0.5, "test": 0.1}, 50).documents
    assert training(table).num_rows == 50
    assert training(classified(Random(0), {"news": 0.5}, 30).documents).num_rows == 30


def test_spans_are_compared_by_mention_or_by_document() -> None:
    def docs(group: str, labels: str) -> list[Document]:
        spans = tuple(Span(n, n + 1, {"P": "PER", "L": "LOC"}[c]) for n, c in enumerate(labels))
        return [Document(f"{group}{n}", "x" * 9, spans=spans, groups={"domain": group}) for n in range(300)]

    frame = Frame(to_table([*docs("news", "PPPL"), *docs("law", "PL")]))
    by_mention = LabelGivenGroup(by="domain").check(frame)
    assert (by_mention.outcome, by_mention.observed) == ("failed", 0.25)
    assert by_mention.message.startswith("LOC: share of law minus news is +0.250 [+0.")
    by_document = LabelGivenGroup(by="domain", per="document").check(frame)
    assert (by_document.outcome, by_document.observed) == ("passed", 0.0)
    bare = [Document(f"bare{n}", "x", spans=(), groups={"domain": "news"}) for n in range(300)]
    diluted = Frame(pa.concat_tables([frame.documents, to_table(bare)]))
    verdict = LabelGivenGroup(by="domain", per="document").check(diluted)
    assert (verdict.outcome, verdict.observed) == ("failed", 0.5), (
        "a document without a mention is one without the label"
    )


def many(group: str, text: str = "x y", split: Split | None = "train") -> list[Document]:
    groups = {"domain": group} if group else {}
    return [Document(f"{n}", text, "en", label="gb"[n % 2], groups=groups, split=split) for n in range(300)]


NOTHING = [
    ("no document", []),
    ("one example", many("news")[:1]),
    ("one group", many("news")),
    ("all unknown", many("unknown")),
    ("no such group", [replace(d, split="test") if n % 2 else d for n, d in enumerate(many(""))]),
    (
        "no text and no label",
        [replace(d, label=None, groups={"domain": "ab"[n % 2]}) for n, d in enumerate(many("", ""))],
    ),
]


@pytest.mark.parametrize("gate", GATES, ids=lambda g: g.name)
@pytest.mark.parametrize(("what", "docs"), NOTHING, ids=[what for what, _ in NOTHING])
def test_what_cannot_be_compared_is_not_judged(gate: Gate, what: str, docs: list[Document]) -> None:
    assert judge(gate, Frame(to_table(docs))).outcome == "not_judged", what


@pytest.mark.parametrize("gate", GATES, ids=lambda g: g.name)
@pytest.mark.parametrize("missing", ["", " ", "nan", "NaN", "None", "null", "unknown", "Unknown"])
def test_a_missing_group_is_no_group_in_a_difference(gate: Gate, missing: str) -> None:
    splits: tuple[Split, Split] = ("train", "test")
    docs = [
        Document(f"{g}{n}", "all say this", "en", label="gb"[n % 2], groups={"domain": g}, split=splits[n % 4 == 0])
        for g in ("news", missing)
        for n in range(400)
    ]
    assert gate.check(Frame(to_table(docs))).outcome == "not_judged", "one known group alone"


@pytest.mark.parametrize("gate", GATES, ids=lambda g: g.name)
def test_a_required_group_with_too_little_fails_by_name(gate: Gate) -> None:
    docs = [
        Document(f"{g}{n}", "all say this", "en", label="gb"[n % 2], groups={"domain": g}, split="train")
        for g, size in (("news", 400), ("law", 400))
        for n in range(size)
    ]
    asked = gate.model_copy(update={"required": ("law", "sport")})
    verdict = asked.check(Frame(to_table(docs)))
    assert (verdict.outcome, verdict.observed) == ("failed", None)
    assert "sport" in verdict.message
    assert "law" not in verdict.message


def test_a_small_group_is_left_out_by_name_and_the_others_are_compared() -> None:
    frame = classified(Random(1), {"news": 0.5, "law": 0.5}, 600)
    few = [Document(f"s{n}", "x", label="good", groups={"domain": "sport"}) for n in range(40)]
    verdict = LabelGivenGroup(by="domain").check(Frame(pa.concat_tables([frame.documents, to_table(few)])))
    assert verdict.outcome == "passed"
    assert verdict.evidence["left_out"] == {"sport": 40}
    assert "left out, too few: sport (40)" in verdict.message


def test_splits_of_which_only_spans_have_the_group_are_compared_by_span() -> None:
    docs = []
    for split, women in (("train", 300), ("test", 60)):
        for n in range(600):
            span = Span(0, 4, "PER", {"inferred_gender": "female" if n < women else "male"})
            docs.append(Document(f"{split}{n}", "Anna left", spans=(span,), split=split))  # type: ignore[arg-type]
    verdict = SplitShares(by="inferred_gender").check(Frame(to_table(docs)))
    assert (verdict.outcome, round(verdict.observed or 0, 6)) == ("failed", 0.4)
    assert verdict.evidence["counts"] == {"test": {"female": 60, "male": 540}, "train": {"female": 300, "male": 300}}


def test_chinese_words_are_compared_as_words_or_as_characters_where_asked_for() -> None:
    docs = [
        Document(f"{g}{n}", "经济发展" if g == "a" else "足球比赛", "zh", groups={"domain": g})
        for g in "ab"
        for n in range(150)
    ]
    found = {}
    for view in ("words", "characters"):
        verdict = WordAssociation(by="domain", min_words=2, chinese=view).check(Frame(to_table(docs)))
        found[view] = verdict.evidence["pairs"][0]["words"]  # type: ignore[index,call-overload]
        assert verdict.outcome == "failed"
    assert found["characters"] == 8
    assert found["words"] < 8


@pytest.mark.parametrize("gate", GATES, ids=lambda g: g.name)
def test_the_same_data_in_another_order_gets_the_same_verdict(gate: Gate) -> None:
    frame = classified(Random(3), {"news": 0.6, "law": 0.4}, 200)
    docs = spoken(Random(3), 200, 4.0).documents
    rows = docs.set_column(docs.column_names.index("label"), "label", frame.documents["label"])
    rows = rows.set_column(rows.column_names.index("split"), "split", pa.array(["train", "test"] * 200))
    turned = rows.take(list(range(rows.num_rows))[::-1])
    first, second = gate.check(Frame(rows)), gate.check(Frame(turned))
    assert (first.outcome, first.observed) == (second.outcome, second.observed)
    assert gate.check(Frame(rows)) == first, "the seed is fixed"


def test_limits_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValidationError, match="must not be below at_most"):
        LabelGivenGroup(by="domain", at_most=0.3)
    with pytest.raises(ValidationError, match="greater than or equal to 20"):
        WordAssociation(by="domain", min_count=5)


def test_a_frame_without_the_columns_is_not_judged() -> None:
    for gate in GATES:
        broken = replace(LabelGivenGroup.good(), documents=LabelGivenGroup.good().documents.drop_columns(["groups"]))
        assert judge(gate, broken).outcome == "not_judged"
