"""Mitigation: weights that make groups and classes independent, heads that treat groups alike, names of every group."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.augmentation._lexicon import names_of
from pipeline.augmentation.swap_names import SwapNames
from pipeline.errors import WrongUse
from pipeline.fairness._swaps import GROUPS, Swaps
from pipeline.frames import documents_of, to_table
from pipeline.language import names
from pipeline.part import BadSettings, build
from pipeline.rederiving import fault
from pipeline.task.multi_label_classification import MultiLabelClassification
from pipeline.task.text_classification import TextClassification
from pipeline.training import Splits, Training
from pipeline.training._reweighing import class_of, group_of, reweighed
from pipeline.training.full import Full
from pipeline.training.reductions import Reductions
from pipeline.types import Document, Span
from tests.tiny_training import CPU, LABELLED, TASK, largest_difference, scores_of, splits, tiny_bert


def counted(cells: Mapping[tuple[str, str], int]) -> list[Document]:
    """So many documents of each (region, label)."""
    return [
        Document(f"{g}{y}{n}", "x", label=y, groups={"region": g} if g else {})
        for (g, y), count in cells.items()
        for n in range(count)
    ]


def test_weights_are_those_of_kamiran_and_calders() -> None:
    table = to_table(counted({("a", "yes"): 3, ("a", "no"): 1, ("b", "yes"): 2, ("b", "no"): 4, ("", "yes"): 2}))
    weighted, rows = reweighed(table, "region")
    # P(a) = .4, P(yes) = .5: a yes .2 / .3, a no .2 / .1; b yes .3 / .2, b no .3 / .4
    expected = {("a", "yes"): 2 / 3, ("a", "no"): 2.0, ("b", "yes"): 1.5, ("b", "no"): 0.75}
    assert {(r["group"], r["class"]): r["weight"] for r in rows} == pytest.approx(expected)
    assert [r["documents"] for r in rows] == [1, 3, 4, 2]
    assert weighted["weight"].to_pylist() == pytest.approx([2 / 3] * 3 + [2.0] + [1.5] * 2 + [0.75] * 4 + [1.0] * 2)


def test_weights_that_are_there_count_and_a_group_then_says_nothing_of_a_class() -> None:
    docs = counted({("a", "yes"): 5, ("a", "no"): 2, ("b", "yes"): 1, ("b", "no"): 9, ("c", "no"): 1})
    docs = [replace(d, weight=1.0 + n % 3) for n, d in enumerate(docs)]
    weighted, _ = reweighed(to_table(docs), "region")
    mass = Counter[tuple[str, str]]()
    for doc in documents_of(weighted):
        mass[doc.groups["region"], str(doc.label)] += doc.weight  # type: ignore[assignment]
    share = {g: mass[g, "yes"] / (mass[g, "yes"] + mass[g, "no"]) for g in "ab"}
    assert share["a"] == pytest.approx(share["b"], rel=1e-5)
    before = sum(d.weight for d in docs if d.groups["region"] == "a")
    assert mass["a", "yes"] + mass["a", "no"] == pytest.approx(before, rel=1e-5), "a group keeps its weight"


def test_the_group_of_a_text_is_that_of_its_mentions_and_its_class_their_labels() -> None:
    spans = (Span(0, 1, "PER", {"inferred_gender": "female"}), Span(2, 3, "PER", {"inferred_gender": "unknown"}))
    doc = Document("a", "A B C", spans=(*spans, Span(4, 5, "LOC")))
    assert (group_of(doc, "inferred_gender"), class_of(doc)) == ("female", "LOC+PER")
    both = replace(doc, spans=(*spans, Span(4, 5, "PER", {"inferred_gender": "male"})))
    assert group_of(both, "inferred_gender") == "unknown"
    assert group_of(replace(both, groups={"inferred_gender": "male"}), "inferred_gender") == "male"


@pytest.mark.parametrize(
    ("cells", "said"),
    [({("a", "yes"): 2}, "only 'a' known"), ({("", "yes"): 2}, "none known")],
)
def test_weights_by_a_group_that_is_not_there_are_refused(cells: Any, said: str) -> None:
    with pytest.raises(WrongUse, match=f"reweigh: of 'region' the training documents have {said}"):
        reweighed(to_table(counted(cells)), "region")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


def by_region(given: Splits) -> Splits:
    """With a region for three of four documents; those of the south are all bad."""
    regions: list[dict[str, str]] = [{"region": "north"}, {"region": "north"}, {"region": "south"}, {}]
    tables = {
        name: to_table([replace(d, groups=regions[n % 4]) for n, d in enumerate(documents_of(getattr(given, name)))])
        for name in ("train", "validation", "test")
    }
    return replace(given, **tables)


def test_a_training_with_reweigh_is_the_training_on_weighted_documents(base: Path, tmp_path: Path) -> None:
    method = Full(base_model=str(base), epochs=1, max_length=32, batch_tokens=128, reweigh="region")
    given = by_region(splits())
    method.fit(LABELLED, given, CPU, tmp_path / "by_name", lambda _: None)
    table, rows = reweighed(given.train, "region")
    plain = method.model_copy(update={"reweigh": ""})
    plain.fit(LABELLED, replace(given, train=table), CPU, tmp_path / "by_hand", lambda _: None)
    plain.fit(LABELLED, given, CPU, tmp_path / "without", lambda _: None)
    by_name, by_hand, without = (weights(tmp_path / n) for n in ("by_name", "by_hand", "without"))
    assert by_name == by_hand != without
    told = json.loads((tmp_path / "by_name" / "evaluation.json").read_text())["tables"]
    assert told["Training weights by region"] == rows


def weights(out: Path) -> bytes:
    return (out / "model" / "model.safetensors").read_bytes()


WORDS = {"good": "glad", "bad": "sad"}


def unequal(prefix: str, count: int, seed: int) -> list[Document]:
    """Texts in which one word says the label seven times of ten and another one the region, among letters that say
    nothing; of the north three of four are good, of the south one of four."""
    rng = np.random.default_rng(seed)
    made = []
    for n in range(count):
        north = bool(n % 2)
        good = rng.random() < (0.75 if north else 0.25)
        said = good if rng.random() < 0.7 else not good
        words = ["then" if north else "to", WORDS["good" if said else "bad"], *rng.choice([*"abnorty"], 4)]
        region = {"region": "north" if north else "south"}
        text = " ".join(words)
        made.append(Document(f"{prefix}{n}", text, label="good" if good else "bad", groups=region))
    return made


@pytest.fixture(scope="module")
def planted() -> Splits:
    tables = [to_table(unequal(p, n, s)) for p, n, s in (("a", 400, 1), ("b", 40, 2), ("c", 400, 3))]
    return Splits(*tables, digest="d")


def difference(out: Path, given: Splits, label: str | None = None) -> float:
    """Between the regions, of the share of test documents that are given the label good; of those with `label`."""
    answers = pq.read_table(out / "predictions.parquet")["label"].to_pylist()
    rates = []
    for region in ("north", "south"):
        mine = [
            a == "good"
            for a, d in zip(answers, documents_of(given.test), strict=True)
            if d.groups["region"] == region and label in (None, d.label)
        ]
        rates.append(sum(mine) / len(mine))
    return abs(rates[0] - rates[1])


METHODS = ("exponentiated_gradient", "threshold_optimizer")


def fit(method: Training, given: Splits, out: Path, task: Any = LABELLED) -> Mapping[str, float]:
    return method.fit(task, given, CPU, out, lambda _: None).metrics


def reductions(base: Path, **changed: Any) -> Reductions:
    return Reductions(**{"by": "region", "base_model": str(base), "max_length": 32, "batch_tokens": 128, **changed})


@pytest.fixture(scope="module")
def plain(base: Path, planted: Splits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fit whose limit no head goes beyond."""
    out = tmp_path_factory.mktemp("plain")
    fit(reductions(base, at_most=0.99), planted, out)
    return out


