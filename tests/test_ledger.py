"""The ledger: every document that came into splits, where it is and why; leakage as shipped and as split."""

from __future__ import annotations

import json
from collections import Counter
from itertools import chain
from typing import Any

import pyarrow.parquet as pq
from click.testing import CliRunner
from conftest import TinyProject, good_lines, make_all

from assets.cli import main
from pipeline import stages
from pipeline.frames import to_table
from pipeline.leakage import both_parts, compared, leakage, templates
from pipeline.splitting import SplitSettings
from pipeline.stages.ledger import LEDGER
from pipeline.types import Document, Span
from pipeline.version import Version


def ledger_of(project: TinyProject) -> tuple[list[dict[str, Any]], Version]:
    recipe, store = project.recipe(), project.store
    version = store.published(recipe.place("ledger"))
    assert version is not None
    table = pq.read_table(store.audit_folder(version) / "ledger.parquet")
    assert table.schema == LEDGER
    return table.to_pylist(), version


def doc(id_: str, text: str, split: Any, *names: str) -> Document:
    spans = tuple(Span(text.index(n), text.index(n) + len(n), "PER") for n in names)
    return Document(id_, text, split=split, spans=spans)


SHIPPED = to_table(
    [
        doc("a", "Anna met Bo in the old town of Oslo in 1998", "train", "Anna", "Bo"),
        doc("b", "ANNA  met Bo in the old town of Oslo in 1998", "test", "ANNA", "Bo"),
        doc("c", "Anna met Bo in the old town of Oslo in 2004", "test", "Anna", "Bo"),
        doc("d", "Carla met Bo in the old town of Oslo in 2004", "validation", "Carla", "Bo"),
        doc("e", "nobody was there", "test"),
        doc("f", "Anna said nothing of it to Hugo and Ines", "test", "Anna", "Hugo", "Ines"),
    ]
)


def test_leakage_counts_texts_near_texts_templates_and_mentions() -> None:
    assert leakage(SHIPPED) == {"exact": 0.25, "near": 0.5, "template": 0.5, "mention": 4 / 7}
    assert leakage(SHIPPED, "validation") == {"exact": 0.0, "near": 1.0, "template": 1.0, "mention": 0.5}


def test_a_template_has_labels_for_mentions_and_zeros_for_digits() -> None:
    assert templates(SHIPPED).to_list()[2:5] == [
        "PER met PER in the old town of Oslo in 0000",
        "PER met PER in the old town of Oslo in 0000",
        "nobody was there",
    ]


def test_what_cannot_be_compared_is_none_and_not_zero() -> None:
    nothing = {"exact": None, "near": None, "template": None, "mention": None}
    train = to_table([Document("a", "x y z", split="train")])
    assert both_parts(train) == {**nothing, "validation": nothing}
    plain = to_table([Document("a", "x", split="train"), Document("b", "y", split="test")])
    assert leakage(plain) == {"exact": 0.0, "near": 0.0, "template": 0.0, "mention": None}
    assert compared(plain.slice(1), SplitSettings())["as_shipped"] is None
    assert compared(to_table([]), SplitSettings())["as_shipped"] is None


def test_both_sides_are_given_whether_or_not_the_recipe_keeps_the_official_split() -> None:
    found = [compared(SHIPPED, SplitSettings(official=official)) for official in (False, True)]
    assert found[0] == found[1]
    assert found[0]["as_shipped"] == both_parts(SHIPPED)


def test_the_ledger_has_every_document_that_came_into_splits_with_its_reason(made: TinyProject) -> None:
    rows, version = ledger_of(made)
    splits = made.store.published(made.recipe().place("splits"))
    assert splits is not None
    kept, rejected = (made.store.audit_documents(splits, f"{n}.parquet") for n in ("documents", "rejected"))
    assert sorted(r["id"] for r in rows) == sorted(kept["id"].to_pylist() + rejected["id"].to_pylist())
    assert {r["id"]: r["split"] for r in rows if r["split"]} == dict(
        zip(kept["id"].to_pylist(), kept["split"].to_pylist(), strict=True)
    )
    assert {r["id"]: (r["step"], r["why"]) for r in rows if r["split"] is None} == {
        r["id"]: (r["step"], r["reason"]) for r in rejected.to_pylist()
    }
    steps = Counter(r["step"] for r in rows)
    assert version.manifest.facts["by_step"] == dict(steps) == {"gold": 1, "ner": 1, "split": len(rows) - 2}
    assert version.manifest.facts["by_split"] == dict(Counter(r["split"] or "rejected" for r in rows))
    assert version.manifest.facts["leakage"]["as_shipped"] is None
    assert version.manifest.facts["leakage"]["as_split"] == both_parts(kept)
    assert [i.asset for i in version.manifest.inputs] == ["journeys/splits"]


def test_documents_that_were_placed_together_name_the_one_that_bound_them(made: TinyProject) -> None:
    rows, _ = ledger_of(made)
    by_id = {r["id"]: r for r in rows if r["split"]}
    joined = [r for r in rows if r["kind"] == "joined"]
    assert joined
    for row in joined:
        other = by_id[row["near_of"]]
        assert (other["unit"], other["split"]) == (row["unit"], row["split"])
        assert row["why"] == f"joined with unit {row['unit']} by near-duplicate {other['id']} ({row['similarity']:.2f})"


def test_the_ledger_of_an_official_split_has_the_leakage_of_both(project: TinyProject) -> None:
    for batch, split in (("one", "train"), ("two", "test")):  # the tickets alone tell the batches apart
        lines = [json.dumps({**line, "split": split}) + "\n" for line in good_lines(batch)]
        (project.corpus / f"{batch}.jsonl").write_text("".join(lines))
    project.edit_recipe(split={"official": True}, gates={})
    make_all(project.recipe(), project.store, last="ledger")
    rows, version = ledger_of(project)
    assert {(r["kind"], r["why"]) for r in rows} == {("official", "the source's own split")}
    found = version.manifest.facts["leakage"]
    assert [(found[side]["exact"], found[side]["near"]) for side in ("as_shipped", "as_split")] == [(0, 1), (0, 0)]


def test_the_ledger_is_made_by_a_run_and_augmented_does_not_wait_for_it(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    works = list(chain(stages.prepared(recipe, store), [stages.split(recipe, store), stages.ledger(recipe, store)]))
    assert works[-1].inputs[0].asset == "journeys/splits"
    assert stages.done(works[-1], store) is not None
    assert "journeys/ledger" not in {i.asset for i in stages.augment(recipe, "base", store).inputs}


def test_the_command_gives_both_divisions_as_json_and_as_a_table(made: TinyProject) -> None:
    found = CliRunner().invoke(main, ["leakage", "journeys", "--json"])
    assert found.exit_code == 0, found.output
    result = json.loads(found.output)
    assert (set(result), result["recipe"], result["as_shipped"]) == (
        {"recipe", "as_shipped", "as_split"},
        "journeys",
        None,
    )
    assert set(result["as_split"]) == {"exact", "near", "template", "mention", "validation"}
    assert (result["as_split"]["exact"], result["as_split"]["near"]) == (0.0, 0.0)
    table = CliRunner().invoke(main, ["leakage", "journeys", "--set", "split.seed=3"])
    assert "test exact: documents whose text stands in train" in table.output
    assert "the source gives no splits of its own" in table.output


def test_the_command_says_what_to_run_where_nothing_clean_is_there(project: TinyProject) -> None:
    found = CliRunner().invoke(main, ["leakage", "journeys"])
    assert found.exit_code == 1
    assert "`gristmill run journeys` makes what is missing" in found.output
