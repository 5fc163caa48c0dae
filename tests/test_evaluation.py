"""Scores with credit for what is half right, slice by slice, on other versions of the labels, over seeds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator

from assets import plots
from assets.cli import main
from pipeline import stages
from pipeline.errors import GateNotPassed, InvalidDocument, WrongUse
from pipeline.evaluating import evaluated, relabelled
from pipeline.frames import documents_of, to_table
from pipeline.stages import Trainer
from pipeline.task._bio import Labelled, decode, tags_of
from pipeline.task._calibration import calibration
from pipeline.task._partial import OUTCOMES, SCHEMES, outcome_counts, outcomes, points
from pipeline.task._scores import Draws, paired, precision_recall_f1
from pipeline.task._slices import KEPT, REST, sliced
from pipeline.task.ner import PREDICTIONS, Ner
from pipeline.task.text_classification import TextClassification
from pipeline.types import Document, Span
from pipeline.verifying import verify
from pipeline.work import part_of
from tests.conftest import TinyProject

LABELS = ("PER", "LOC", "ORG")
TASK = Ner(labels=LABELS)


@st.composite
def mentions(draw: st.DrawFn) -> list[Labelled]:
    """Sorted mentions of a text of 30 characters that do not overlap."""
    edges = sorted(draw(st.lists(st.integers(0, 30), max_size=12, unique=True)))
    ranges = zip(edges[::2], edges[1::2], strict=False)
    return [(a, b, draw(st.sampled_from(LABELS))) for a, b in ranges]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(mentions(), mentions()), min_size=1, max_size=4))
def test_every_scheme_counts_and_scores_as_nervaluate_does(pairs: list[tuple[list[Labelled], list[Labelled]]]) -> None:
    gold, predicted = zip(*pairs, strict=True)
    given = [[[{"start": a, "end": b - 1, "label": c} for a, b, c in d] for d in side] for side in (gold, predicted)]
    theirs = Evaluator(*given, tags=list(LABELS), loader="dict").evaluate()["overall"]
    total = outcome_counts(gold, predicted).sum(0)
    scores = np.stack(precision_recall_f1(points(total)), axis=-1)
    for i, scheme in enumerate(SCHEMES):
        assert total[i].tolist() == [getattr(theirs[scheme], name) for name in OUTCOMES], scheme
        wanted = [theirs[scheme].precision, theirs[scheme].recall, theirs[scheme].f1]
        assert scores[i].tolist() == pytest.approx(wanted), scheme


def test_the_outcomes_of_one_sentence_are_those_counted_by_hand() -> None:
    gold = [(0, 8, "LOC"), (12, 14, "PER"), (20, 25, "ORG"), (26, 30, "ORG")]
    found = [(4, 8, "LOC"), (12, 14, "LOC"), (20, 25, "ORG"), (15, 18, "PER")]
    found = sorted(found)
    #                                      correct incorrect partial missed spurious
    assert outcomes(gold, found, "strict") == [1, 2, 0, 1, 1]
    assert outcomes(gold, found, "exact") == [2, 1, 0, 1, 1]
    assert outcomes(gold, found, "partial") == [2, 0, 1, 1, 1]
    assert outcomes(gold, found, "ent_type") == [2, 1, 0, 1, 1]


def chunks(tags: list[str]) -> set[tuple[int, int, str]]:
    """The chunks of a sentence as conlleval defines them: where a tag ends the chunk before it and begins its own."""
    found, start = set(), 0
    kinds = [("O", ""), *((t[0], t[2:]) for t in tags), ("O", "")]
    for i in range(1, len(kinds)):
        (before, was), (now, kind) = kinds[i - 1], kinds[i]
        ends = before != "O" and (now in ("O", "B") or was != kind)
        begins = now == "B" or (now == "I" and (before == "O" or was != kind))
        if ends:
            found.add((start, i - 1, was))
        if begins:
            start = i - 1
    return found


@settings(deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=9), min_size=1, max_size=4)
)
def test_entity_f1_is_the_score_of_conlleval(sentences: list[list[tuple[int, int]]]) -> None:
    names, docs, rows, sides = tags_of(LABELS), [], [], []
    for n, pairs in enumerate(sentences):
        units = [(2 * i, 2 * i + 1) for i in range(len(pairs))]
        gold, guess = ([pair[side] for pair in pairs] for side in (0, 1))
        spans = [
            [(units[a][0], units[b - 1][1], label) for a, b, label in decode(tags, units, LABELS)]
            for tags in (gold, guess)
        ]
        text = " ".join("x" * len(units))
        docs.append(Document(str(n), text, spans=tuple(Span(*s) for s in spans[0]), tokens=tuple(units)))
        rows.append({"id": str(n), "spans": [{"start": a, "end": b, "label": c} for a, b, c in spans[1]], "repairs": 0})
        sides.append([chunks([names[t] for t in tags]) for tags in (gold, guess)])
    right = sum(len(gold & guess) for gold, guess in sides)
    everything = sum(len(gold) + len(guess) for gold, guess in sides)
    predictions = pa.Table.from_pylist(rows, schema=PREDICTIONS)
    assert TASK.headline_value(to_table(docs), predictions) == pytest.approx(
        2 * right / everything if everything else 0
    )


def spans(*found: tuple[int, int, str]) -> tuple[Span, ...]:
    return tuple(Span(*f) for f in found)


TEST = to_table(
    [
        Document(
            "a",
            "Bo met Al",
            source="x.txt:1",
            group_id="g1",
            groups={"domain": "news"},
            spans=(Span(0, 2, "PER", {"gender": "m"}), Span(7, 9, "PER", {"gender": "f"})),
        ),
        Document(
            "b", "in Bern now", source="x.txt:2", group_id="g2", groups={"domain": "web"}, spans=spans((3, 7, "LOC"))
        ),
        Document("c", "Bo left", source="y.txt:1", group_id="g2", groups={"domain": "web"}, spans=spans((0, 2, "PER"))),
        Document(
            "d", "New York", source="y.txt:2", group_id="g3", groups={"domain": "web"}, spans=spans((0, 8, "LOC"))
        ),
    ]
)
TRAIN = to_table([Document("t", "Bo in Rome", spans=spans((0, 2, "PER"), (6, 10, "LOC")))])


def predicted(*rows: list[tuple[int, int, str, float | None]]) -> pa.Table:
    made = [
        {"id": i, "spans": [{"start": a, "end": b, "label": c, "score": p} for a, b, c, p in row], "repairs": 0}
        for i, row in zip("abcd", rows, strict=True)
    ]
    return pa.Table.from_pylist(made, schema=PREDICTIONS)


# right: Bo of a. wrong label: Bern. missed: Al and Bo of c. invented: "left". half: York of New York.
FOUND = predicted([(0, 2, "PER", 0.95)], [(3, 7, "ORG", 0.85)], [(3, 7, "LOC", 0.65)], [(4, 8, "LOC", 0.92)])


def rows_of(title: str, name: str) -> dict[str, dict[str, Any]]:
    return {str(r[name]): dict(r) for r in TASK.evaluate(TEST, FOUND, TRAIN).tables[title]}


def test_slices_have_the_scores_counted_by_hand() -> None:
    files = rows_of("Mentions by source", "source")
    assert {k: (v["precision"], v["recall"], v["support"]) for k, v in files.items()} == {
        "x.txt": (0.5, pytest.approx(1 / 3), 3),
        "y.txt": (0.0, 0.0, 2),
    }
    domains = rows_of("Mentions by group of the document", "value")
    assert {k: (v["group"], v["recall"], v["support"]) for k, v in domains.items()} == {
        "web": ("domain", 0.0, 3),
        "news": ("domain", 0.5, 2),
    }
    own = rows_of("Mentions by their own group", "value")
    assert {k: (v["group"], v["recall"], v["support"]) for k, v in own.items()} == {
        "f": ("gender", 0.0, 1),
        "m": ("gender", 1.0, 1),
    }
    lengths = rows_of("Mentions by length", "length")
    assert {k: v["support"] for k, v in lengths.items()} == {"2": 3, "4 to 5": 1, "6 to 10": 1}
    assert list(rows_of("Mentions by length of the document", "length")) == ["1 to 10"]
    for table in (files, domains, lengths):
        assert sum(v["support"] for v in table.values()) == 5
        assert all(v["recall_low"] <= v["recall"] <= v["recall_high"] for v in table.values())


def test_lengths_are_in_tokens_where_a_document_has_some() -> None:
    test = to_table([Document("a", "New York today", spans=spans((0, 8, "LOC")), tokens=((0, 3), (4, 8), (9, 14)))])
    tables = TASK.evaluate(test, predicted([], [], [], []).slice(0, 1), TRAIN).tables
    assert [r["length"] for r in tables["Mentions by length"]] == ["2"]


def test_a_source_with_many_files_keeps_the_largest_and_sums_the_rest() -> None:
    cells = [(0, f"f{n:02}", 1) for n in range(KEPT + 5) for _ in range(n + 1)]
    seen: list[Any] = []
    sliced(cells, Draws(["g"]), 2, (), lambda names, total, _: seen.append((names, total)) or [])  # type: ignore[func-returns-value]
    ((names, total),) = seen
    assert names[:2] == ["f24", "f23"]
    assert (names[-1], len(names)) == (REST, KEPT + 1)
    assert total[-1, 1] == 1 + 2 + 3 + 4 + 5


def test_baselines_stand_on_the_same_lines() -> None:
    metrics = TASK.evaluate(TEST, FOUND, TRAIN).metrics
    # characters that are not white space: 7, 9, 6, 7; outside of mentions: "met", "innow", "left"
    assert metrics["majority_token_micro_f1"] == pytest.approx((3 + 5 + 4 + 0) / 29)
    # the dictionary knows Bo: both are found, so 4 characters more are right
    assert metrics["baseline_token_micro_f1"] == pytest.approx(16 / 29)
    assert metrics["baseline_entity_f1"] == pytest.approx(2 * 2 / (2 + 5))
    assert metrics["token_micro_f1_low"] <= metrics["token_micro_f1"] <= metrics["token_micro_f1_high"]


def test_errors_are_named_by_their_kind_the_surest_first_with_their_sentence() -> None:
    errors = TASK.evaluate(TEST, FOUND, TRAIN).errors
    shown = [
        (e["kind"], e["id"], e["score"], *((e[k] or {}).get("text") for k in ("gold", "predicted"))) for e in errors
    ]  # type: ignore[union-attr,attr-defined]
    assert shown == [
        ("type", "b", 0.85, "Bern", "Bern"),
        ("boundary", "d", 0.92, "New York", "York"),
        ("spurious", "c", 0.65, None, "left"),
        ("missed", "c", None, "Bo", None),  # a name that is known from training comes first
        ("missed", "a", None, "Al", None),
    ]
    assert errors[1]["text"] == "New York"
    assert [r["mentions"] for r in TASK.evaluate(TEST, FOUND, TRAIN).tables["Errors by kind"]] == [1, 1, 1, 2]


def test_calibration_is_the_mean_distance_of_probability_and_share_that_is_right() -> None:
    draws = Draws(["a", "b", "c", "d"])
    error, rows = calibration([0.95, 0.95, 0.55, 0.1], [True, False, True, False], [0, 1, 2, 3], draws)
    # (0.9, 1]: 2 of mean 0.95, half right; (0.5, 0.6]: 0.55, right; (0, 0.1]: 0.1, wrong
    assert error == pytest.approx(2 / 4 * 0.45 + 1 / 4 * 0.45 + 1 / 4 * 0.1)
    assert [(r["probability"], r["right"], r["support"]) for r in rows] == [
        ("0.0 to 0.1", 0.0, 1),
        ("0.5 to 0.6", 1.0, 1),
        ("0.9 to 1.0", 0.5, 2),
    ]
    assert rows[2]["mean_probability"] == pytest.approx(0.95)
    axes = plots._reliability(rows).axes[0]
    assert list(axes.get_lines()[1].get_ydata()) == [0.0, 1.0, 0.5]


def test_mentions_without_a_score_have_no_calibration() -> None:
    metrics = TASK.evaluate(TEST, FOUND, TRAIN).metrics
    # 0.95 right, 0.85 wrong, 0.65 wrong, 0.92 wrong: bins of 1, 1 and 2
    assert metrics["calibration_error"] == pytest.approx((0.85 + 0.65 + abs(1 - (0.95 + 0.92))) / 4)
    bare = predicted([(0, 2, "PER", None)], [], [], [])
    assert "calibration_error" not in TASK.evaluate(TEST, bare, TRAIN).metrics


def test_a_draw_holds_as_many_groups_as_there_are_and_sums_their_documents() -> None:
    draws = Draws(["a", "a", "b", "c"])
    sums = draws.sums(np.array([1.0, 1.0, 10.0, 100.0]))
    # two documents of a count 2, b 10, c 100: every sum is of three groups
    assert set(np.unique(sums)) <= {2 * a + 10 * b + 100 * (3 - a - b) for a in range(4) for b in range(4 - a)}
    assert sums.mean() == pytest.approx(2 + 10 + 100, rel=0.1)
    assert (Draws(["a", "a", "b", "c"]).sums(np.array([1.0, 1.0, 10.0, 100.0])) == sums).all()


def test_a_paired_difference_is_narrower_than_its_sides_and_has_a_p() -> None:
    rng = np.random.default_rng(1)
    shared = rng.normal(0.8, 0.05, 1000)
    difference, low, high, p = paired(shared, shared + rng.normal(0.02, 0.005, 1000))
    assert (round(difference, 2), p) == (0.02, pytest.approx(2 / 1001))
    assert 0 < low < high < 0.04
    assert paired(shared, shared) == (0.0, 0.0, 0.0, 1.0)


REVIEWS = TextClassification(labels=("good", "bad"))
GRADED = to_table(
    [
        Document(f"{n}", text, source=f"r.csv:{n}", label=label, groups={"shop": shop})
        for n, (text, label, shop) in enumerate(
            [("fine", "good", "a"), ("fine and dandy", "good", "b"), ("很差很差很差很差很差很差", "bad", "b")]
        )
    ]
)


def graded(*scores: tuple[float, float]) -> pa.Table:
    labels = ["good" if a > b else "bad" for a, b in scores]
    return pa.table({"id": ["0", "1", "2"], "label": labels, "scores": [list(s) for s in scores]})


def test_documents_are_sliced_calibrated_and_listed_like_mentions() -> None:
    evaluation = REVIEWS.evaluate(GRADED, graded((0.9, 0.1), (0.3, 0.7), (0.2, 0.8)), GRADED)
    tables = evaluation.tables
    assert [(r["length"], r["accuracy"], r["support"]) for r in tables["Documents by length"]] == [
        ("1 to 10", 0.5, 2),
        ("11 to 20", 1.0, 1),  # Chinese: characters
    ]
    assert [(r["value"], r["accuracy"], r["support"]) for r in tables["Documents by group"]] == [
        ("b", 0.5, 2),
        ("a", 1.0, 1),
    ]
    assert [r["source"] for r in tables["Documents by source"]] == ["r.csv"]
    assert evaluation.metrics["calibration_error"] == pytest.approx((0.1 + 0.7 + 0.2) / 3)
    assert evaluation.errors == [
        {
            "kind": "confused",
            "id": "1",
            "source": "r.csv:1",
            "score": 0.7,
            "gold": "good",
            "predicted": "bad",
            "text": "fine and dandy",
        }
    ]


def gristmill(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def held_out(project: TinyProject) -> list[Document]:
    """The test documents of the published splits."""
    version = project.store.published(project.recipe().place("splits"))
    assert version is not None
    return list(documents_of(part_of(project.store.audit_documents(version), "test")))


def as_json(doc: Document, **more: Any) -> str:
    row = {"id": doc.id, "spans": [{"start": s.start, "end": s.end, "label": s.label} for s in doc.spans or ()]}
    return json.dumps({**row, **more}, ensure_ascii=False)


def as_conll(doc: Document, wrong: str = "") -> str:
    """The sentence in columns, every mention with the label `wrong` where that is given."""
    lines, at = [], 0
    for token in doc.text.split():
        start = doc.text.index(token, at)
        at = start + len(token)
        found = [s for s in doc.spans or () if s.start < at and start < s.end]
        tag = f"{'B' if found[0].start == start else 'I'}-{wrong or found[0].label}" if found else "O"
        lines.append(f"{token} _ {tag}")
    return "\n".join(lines) + "\n"


def test_the_same_labels_in_a_file_give_the_same_scores_and_no_difference(trained: TinyProject, tmp_path: Path) -> None:
    docs = held_out(trained)
    file = tmp_path / "same.jsonl"
    file.write_text("".join(as_json(d, text=d.text) + "\n" for d in reversed(docs)))
    found = evaluated(trained.recipe(), "base", trained.store, [file])
    first, second = found["labels"]
    assert first["labels"] == "as tested"
    assert first["metrics"] == second["metrics"]
    stored = trained.store.published(trained.recipe().place("checkpoint", "base"))
    assert stored is not None
    assert first["metrics"].items() <= dict(stored.manifest.facts["metrics"]).items()
    assert (found["published"], found["version"]) == (True, stored.name)
    assert (second["documents"], second["unlabelled"], second["changed"], second["unknown"]) == (len(docs), 0, 0, 0)
    assert second["difference"] == {
        "entity_f1": 0.0,
        "as_tested": first["metrics"]["entity_f1"],
        "low": 0.0,
        "high": 0.0,
        "p": 1.0,
    }


def test_other_labels_of_some_documents_are_counted_and_compared_on_these_alone(
    trained: TinyProject, tmp_path: Path
) -> None:
    docs = held_out(trained)
    file = tmp_path / "other.jsonl"
    lines = [as_json(docs[0], spans=[]), as_json(docs[1]), json.dumps({"id": "stranger", "spans": []})]
    file.write_text("\n".join(lines) + "\n")
    row = evaluated(trained.recipe(), "base", trained.store, [file])["labels"][1]
    assert (row["documents"], row["unlabelled"], row["changed"], row["unknown"]) == (2, len(docs) - 2, 1, 1)
    assert row["metrics"]["gold_mentions"] == 2  # of the second document


def test_sentences_in_columns_are_found_by_their_tokens(trained: TinyProject, tmp_path: Path) -> None:
    docs = held_out(trained)
    stranger = "Nobody _ O\nknows _ O\n"
    file = tmp_path / "clean.conll"
    file.write_text("\n".join([as_conll(docs[2]), stranger, as_conll(docs[0], wrong="LOC")]))
    found = relabelled(docs, file, trained.recipe().task)
    assert (found.rows, found.unknown, found.changed) == ((0, 2), 1, 1)
    plain = [(s.start, s.end, s.label) for s in docs[2].spans or ()]
    # "ticket one7." is one token, and so is a city before a full stop
    assert [(s.start, s.end, s.label) for s in found.documents[1].spans or ()] == plain
    assert {s.label for s in found.documents[0].spans or ()} == {"LOC"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{nothing", r"labels.jsonl:1: is not JSON: .*; write one JSON object a line"),
        ('{"spans": []}', r'labels.jsonl:1: has no "id"; write the id that the document has in splits'),
        ({"text": "another"}, r"labels.jsonl:1: the text of '.*' is another than that of the test: 'another' is not '"),
        ({"spans": [{"start": 0, "end": 999, "label": "PER"}]}, r"labels.jsonl:1: .*ends after the text"),
        ({"spans": [{"start": 0, "end": 2, "label": "PERS"}]}, r"labels.jsonl:1: unknown label 'PERS'.*mean 'PER'"),
        ({"spans": None}, r"labels.jsonl:1: the document is not annotated"),
        ('{"id": "stranger", "spans": []}', r"labels.jsonl: none of its 1 entries is of a document of the test"),
    ],
)
def test_a_line_that_is_no_label_of_its_document_is_named(
    made: TinyProject, tmp_path: Path, line: Any, says: str
) -> None:
    docs = held_out(made)
    file = tmp_path / "labels.jsonl"
    file.write_text((line if isinstance(line, str) else as_json(docs[0], **line)) + "\n")
    with pytest.raises(InvalidDocument, match=says):
        relabelled(docs, file, made.recipe().task)


def test_two_lines_of_one_document_and_a_broken_column_are_named(made: TinyProject, tmp_path: Path) -> None:
    docs = held_out(made)
    twice, broken = tmp_path / "twice.jsonl", tmp_path / "broken.txt"
    twice.write_text(f"{as_json(docs[0])}\n{as_json(docs[0])}\n")
    with pytest.raises(InvalidDocument, match=r"twice.jsonl:2: a second line for the document"):
        relabelled(docs, twice, made.recipe().task)
    broken.write_text("Anna _ B-PER\nflew _\n")
    with pytest.raises(InvalidDocument, match=r"broken.txt:2: the line has 2 columns"):
        relabelled(docs, broken, made.recipe().task)


def test_a_file_of_another_kind_or_that_is_not_there_is_wrong_use(made: TinyProject, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"the name must end in one of .jsonl, .conll, .txt"):
        relabelled([], tmp_path / "x.csv", made.recipe().task)
    with pytest.raises(WrongUse, match="there is no such file"):
        relabelled([], tmp_path / "x.jsonl", made.recipe().task)
    with pytest.raises(
        GateNotPassed, match="no checkpoint was made yet; `gristmill run journeys --variant base` makes"
    ):
        evaluated(made.recipe(), "base", made.store)


def test_variants_that_differ_in_the_seed_alone_have_a_mean_and_a_spread(
    made: TinyProject, faked: Callable[..., Trainer]
) -> None:
    made.edit_recipe(variants={"second": {"training": {"seed": 14}}, "longer": {"training": {"epochs": 2, "seed": 15}}})
    recipe = made.recipe()
    for variant, f1 in (("base", 0.8), ("second", 0.9), ("longer", 0.1)):
        trainer = faked(0.5, entity_f1=f1, entity_f1_low=f1 - 0.1, entity_f1_high=f1 + 0.1)
        for work in stages.trained(recipe, variant, made.store, trainer):
            stages.make(work, made.store)
            stages.judge(work, made.store)
    seeds = evaluated(recipe, "second", made.store)["seeds"]
    assert seeds["variants"] == ["base", "second"]
    assert seeds["metrics"] == {"entity_f1": {"mean": pytest.approx(0.85), "sd": pytest.approx(0.1 / 2**0.5)}}
    assert evaluated(recipe, "longer", made.store)["seeds"] is None


def test_the_command_shows_metrics_side_by_side_and_the_paired_difference(trained: TinyProject, tmp_path: Path) -> None:
    docs = held_out(trained)
    file = tmp_path / "fixed.jsonl"
    file.write_text("".join(as_json(d, spans=[]) + "\n" for d in docs))
    shown = gristmill("evaluate", "journeys", "--labels", str(file))
    assert shown.exit_code == 0, shown.output
    assert "fixed.jsonl" in shown.output
    assert "difference of entity f1" in shown.output.replace("\n", " ")
    told = json.loads(gristmill("evaluate", "journeys", "--labels", str(file), "--json").output)
    assert [row["labels"] for row in told["labels"]] == ["as tested", str(file)]
    assert told["labels"][1]["metrics"]["gold_mentions"] == 0
    assert told["seeds"] is None
    missing = gristmill("evaluate", "journeys", "--labels", "nowhere.jsonl")
    assert (missing.exit_code, missing.stderr) == (2, "--labels nowhere.jsonl: there is no such file\n")


def test_the_errors_lie_beside_the_checkpoint_and_not_in_the_release(trained: TinyProject) -> None:
    checkpoint = trained.store.published(trained.recipe().place("checkpoint", "base"))
    release = trained.store.published(trained.recipe().place("release"))
    assert checkpoint is not None and release is not None
    assert "errors.jsonl" in checkpoint.manifest.files
    assert "errors.jsonl" not in release.manifest.files
    file = Path(trained.store.where(checkpoint)) / "errors.jsonl"
    shown = plots.of(checkpoint, trained.store)
    assert shown["errors"].value == str(file)
    assert "](data:image/png;base64," in str(shown["reliability_plot"].value)
    texts = {d.text for d in held_out(trained)}
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert lines and all(line["text"] in texts for line in lines)
    said = {d.file for d in verify(trained.recipe(), trained.store).differences}
    assert said == set()
    lines[0]["kind"] = "none"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = verify(trained.recipe(), trained.store).differences
    assert [(d.key, d.said) for d in found if d.file.endswith("errors.jsonl") and d.key != "SHA-256"] == [
        ("/0/kind", "none")
    ]