@pytest.mark.parametrize("method", METHODS)
def test_a_planted_disparity_is_taken_off(
    method: str, base: Path, planted: Splits, plain: Path, tmp_path: Path
) -> None:
    before = difference(plain, planted)
    assert before > 0.8, "the labels differ by 0.5, and a plain head makes more of it"
    fit(reductions(base, method=method), planted, tmp_path / "repaired")
    assert difference(tmp_path / "repaired", planted) < 0.15
    (rows,) = [
        table
        for title, table in json.loads((tmp_path / "repaired" / "evaluation.json").read_text())["tables"].items()
        if title == "Heads on the training documents, demographic_parity by region"
    ]
    assert rows[0]["difference"] > 0.8
    assert rows[-1]["difference"] < 0.1
    assert rows[-1]["head"] == "written"


@pytest.mark.parametrize("method", METHODS)
def test_equalized_odds_compares_documents_of_one_label(
    method: str, base: Path, planted: Splits, plain: Path, tmp_path: Path
) -> None:
    fit(reductions(base, method=method, constraint="equalized_odds"), planted, tmp_path)
    before, after = (max(difference(out, planted, label) for label in ("good", "bad")) for out in (plain, tmp_path))
    assert before > 0.8
    assert after < 0.15


@pytest.mark.parametrize("method", METHODS)
def test_a_reduction_gives_the_same_bytes_and_opens_with_the_scores_of_its_predictions(
    method: str, base: Path, planted: Splits, tmp_path: Path
) -> None:
    from pipeline.training._examples import gathered
    from pipeline.training._opening import open_checkpoint
    from pipeline.training._reductions_fit import open_by_group

    metrics = fit(reductions(base, method=method), planted, tmp_path / "one")
    fit(reductions(base, method=method), planted, tmp_path / "two")
    assert weights(tmp_path / "one") == weights(tmp_path / "two")
    assert metrics["trainable_parameters"] == 17, "a weight for each of 16 features and a bias"
    folder = tmp_path / "one" / "model"
    predictions = pq.read_table(tmp_path / "one" / "predictions.parquet")
    if method == "exponentiated_gradient":
        examples, again = scores_of(*open_checkpoint(folder), folder, planted)
        assert not (folder / "thresholds.json").exists()
        assert gathered(examples, again, LABELLED).equals(predictions), "to the bit"
        return
    with pytest.raises(WrongUse, match=r"decides by a group of the document, by its thresholds\.json"):
        open_checkpoint(folder)
    model, tokenizer, thresholds = open_by_group(folder)
    examples, again = scores_of(model, tokenizer, folder, planted)
    assert gathered(examples, thresholds.applied(examples, again), LABELLED).equals(predictions)
    assert not gathered(examples, again, LABELLED)["label"].equals(predictions["label"])


