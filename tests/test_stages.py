"""The whole chain in plain Python: gates hold everywhere, nothing disappears, what exists is looked up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import stages
from pipeline.draft import Draft
from pipeline.errors import GateNotPassed, SourceError, StoreError
from pipeline.frames import to_batches
from pipeline.recipe import Recipe
from pipeline.stages import Trainer, code_version
from pipeline.store import Store
from pipeline.types import Document
from pipeline.version import Place, Version
from pipeline.work import Work
from tests.conftest import TinyProject, files_of, good_lines, make_all

Faked = Callable[..., Trainer]
STRICT = {"clean": {"quality": [{"use": "rejected_share", "at_most": 0.0}]}}


def never(*_: Any) -> None:
    raise AssertionError("nothing has to be trained")


def reasons(store: Store, version: Version) -> dict[str, tuple[str, str]]:
    rows = store.audit_documents(version, "rejected.parquet").to_pylist()
    return {row["id"]: (row["step"], row["reason"]) for row in rows}


def published(store: Store, recipe: Recipe, stage: str, variant: str | None = None) -> Version:
    version = store.published(recipe.place(stage, variant))
    assert version is not None
    return version


def checkpoint(recipe: Recipe, variant: str, store: Store, train: Trainer) -> Version:
    """Augment and train one variant, judged."""
    for plan in (
        lambda: stages.augment(recipe, variant, store),
        lambda: stages.fine_tune(recipe, variant, store, train),
    ):
        work = plan()
        version = stages.make(work, store)
        stages.judge(work, store)
    return version


def test_the_whole_chain_runs_without_dagster_and_every_row_is_accounted_for(trained: TinyProject) -> None:
    recipe, store = trained.recipe(), trained.store
    corpus = recipe.corpora[0]
    places = [corpus.place(s, f"{b}.jsonl") for s in ("raw", "clean") for b in ("one", "two")]
    places += [recipe.place("splits"), recipe.place("augmented", "base"), recipe.place("checkpoint", "base")]
    counts = []
    for place in places:
        version = store.published(place)
        assert version is not None
        counts.append((str(place), version.manifest.rows, version.manifest.rejected))
    assert counts == [
        ("corpora/tiny/raw[one.jsonl]", 43, 0),
        ("corpora/tiny/raw[two.jsonl]", 42, 1),
        ("corpora/tiny/clean[one.jsonl]", 42, 1),
        ("corpora/tiny/clean[two.jsonl]", 42, 0),
        ("journeys/splits", 80, 4),
        ("journeys/augmented[base]", 84, 8),
        ("journeys/checkpoint[base]", 84, 0),
    ]


def test_every_dropped_document_carries_the_step_and_the_reason(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    corpus = recipe.corpora[0]
    raw, clean = (store.published(corpus.place(s, b)) for s, b in (("raw", "two.jsonl"), ("clean", "one.jsonl")))
    assert raw is not None and clean is not None
    ((place, (step, reason)),) = reasons(store, raw).items()
    assert (place, step) == ("tiny/two.jsonl:43", "jsonl")
    assert reason.startswith("two.jsonl:43: is not JSON")
    assert reasons(store, clean) == {
        "tiny/short": ("min_length", "the text has 2 characters; min_length asks for 5"),
    }
    dropped = reasons(store, published(store, recipe, "splits"))
    assert set(dropped) == {"tiny/unknown-label", "tiny/unannotated", "tiny/one-0", "tiny/same-text"}
    assert Counter(step for step, _ in dropped.values()) == {"split": 2, "gold": 1, "ner": 1}
    assert "unknown label 'ORG'" in dropped["tiny/unknown-label"][1]
    assert dropped["tiny/one-0"][1] == "the id stands twice; the first is in one.jsonl:1"


def test_what_a_stage_keeps_and_drops_are_all_the_documents_that_came_in(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    clean = [store.published(recipe.corpora[0].place("clean", f"{b}.jsonl")) for b in ("one", "two")]
    came = [i for v in clean if v for i in store.audit_documents(v)["id"].to_pylist()]
    splits = published(store, recipe, "splits")
    left = [
        i
        for name in ("documents.parquet", "rejected.parquet")
        for i in store.audit_documents(splits, name)["id"].to_pylist()
    ]
    assert sorted(left) == sorted(came)


def test_children_are_made_of_training_documents_only(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    rows = store.audit_documents(published(store, recipe, "augmented", "base")).to_pylist()
    assert {row["split"] for row in rows} == {"train"}
    train = [r for r in store.audit_documents(published(store, recipe, "splits")).to_pylist() if r["split"] == "train"]
    parents = {p for row in rows if row["lineage"] for p in row["lineage"]["parents"]}
    assert parents and parents <= {row["id"] for row in train}
    assert [row["id"] for row in rows if not row["lineage"]] == [row["id"] for row in train]


def test_a_stage_that_loses_a_row_is_a_store_error(tmp_path: Path) -> None:
    def write(draft: Draft) -> dict[str, Any]:
        draft.write(to_batches([Document("a", "x")]))
        draft.write_rejected([])
        return {"rows_in": 2}

    store, place = Store(str(tmp_path)), Place("x/splits")
    with pytest.raises(StoreError, match="x/splits: 2 rows in, 1 out, 0 rejected"):
        stages.make(Work(place, "code", (), (), write), store)
    assert store.versions(place) == []


def test_a_failing_gate_on_a_corpus_stops_the_same_run(project: TinyProject) -> None:
    project.edit_corpus(gates=STRICT)
    with pytest.raises(GateNotPassed) as error:
        stages.run(project.recipe(), project.store, train=never)
    assert str(error.value).endswith(
        "is held back by\n  rejected_share: failed (observed 0.0232558, limit at most 0): "
        "1 of 43 documents were dropped (2.3%), 1 of them by min_length: "
        "read its reasons, then mend the step or the source"
    )
    assert project.store.partitions("journeys/splits") == []


def test_a_failing_gate_on_a_corpus_stops_splits_in_plain_python_and_in_every_later_run(made: TinyProject) -> None:
    made.edit_corpus(gates=STRICT)
    recipe, store = made.recipe(), made.store
    before = files_of(made.root / "store" / "journeys")
    with pytest.raises(GateNotPassed, match="rejected_share: not judged on this version by this gate"):
        stages.split(recipe, store)  # the verdict is of another limit
    for _ in range(2):
        with pytest.raises(GateNotPassed, match="rejected_share: failed"):
            stages.run(recipe, store, train=never)
        with pytest.raises(GateNotPassed, match=r"rejected_share: failed \(observed 0.0232558, limit at most 0\)"):
            stages.split(recipe, store)
    assert files_of(made.root / "store" / "journeys") == before


def test_a_newer_batch_that_fails_stops_the_run_and_leaves_the_older_one_readable(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    place = recipe.corpora[0].place("clean", "one.jsonl")
    older = store.published(place)
    lines = good_lines("one", 3) + [{"id": f"s{n}", "text": "Hi", "spans": []} for n in range(4)]
    (made.corpus / "one.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(
        GateNotPassed, match=r"clean\[one.jsonl\]: version \w+ is held back by\n  rejected_share: failed"
    ):
        stages.run(recipe, store, train=never)
    work = stages.split(recipe, store)
    newest = store.newest(place)
    assert older is not None and newest is not None
    assert [(i.version, i.refused_newer) for i in work.inputs if i.partition == "one.jsonl"] == [
        (older.name, newest.name)
    ]


def test_not_judged_is_not_passed(made: TinyProject) -> None:
    made.edit_recipe(gates={"splits": {"fairness": [{"use": "group_share", "by": "gender"}]}})
    recipe, store = made.recipe(), made.store
    work = stages.split(recipe, store)
    assert [v.outcome for v in stages.judge(work, store)] == ["not_judged"]
    with pytest.raises(GateNotPassed, match="group_share_gender: not_judged: 0 documents with a known gender"):
        stages.augment(recipe, "base", store)


def test_a_gate_that_breaks_does_not_judge_and_does_not_publish(
    made: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.quality.no_leakage import NoLeakage

    made.edit_recipe(gates={"splits": {"quality": [{"use": "no_leakage", "at_most": 0.5}]}})
    monkeypatch.setattr(NoLeakage, "check", never)
    recipe, store = made.recipe(), made.store
    stages.judge(stages.split(recipe, store), store)
    with pytest.raises(GateNotPassed, match="no_leakage: not_judged: the gate itself failed: AssertionError"):
        stages.augment(recipe, "base", store)


def test_a_failing_gate_on_a_checkpoint_stops_its_release(made: TinyProject, faked: Faked) -> None:
    recipe, store = made.recipe(), made.store
    checkpoint(recipe, "base", store, faked(0.5, token_micro_f1=0.05))
    with pytest.raises(GateNotPassed) as error:
        stages.release(recipe, store)
    assert "journeys: there is no published checkpoint to release" in str(error.value)
    assert "f1_token_micro_f1: failed (observed 0.05, limit at least 0.1)" in str(error.value)
    assert "journeys/checkpoint[plain]: nothing was written yet; materialize it first" in str(error.value)


def test_asking_again_for_what_exists_writes_nothing(trained: TinyProject) -> None:
    before = files_of(trained.root / "store")
    release = stages.run(trained.recipe(), trained.store, train=never)
    assert files_of(trained.root / "store") == before
    assert release == published(trained.store, trained.recipe(), "release")


def test_judging_work_that_was_not_made_says_so(project: TinyProject) -> None:
    corpus = project.recipe().corpora[0]
    with pytest.raises(GateNotPassed, match="this version was not made yet; materialize it first"):
        stages.judge(stages.collect(corpus, "one.jsonl"), project.store)


def test_a_corpus_without_files_is_a_source_error(project: TinyProject) -> None:
    for path in project.corpus.iterdir():
        path.unlink()
    with pytest.raises(SourceError, match=r"holds no file that matches '\*\.jsonl\*'; check `path` and `pattern`"):
        stages.run(project.recipe(), project.store)


def test_one_changed_batch_makes_one_new_version_of_that_batch_alone(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    with (made.corpus / "two.jsonl").open("a") as file:
        file.write(json.dumps(good_lines("new", 1)[0]) + "\n")
    make_all(recipe, store, last="splits")
    counts = {
        f"{stage}/{batch}": len(store.versions(recipe.corpora[0].place(stage, f"{batch}.jsonl")))
        for stage in ("raw", "clean")
        for batch in ("one", "two")
    }
    assert counts == {"raw/one": 1, "raw/two": 2, "clean/one": 1, "clean/two": 2}
    assert published(store, recipe, "splits").manifest.rows == 81


CODES = ("raw", "clean", "splits", "augmented", "checkpoint", "release")


def codes(project: TinyProject) -> dict[str, str]:
    recipe = project.recipe()
    corpus = recipe.corpora[0]
    return {s: code_version(corpus if s in ("raw", "clean") else recipe, s) for s in CODES}


@pytest.mark.parametrize(
    ("where", "changes", "expected"),
    [
        ("corpus", {"source": {"use": "jsonl", "path": "/elsewhere"}}, set()),
        ("corpus", {"source": {"use": "jsonl", "path": "x", "pattern": "*.txt"}}, {"raw"}),
        ("corpus", {"language": "de"}, {"raw", "release"}),
        ("corpus", {"groups": {"domain": "news"}}, {"raw", "release"}),
        ("corpus", {"licence": "MIT"}, {"release"}),
        ("corpus", {"description": "Other journeys."}, {"release"}),
        ("corpus", {"cleaning": ["collapse_whitespace", "normalize_unicode"]}, {"clean"}),
        ("corpus", {"gates": STRICT}, set()),
        ("recipe", {"description": "Other words."}, {"release"}),
        ("recipe", {"task": {"use": "ner", "labels": ["PER", "LOC", "ORG"]}}, {"splits", "checkpoint"}),
        ("recipe", {"annotation": [{"use": "gold", "drop_labels": ["LOC"]}]}, {"splits"}),
        ("recipe", {"split": {"validation": 0.2, "test": 0.2, "seed": 14}}, {"splits"}),
        ("recipe", {"augmentation": [{"use": "swap_entities", "copies": 2}]}, {"augmented"}),
        ("recipe", {"training": {"use": "full", "epochs": 2}}, {"checkpoint"}),
        ("recipe", {"variants": {"plain": {"training": {"epochs": 2}}}}, {"augmented", "checkpoint"}),
        ("recipe", {"gates": {}}, set()),
    ],
)
def test_an_edit_changes_exactly_the_code_versions_that_it_concerns(
    project: TinyProject, where: str, changes: dict[str, Any], expected: set[str]
) -> None:
    before = codes(project)
    (project.edit_corpus if where == "corpus" else project.edit_recipe)(**changes)
    after = codes(project)
    assert {stage for stage in CODES if before[stage] != after[stage]} == expected


def test_a_variant_has_a_code_version_of_its_own(project: TinyProject) -> None:
    project.edit_recipe(variants={"plain": {"augmentation": []}, "slow": {"training": {"epochs": 2}}})
    recipe = project.recipe()
    augmented = {v: code_version(recipe, "augmented", v) for v in recipe.variants}
    trained = {v: code_version(recipe, "checkpoint", v) for v in recipe.variants}
    assert augmented["base"] == augmented["slow"] != augmented["plain"]
    assert trained["base"] == trained["plain"] != trained["slow"]


def test_an_edited_part_changes_the_stage_and_its_comments_do_not(
    project: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline import fingerprint

    folder = tmp_path / "copied_parts"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    source = (Path(stages.__file__).parent.parent / "cleaning" / "min_length.py").read_text()
    (folder / "min_length.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    project.edit_corpus(cleaning=[{"use": "copied_parts.min_length:MinLength", "chars": 5}])

    def anew(text: str) -> dict[str, str]:
        (folder / "min_length.py").write_text(text)
        for cached in (fingerprint.code_of, fingerprint._read):
            cached.cache_clear()
        return codes(project)

    before = anew(source)
    assert anew(source.replace('"""The document, or rejected with its length."""', "# nothing new")) == before
    after = anew(source.replace('return doc.rejected(f"the text', 'return doc.rejected(f"this text'))
    assert {stage for stage in CODES if before[stage] != after[stage]} == {"clean"}


def test_changed_code_with_the_same_output_leaves_what_comes_after_as_it_is(made: TinyProject) -> None:
    before = stages.split(made.recipe(), made.store)
    steps = [
        "normalize_unicode",
        {"use": "collapse_whitespace", "keep_newlines": True},
        {"use": "min_length", "chars": 5},
    ]
    made.edit_corpus(cleaning=steps)
    recipe, store = made.recipe(), made.store
    for work in stages.prepared(recipe, store):
        stages.make(work, store)
        stages.judge(work, store)
    assert [len(store.versions(recipe.corpora[0].place("clean", f"{b}.jsonl"))) for b in ("one", "two")] == [2, 2]
    work = stages.split(recipe, store)
    assert work.version == before.version
    assert stages.done(work, store) is not None
    assert len(store.versions(recipe.place("splits"))) == 1


def test_the_release_is_the_variant_that_validates_best(made: TinyProject, faked: Faked) -> None:
    recipe, store = made.recipe(), made.store
    checkpoint(recipe, "base", store, faked(0.5, entity_f1=0.9))
    checkpoint(recipe, "plain", store, faked(0.6, entity_f1=0.1))
    release = stages.make(stages.release(recipe, store), store)
    assert release.manifest.facts["variant"] == "plain"
    assert release.manifest.facts["compared"] == ["base", "plain"]
    assert (store.audit_folder(release) / "model" / "weights").read_text() == "0.6"
    assert [(i.asset, i.partition) for i in release.manifest.inputs] == [
        ("journeys/checkpoint", "plain"),
        ("journeys/checkpoint", "base"),
        ("journeys/ledger", "all"),
    ]


def test_a_variant_that_its_gate_refuses_is_left_out_of_the_release(made: TinyProject, faked: Faked) -> None:
    recipe, store = made.recipe(), made.store
    checkpoint(recipe, "base", store, faked(0.5))
    checkpoint(recipe, "plain", store, faked(0.6, token_micro_f1=0.05))
    release = stages.make(stages.release(recipe, store), store)
    assert (release.manifest.facts["variant"], release.manifest.facts["compared"]) == ("base", ["base"])


def test_a_checkpoint_that_was_trained_on_other_splits_is_left_out_of_the_release(
    made: TinyProject, faked: Faked
) -> None:
    old = made.recipe()
    checkpoint(old, "plain", made.store, faked(0.9))
    made.edit_recipe(split={"validation": 0.2, "test": 0.2, "seed": 14})
    recipe, store = made.recipe(), made.store
    make_all(recipe, store, last="splits")
    with pytest.raises(GateNotPassed, match="journeys/ledger: is of other splits than the published ones"):
        stages.release(recipe, store)
    make_all(recipe, store, last="ledger")
    checkpoint(recipe, "base", store, faked(0.5))
    release = stages.make(stages.release(recipe, store), store)
    assert release.manifest.facts["compared"] == ["base"]
    card = (store.audit_folder(release) / "model_card.md").read_text()
    assert "left out: plain: was trained on other splits than the published ones; materialize it again" in card


def test_what_a_killed_training_had_done_is_there_for_the_next_one(made: TinyProject, faked: Faked) -> None:
    recipe, store = made.recipe(), made.store
    found: list[bool] = []

    def train(todo: Any, report: Any) -> None:
        resume = todo.folder / "resume"
        found.append(resume.exists())
        resume.mkdir(exist_ok=True)
        if len(found) == 1:
            raise KeyboardInterrupt
        faked(0.5)(todo, report)

    with pytest.raises(KeyboardInterrupt):
        checkpoint(recipe, "base", store, train)
    assert store.versions(recipe.place("checkpoint", "base")) == []
    version = checkpoint(recipe, "base", store, train)
    assert found == [False, True]
    assert sorted(version.manifest.files) == [
        "evaluation.json",
        "loss.json",
        "model/config.json",
        "model/weights",
        "predictions.parquet",
        "run.json",
    ]


def test_the_released_model_opens_with_plain_transformers(trained: TinyProject) -> None:
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    release = published(trained.store, trained.recipe(), "release")
    folder = trained.store.audit_folder(release) / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(folder)
    assert model.config.id2label == {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC"}
    logits = model(**tokenizer("Anna flew to Oslo.", return_tensors="pt")).logits
    assert logits.shape[-1] == 5


def test_a_release_does_not_outlive_the_checkpoint_that_it_is(made: TinyProject, faked: Callable[..., Trainer]) -> None:
    store = made.store
    released = stages.run(made.recipe(), store, train=faked(validation=0.5))
    assert store.published(made.recipe().place("release")) == released
    strict_f1 = {"use": "f1", "metric": "token_micro_f1", "at_least": 0.99}
    made.edit_recipe(gates={"splits": {"quality": ["no_leakage"]}, "checkpoint": {"quality": [strict_f1]}})
    strict = made.recipe()
    stages.judge(stages.fine_tune(strict, "base", store), store)
    assert store.published(strict.place("checkpoint", "base")) is None
    assert store.published(strict.place("release")) is None
    assert store.find(released.place, released.name) == released, "it stays on disk"
