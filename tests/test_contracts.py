"""One contract a folder of parts, held by every part found there: a new part is tested before its author tests it."""

import atexit
import json
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_documents import documents, texts

from pipeline import frames
from pipeline.annotation import Annotator
from pipeline.augmentation import Augmenter
from pipeline.cleaning import CleaningStep, apply
from pipeline.errors import WrongUse
from pipeline.gate import Gate, judge
from pipeline.part import FOLDERS, BadSettings, Part, build, find, names
from pipeline.rederiving import fault, inventory
from pipeline.source import Source
from pipeline.task import Task
from pipeline.training._settings import Gradient
from pipeline.types import Document, Rejected, Span, Verdict
from tests import tiny_tasks
from tests.tiny_training import (
    CPU,
    LABELLED,
    METHODS,
    TASK,
    largest_difference,
    recorded_scores,
    scores_of,
    splits,
    tiny_bert,
)

ALL = [(folder, name) for folder in FOLDERS for name in names(folder)]
GATES = [(folder, name) for folder in ("quality", "fairness") for name in names(folder)]

TEXTS = [
    Document(
        "plain",
        "Anna met Bo in Paris .",
        "en",
        "a:1",
        "g1",
        (Span(0, 4, "PER"), Span(15, 20, "LOC")),
        groups={"d": "x"},
    ),
    Document("wide", "１９９８年　江泽民 在\u200b北京 ", "zh", "a:2", "g2", (Span(6, 9, "PER"), Span(12, 14, "LOC"))),
    Document(
        "marks", "Ａｎｎａ\u0301  e\u0301t Zoe\u0308!", "en", "a:3", "g2", (Span(0, 5, "PER"), Span(11, 15, "PER"))
    ),
    Document(
        "emoji", "👩\u200d🚀 Ana 🇪🇸 vive\ten  Madrid", "es", "a:4", "g3", (Span(4, 7, "PER"), Span(20, 26, "LOC"))
    ),
    Document("bare", "no names here, none at all", "en", "a:5", "g4", ()),
    Document("unannotated", "some more text", "en", "a:6", "g5"),
    Document("labelled", "很好用，推荐给大家", "zh", "a:7", "g6", None, "positive"),
]


def example(folder: str, name: str, tmp_path: Path | None = None) -> Part:
    if folder == "source":
        assert tmp_path is not None
        return find(folder, name).example_in(tmp_path)  # type: ignore[attr-defined,no-any-return]
    if hasattr(find(folder, name), "example_in"):
        return brought(folder, name)
    return build(folder, {"use": name, **find(folder, name).example})


@cache
def brought(folder: str, name: str) -> Part:
    """A part that brings the files of its example, written once for all tests and kept until they end."""
    kept = mkdtemp(prefix=f"{name}-")
    atexit.register(rmtree, kept)
    return find(folder, name).example_in(Path(kept) / name)  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(("folder", "name"), ALL)
def test_a_part_says_what_it_is_and_is_rebuilt_from_its_own_settings(folder: str, name: str, tmp_path: Path) -> None:
    part = example(folder, name, tmp_path)
    assert (type(part).__doc__ or "").strip(), "a part's docstring is what `gristmill parts` shows"
    again = build(folder, json.loads(json.dumps(part.settings(places=True))))
    assert again == part
    assert again.fingerprint() == part.fingerprint()


@pytest.mark.parametrize(("folder", "name"), ALL)
def test_a_part_refuses_a_field_that_it_does_not_have(folder: str, name: str, tmp_path: Path) -> None:
    settings = example(folder, name, tmp_path).settings(places=True)
    with pytest.raises(BadSettings, match="no_such_field: unknown key"):
        build(folder, {**settings, "no_such_field": 1})


@pytest.mark.parametrize("name", names("source"))
def test_a_source_reads_every_record_once_with_its_place(name: str, tmp_path: Path) -> None:
    source = example("source", name, tmp_path)
    assert isinstance(source, Source)
    batches = source.batches()
    assert batches
    assert batches == source.batches()
    assert source.fixed_batches() in (None, tuple(batches))
    batch = batches[0]
    assert source.digest(batch) == source.digest(batch)
    records = list(source.read(batch))
    documents = [r for r in records if isinstance(r, Document)]
    assert documents
    assert records == list(source.read(batch))
    assert len({d.id for d in documents}) == len(documents)
    assert all(d.text and d.source for d in documents)
    assert list(frames.documents_of(frames.to_table(documents))) == documents