def test_a_document_without_a_known_group_gets_the_plain_threshold(base: Path, planted: Splits, tmp_path: Path) -> None:
    from pipeline.training._reductions_fit import open_by_group

    fit(reductions(base, method="threshold_optimizer"), planted, tmp_path)
    model, tokenizer, thresholds = open_by_group(tmp_path / "model")
    nobody = replace(planted, test=to_table([replace(d, groups={}) for d in documents_of(planted.test)]))
    examples, scores = scores_of(model, tokenizer, tmp_path / "model", nobody)
    assert largest_difference(thresholds.applied(examples, scores), scores) == 0


def test_reductions_refuse_what_they_cannot_compare(base: Path, tmp_path: Path, planted: Splits) -> None:
    with pytest.raises(WrongUse, match=r"by: of 'dialect' the training documents have none known.*groups region"):
        fit(reductions(base, by="dialect"), planted, tmp_path)
    with pytest.raises(WrongUse, match="ner is of the kind token"):
        fit(reductions(base), planted, tmp_path, TASK)
    with pytest.raises(WrongUse, match="multi_label_classification is of the kind multi_label"):
        fit(reductions(base), planted, tmp_path, MultiLabelClassification(labels=("good", "bad")))
    with pytest.raises(WrongUse, match=r"tells two classes apart, and task\.labels has 3"):
        fit(reductions(base), planted, tmp_path, TextClassification(labels=("good", "bad", "so so")))
    good = [d for d in documents_of(planted.train) if d.label == "good" or d.groups["region"] == "north"]
    one = replace(planted, train=to_table(good))
    with pytest.raises(WrongUse, match="of the region 'south' have one label only"):
        fit(reductions(base, constraint="equalized_odds"), one, tmp_path)


LATIN = ("english_female", "english_male", "spanish_female", "turkic_male")


def people(count: int) -> list[Document]:
    docs = [Document(f"d{n}", "Anna Berg met Bo", spans=(Span(0, 9, "PER"), Span(14, 16, "PER"))) for n in range(count)]
    return [replace(d, split="train", language="en") for d in docs]