@pytest.mark.parametrize("name", names("source"))
def test_a_source_names_the_batch_that_is_not_there(name: str, tmp_path: Path) -> None:
    source = example("source", name, tmp_path)
    assert isinstance(source, Source)
    with pytest.raises(Exception, match="no-such-batch"):
        list(source.read("no-such-batch"))


@pytest.mark.parametrize("name", names("cleaning"))
@pytest.mark.parametrize("document", TEXTS, ids=lambda d: d.id)
def test_a_cleaning_step_carries_spans_and_twice_equals_once(name: str, document: Document) -> None:
    step = example("cleaning", name)
    assert isinstance(step, CleaningStep)
    once = step(document)
    if isinstance(once, Rejected):
        assert once.reason
        return
    assert step(once) == once
    assert [s.label for s in once.spans or ()] == [s.label for s in document.spans or ()]
    for before, after in zip(document.spans or (), once.spans or (), strict=True):
        alone = step(Document("x", document.text[before.start : before.end]))
        if isinstance(alone, Document):
            assert once.text[after.start : after.end] == alone.text.strip()
    assert (once.id, once.group_id, once.label, once.groups) == (
        document.id,
        document.group_id,
        document.label,
        document.groups,
    )


@pytest.mark.parametrize("name", names("cleaning"))
def test_a_cleaning_step_leaves_alone_what_it_does_not_touch_and_loses_no_row(name: str) -> None:
    step = example("cleaning", name)
    assert isinstance(step, CleaningStep)
    frame = pl.DataFrame({"text": [d.text for d in TEXTS], "language": [d.language for d in TEXTS]})
    touched = frame.select(step.touches(pl.col("text"))).to_series().to_list()
    for document, hit in zip(TEXTS, touched, strict=True):
        assert hit or step(document) == document
    kept, rejected = apply(step, frames.to_batch(TEXTS))
    assert kept.num_rows + rejected.num_rows == len(TEXTS)
    assert kept.schema == frames.DOCUMENTS
    assert [d for d in map(step, TEXTS) if isinstance(d, Document)] == list(frames.documents_of(kept))
    assert set(rejected.column("step").to_pylist()) <= {step.name}


@pytest.mark.parametrize("name", names("cleaning"))
@given(
    st.lists(st.tuples(texts, st.sampled_from(["en", "zh", "fa"])), min_size=1, max_size=6),
    documents(),
)
@settings(max_examples=30)
def test_a_cleaning_step_makes_of_whole_columns_what_it_makes_of_each_document(
    name: str, bare: list[tuple[str, str]], spanned: Document
) -> None:
    step = example("cleaning", name)
    assert isinstance(step, CleaningStep)
    docs = [Document(str(i), text, language) for i, (text, language) in enumerate(bare)]
    docs += [
        replace(spanned, id="spanned", language="en"),
        *(replace(d, id=f"{d.id}-long", text=d.text * 40) for d in docs),
    ]
    results = [step(d) for d in docs]
    kept, rejected = apply(step, frames.to_batch(docs))
    assert list(frames.documents_of(kept)) == [r for r in results if isinstance(r, Document)]
    dropped = {r.document.id: r.reason for r in results if isinstance(r, Rejected)}
    assert dict(zip(rejected["id"].to_pylist(), rejected["reason"].to_pylist(), strict=True)) == dropped
    for result in results:
        assert isinstance(result, Rejected) or step(result) == result


@pytest.mark.parametrize("name", names("annotation"))
@pytest.mark.parametrize("document", TEXTS, ids=lambda d: d.id)
def test_an_annotator_keeps_the_text_and_twice_equals_once(name: str, document: Document) -> None:
    annotator = example("annotation", name)
    assert isinstance(annotator, Annotator)
    once = annotator(document)
    if isinstance(once, Rejected):
        assert once.reason
        return
    assert once.text == document.text
    assert annotator(once) == once


def of_train(name: str) -> tuple[Augmenter, list[Document]]:
    """An augmenter as its example has it, and training documents of every kind, five of each."""
    augmenter = example("augmentation", name)
    assert isinstance(augmenter, Augmenter)
    own = [
        Document(f"own{n}", text, language, spans=spans) for n, (text, language, spans) in enumerate(augmenter.texts)
    ]
    train = [
        replace(d, id=f"{d.id}-{i}", group_id=f"{d.id}-{i}", split="train") for i in range(5) for d in (*TEXTS, *own)
    ]
    return augmenter, train


def made_by(augmenter: Augmenter, docs: list[Document]) -> tuple[list[Document], list[Rejected]]:
    results = list(augmenter.many(docs))
    return [r for r in results if isinstance(r, Document)], [r for r in results if isinstance(r, Rejected)]


def check_children(augmenter: Augmenter, train: list[Document], made: list[Document], refused: list[Rejected]) -> None:
    by_id = {d.id: d for d in train}
    known = inventory(train)
    for label, more in augmenter.known_mentions().items():
        known.setdefault(label, set()).update(more)
    assert len({c.id for c in made} | set(by_id)) == len(made) + len(by_id), "every child has an id of its own"
    for child in made:
        assert child.lineage is not None
        assert (child.lineage.operation, child.lineage.seed) == (augmenter.name, augmenter.seed)
        assert json.loads(child.lineage.settings) == augmenter.settings()
        parents = [by_id[p] for p in child.lineage.parents]
        assert fault(child, parents, augmenter.mentions, known) is None, (child, parents)
        assert child.text != parents[0].text
    assert all(r.reason and r.step == augmenter.name for r in refused)
    children = Counter(c.lineage.parents[0] for c in made if c.lineage)
    assert max(children.values(), default=0) <= augmenter.copies


def check_batch(augmenter: Augmenter, train: list[Document], made: list[Document], refused: list[Rejected]) -> None:
    """A batch at once gives the same children as one document after another, put together by other code."""
    children, reasons = augmenter.batch(frames.to_batch(train))
    assert list(frames.documents_of(children)) == made
    assert children.equals(frames.to_batch(made)), "the columns are those of the documents"
    assert Counter(reasons) == Counter(r.reason for r in refused)


@pytest.mark.parametrize("name", names("augmentation"))
def test_an_augmenter_makes_true_children_the_same_for_the_same_seed(name: str) -> None:
    augmenter, train = of_train(name)
    made, refused = made_by(augmenter.fitted(train), train)
    assert made, "an augmenter makes something of its contract's documents"
    check_children(augmenter.fitted(train), train, made, refused)
    fitted = augmenter.fitted(list(reversed(train)))
    backward = [list(fitted.many([d])) for d in reversed(train)]
    assert [c for one in reversed(backward) for c in one if isinstance(c, Document)] == made
    assert list(frames.documents_of(frames.to_table(made))) == made, "children are stored as they are"
    check_batch(augmenter.fitted(train), train, made, refused)
    nothing, none = augmenter.fitted(train).batch(frames.to_batch([]))
    assert (nothing.num_rows, none) == (0, [])


@pytest.mark.parametrize("name", names("augmentation"))
@settings(max_examples=25)
@given(docs=st.lists(documents(), min_size=2, max_size=5), language=st.sampled_from(("en", "zh")))
def test_an_augmenter_makes_true_children_of_whatever_texts(name: str, docs: list[Document], language: str) -> None:
    augmenter, _ = of_train(name)
    train = [replace(d, id=f"d{n}", group_id=f"d{n}", language=language, split="train") for n, d in enumerate(docs)]
    fitted = augmenter.fitted(train)
    made, refused = made_by(fitted, train)
    check_children(fitted, train, made, refused)
    check_batch(fitted, train, made, refused)


@pytest.mark.parametrize(("folder", "name"), GATES)
def test_a_gate_passes_its_good_example_and_fails_its_bad_one(folder: str, name: str) -> None:
    gate = example(folder, name)
    assert isinstance(gate, Gate)
    passed, failed = judge(gate, gate.good()), judge(gate, gate.bad())
    assert passed.outcome == "passed", passed.message
    assert failed.outcome == "failed", failed.message
    for verdict in (passed, failed):
        assert isinstance(verdict, Verdict)
        assert verdict.gate == gate.name
        assert verdict.message
        assert verdict.limit
        assert json.loads(json.dumps(dict(verdict.evidence))) is not None
        assert len(json.dumps(dict(verdict.evidence))) < 50_000


@pytest.mark.parametrize(("folder", "name"), GATES)
def test_a_gate_does_not_judge_an_empty_frame_nor_pass_a_broken_one(folder: str, name: str) -> None:
    gate = example(folder, name)
    assert isinstance(gate, Gate)
    assert judge(gate, frames.Frame(frames.to_table([]))).outcome == "not_judged"
    broken = frames.Frame(pa.table({"nothing": [1, 2, 3]}), rejected=pa.table({"nothing": [1]}))
    assert judge(gate, broken).outcome != "passed" or name in ("row_count", "rejected_share")