def children(docs: list[Document], **settings: Any) -> list[Document]:
    swap = SwapNames(**{"groups": LATIN, **settings})
    return [c for c in swap.many(docs) if isinstance(c, Document)]


def test_every_group_of_names_stands_in_as_many_children() -> None:
    made = children(people(800))
    spans = [child.spans[0] for child in made if child.spans]
    found = Counter((s.groups["inferred_origin"], s.groups["inferred_gender"]) for s in spans)
    assert len(made) == 800
    assert set(found) == {("english", "female"), ("english", "male"), ("spanish", "female"), ("turkic", "male")}
    assert min(found.values()) > 160, "200 of 800, and 40 are more than three standard deviations"


@pytest.mark.parametrize(
    ("text", "mentions", "expected"),
    [
        ("ANNA BERG won", ["ANNA BERG"], lambda m: m[0].isupper() and len(m[0].split()) == 2),
        ("Berg won", ["Berg"], lambda m: len(m[0].split()) == 1),
        ("Anna Berg won; Anna Berg lost", ["Anna Berg", "Anna Berg"], lambda m: m[0] == m[1]),
        ("Berg won; Anna Berg lost", ["Berg", "Anna Berg"], lambda m: m[1].split()[1] == m[0]),
        ("King Anna won; Anna Berg lost", ["Anna", "Anna Berg"], lambda m: m[1].split()[0] == m[0]),
        ("Anna Berg won", ["Anna Berg"], lambda m: m[0].isascii()),
        ("王小平来了", ["王小平"], lambda m: 2 <= len(m[0]) <= 4 and not m[0].isascii()),
    ],
)
def test_a_name_is_written_as_the_one_before_it(text: str, mentions: list[str], expected: Any) -> None:
    spans, at = [], 0
    for mention in mentions:
        at = text.index(mention, at)
        spans.append(Span(at, at + len(mention), "PER"))
        at += len(mention)
    docs = [Document(f"d{n}", text, spans=tuple(spans), split="train") for n in range(30)]
    groups = (*LATIN, "chinese_female", "chinese_male")
    made, known = children(docs, groups=groups), SwapNames(groups=groups).known_mentions()
    assert len(made) >= 28
    for child, parent in zip(
        made, [d for d in docs if d.id in {c.lineage.parents[0] for c in made if c.lineage}], strict=True
    ):
        assert child.spans is not None
        assert expected([child.text[s.start : s.end] for s in child.spans]), child.text
        assert fault(child, [parent], "replaced", known) is None


def test_other_labels_stay_and_a_text_without_persons_is_refused() -> None:
    doc = Document("a", "Anna Berg left Berlin", spans=(Span(0, 9, "PER"), Span(15, 21, "LOC")), split="train")
    (child,) = children([doc])
    assert child.text.endswith(" left Berlin")
    assert children([replace(doc, spans=doc.spans[1:])]) == []  # type: ignore[index]


def test_half_of_the_lexicon_is_left_for_the_counterfactual_gate() -> None:
    for group in GROUPS["en"] + GROUPS["zh"]:
        trained = {part for name in names_of(group, 0.5) for part in names.parts(name.text)}
        assert trained, group
    made = children(people(2000), groups=GROUPS["en"])
    test = to_table([replace(d, id=f"t{d.id}", split="test") for d in people(20)])
    copies = Swaps(documents=20).copies(to_table(made), test)
    assert copies.num_rows == 20 * 8, "every group has names of which no child has a part"
    seen = {p for c in made for s in c.spans or () for p in names.parts(c.text[s.start : s.end])}
    asked = {p for c in documents_of(copies) for s in c.spans or () for p in names.parts(c.text[s.start : s.end])}
    assert asked - {"bo"} and not seen & (asked - {"bo"})


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (["english_female", "english_femal"], "did you mean 'english_female'"),
        (["english_female", "korean_male"], "korean_male has [0-9]+ names"),
        (["english_female", "english_female"], "every group once"),
        (["english_female"], "at least 2"),
    ],
)
def test_groups_that_have_no_names_are_refused(groups: list[str], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        build("augmentation", {"use": "swap_names", "groups": groups})