@pytest.mark.parametrize("name", names("task"))
def test_a_task_rejects_what_it_cannot_learn_from_with_what_would_be_right(name: str) -> None:
    task = example("task", name)
    assert isinstance(task, Task)
    bare = task.accept(Document("a", "text", source="f.txt:3"))
    assert isinstance(bare, Rejected)
    assert "f.txt:3" in bare.reason
    wrong = task.labels[0] + "x"
    unknown = task.accept(Document("a", "text", source="f.txt:3", spans=(Span(0, 4, wrong),), label=wrong))
    assert isinstance(unknown, Rejected)
    assert f"did you mean '{task.labels[0]}'?" in unknown.reason


@pytest.mark.parametrize("name", names("task"))
def test_a_task_accepts_again_what_it_accepted_and_scores_perfect_predictions_with_one(name: str) -> None:
    task = tiny_tasks.task(name)
    accepted = [task.accept(tiny_tasks.TOYS[name](n)) for n in range(24)]
    docs = [d for d in accepted if isinstance(d, Document)]
    assert docs == accepted == [task.accept(d) for d in docs]
    test = frames.to_table(docs)
    predictions = tiny_tasks.perfect(name, docs)
    metrics = task.evaluate(test, predictions, test).metrics
    assert metrics[task.headline] == task.headline_value(test, predictions) == 1.0
    assert metrics[f"baseline_{task.headline}"] <= 1.0
    assert (task.headline_draws(test, predictions) <= 1.0).all()


HEADS = {"token": TASK, "sequence": LABELLED}


def tiny_method(name: str, base: Path, **changed: object) -> Gradient:
    """A method as its example has it, of the tiny base model, with everything that changes a network switched on."""
    on = {"casing": True, "adapt_vocabulary": True, "max_length": 32, "batch_tokens": 128}
    on |= {} if name == "crf" else {"mixup": 0.4}  # a mixed window has no one sequence that is right
    method = build(
        "training", {**find("training", name).example, **on, "use": name, "base_model": str(base), **changed}
    )
    assert isinstance(method, Gradient)
    return method


@pytest.fixture(scope="module")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("name", METHODS)
def test_a_method_opens_with_the_logits_of_its_predictions(
    name: str, head: str, tiny_base: Path, tmp_path: Path
) -> None:
    from pipeline.training._examples import gathered
    from pipeline.training._opening import open_checkpoint

    task, method = HEADS[head], tiny_method(name, tiny_base)
    if head not in method.heads:
        with pytest.raises(WrongUse, match=f"{name} learns tasks of the kind"):
            method.fit(task, splits(), CPU, tmp_path, lambda _: None)
        return
    with recorded_scores() as scores:
        checkpoint = method.fit(task, splits(), CPU, tmp_path, lambda _: None)
    assert checkpoint.metrics["trainable_parameters"] <= checkpoint.metrics["parameters"]
    folder = tmp_path / "model"
    examples, again = scores_of(*open_checkpoint(folder), folder)
    assert largest_difference(again, scores) == 0
    predictions = pq.read_table(tmp_path / "predictions.parquet")
    assert gathered(examples, again, task).equals(predictions)
    assert predictions.column("id").to_pylist() == splits().test.column("id").to_pylist()
    assert not list(tmp_path.rglob("*.bin"))
    if not (folder / "adapter").exists():
        assert largest_difference(scores_of(*plainly_opened(folder, head), folder)[1], scores) == 0


@pytest.mark.parametrize("name", METHODS)
def test_a_method_gives_the_same_weights_for_the_same_seed_only(name: str, tiny_base: Path, tmp_path: Path) -> None:
    weights = []
    for number, seed in enumerate((13, 13, 14)):
        out = tmp_path / str(number)
        tiny_method(name, tiny_base, seed=seed).fit(TASK, splits(), CPU, out, lambda _: None)
        weights.append({str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*.safetensors")})
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def plainly_opened(folder: Path, head: str) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer

    kind = {"token": AutoModelForTokenClassification, "sequence": AutoModelForSequenceClassification}[head]
    model = kind.from_pretrained(folder, local_files_only=True).eval()
    return model, AutoTokenizer.from_pretrained(folder, local_files_only=True)
