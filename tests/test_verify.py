"""A release is recomputed from the store: untouched it agrees, and every kind of change is found and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from assets.cli import main
from pipeline import stages
from pipeline.cards.sources import local
from pipeline.draft import sha256_of_file
from pipeline.errors import GateNotPassed
from pipeline.store import Store
from pipeline.verifying import Findings, verify
from pipeline.version import Place
from tests.conftest import TinyProject, files_of


def folder(project: TinyProject, stage: str, partition: str | None = None) -> Path:
    """The folder of a published version of the recipe, or of the corpus's batch."""
    recipe = project.recipe()
    own = stage not in ("raw", "clean")
    place = recipe.place(stage, partition) if own else recipe.corpora[0].place(stage, f"{partition}.jsonl")
    version = project.store.published(place)
    assert version is not None
    return Path(project.store.where(version))


def edit(path: Path, change: Callable[[Any], None]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False))


def differences(project: TinyProject, **options: Any) -> list[str]:
    """`stage/file key` of every difference."""
    found = verify(project.recipe(), project.store, **options)
    return [f"{_short(d.file)} {d.key}" for d in found.differences]


def _short(file: str) -> str:
    """`splits/manifest.json` of `journeys/splits/all/<version>/manifest.json`."""
    parts = file.split("/")
    stage = parts[2] if parts[0] == "corpora" else parts[1] if len(parts) > 1 else ""
    depth = 5 if parts[0] == "corpora" else 4
    return "/".join([stage, *parts[depth:]]) if stage else file


def test_an_untouched_release_agrees_in_every_version_and_nothing_is_written(trained: TinyProject) -> None:
    before = files_of(trained.root / "store")
    found = verify(trained.recipe(), trained.store, gates=True)
    assert found.differences == []
    assert found.versions == 9
    assert found.numbers > 500
    assert files_of(trained.root / "store") == before


def test_a_byte_of_a_parquet_file_is_found(trained: TinyProject) -> None:
    path = folder(trained, "clean", "one") / "documents.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    found = differences(trained)
    assert "clean/documents.parquet SHA-256" in found
    assert all(d.startswith(("clean/", "evaluation")) for d in found)


def test_a_row_that_was_changed_with_its_hash_is_found_by_the_digest_of_the_content(trained: TinyProject) -> None:
    where = folder(trained, "splits")
    table = pq.read_table(where / "documents.parquet")
    texts = table.column("text").to_pylist()
    texts[0] = texts[0].replace("flew", "swam")
    index = table.schema.get_field_index("text")
    pq.write_table(table.set_column(index, table.schema.field(index), pa.array(texts)), where / "documents.parquet")
    sha = sha256_of_file(where / "documents.parquet")
    edit(where / "manifest.json", lambda m: m["files"].update({"documents.parquet": sha}))
    found = differences(trained)
    assert "splits/manifest.json /digest" in found
    assert "splits/manifest.json /files/documents.parquet" in found, "the provenance knows the hash of before"
    assert "splits/manifest.json SHA-256 in the data sheet" in found


@pytest.mark.parametrize(
    ("stage", "partition", "key", "value", "expected"),
    [
        ("splits", None, "rows", 81, "splits/manifest.json /rows"),
        ("clean", "one", "rejected", 0, "clean/manifest.json /rejected"),
        ("checkpoint", "base", "rows", 93, "checkpoint/manifest.json /rows"),
        ("raw", "two", "created", "2020-01-01T00:00:00+00:00", "raw/manifest.json /created"),
        ("augmented", "base", "fingerprint", "0" * 64, "augmented/manifest.json /version"),
        ("release", None, "digest", "0" * 64, "release/manifest.json /digest"),
    ],
)
def test_a_value_of_a_manifest_is_found(
    trained: TinyProject, stage: str, partition: str | None, key: str, value: object, expected: str
) -> None:
    edit(folder(trained, stage, partition) / "manifest.json", lambda m: m.update({key: value}))
    assert expected in differences(trained)


def test_a_fact_of_a_manifest_is_counted_again(trained: TinyProject) -> None:
    edit(folder(trained, "splits") / "manifest.json", lambda m: m["facts"]["by_spans"].update(PER=90))
    found = verify(trained.recipe(), trained.store).differences
    assert [(d.said, d.found) for d in found if d.key == "/facts/by_spans/PER"] == [(80, 90), (90, 80), (80, 90)]


def test_a_number_of_the_ledger_is_found_in_its_manifest_and_against_the_splits(trained: TinyProject) -> None:
    def less(manifest: Any) -> None:
        manifest["facts"]["leakage"]["as_split"]["mention"] = 0.0
        manifest["facts"]["by_step"]["split"] = 7

    path = folder(trained, "ledger") / "manifest.json"
    right = json.loads(path.read_text())["facts"]["leakage"]["as_split"]["mention"]
    edit(path, less)
    found = verify(trained.recipe(), trained.store).differences
    assert [(d.said, d.found) for d in found if d.key == "/facts/leakage/as_split/mention"] == [
        (right, 0.0),  # the provenance
        (0.0, right),  # what the splits give
        (right, 0.0),  # the data sheet
    ]
    assert (7, 82) in [(d.said, d.found) for d in found if d.key == "/facts/by_step/split"]


def test_a_row_of_the_ledger_that_splits_do_not_give_is_found_though_its_hash_is_rewritten(
    trained: TinyProject,
) -> None:
    where = folder(trained, "ledger")
    rows = pq.read_table(where / "ledger.parquet")
    pq.write_table(rows.slice(0, rows.num_rows - 1), where / "ledger.parquet")
    sha = sha256_of_file(where / "ledger.parquet")
    edit(where / "manifest.json", lambda m: m.update(rows=rows.num_rows - 1, files={"ledger.parquet": sha}))
    found = verify(trained.recipe(), trained.store).differences
    (row,) = [d for d in found if d.key == "first row that differs"]
    assert (row.said, row.found["id"]) == (None, rows["id"][-1].as_py())
    assert (rows.num_rows - 1, rows.num_rows) in [(d.said, d.found) for d in found if d.key == "/rows"]


def test_leakage_of_the_splits_that_the_ledger_does_not_know_of_is_found(trained: TinyProject) -> None:
    where = folder(trained, "splits") / "documents.parquet"
    table = pq.read_table(where)
    train = table["text"][table["split"].to_pylist().index("train")].as_py()
    texts = [train if row["split"] == "test" else row["text"] for row in table.to_pylist()]
    column = pa.array(texts, table.schema.field("text").type)
    at = table.schema.get_field_index("text")
    pq.write_table(table.set_column(at, table.schema.field("text"), column), where)
    found = verify(trained.recipe(), trained.store).differences
    assert (0.0, 1.0) in [(d.said, d.found) for d in found if d.key == "/facts/leakage/as_split/exact"]


def test_a_number_of_a_verdict_is_found(trained: TinyProject) -> None:
    path = folder(trained, "splits") / "verdicts" / "no_leakage.json"
    edit(path, lambda v: v["verdict"].update(observed=0.25))
    found = verify(trained.recipe(), trained.store).differences
    assert [(_short(d.file), d.key, d.said, d.found) for d in found if d.key.startswith("/verdict")] == [
        ("splits/verdicts/no_leakage.json", "/verdict/observed", 0.0, 0.25)
    ]
    assert [d.key for d in found] == ["/verdict/observed", "SHA-256 in the data sheet"]


def test_a_verdict_on_other_data_and_one_that_did_not_pass_are_found(trained: TinyProject) -> None:
    path = folder(trained, "clean", "one") / "verdicts" / "rejected_share.json"
    edit(path, lambda v: v.update(digest="0" * 64))
    other = folder(trained, "checkpoint", "base") / "verdicts" / "f1_token_micro_f1.json"
    edit(other, lambda v: v["verdict"].update(outcome="failed"))
    found = verify(trained.recipe(), trained.store).differences
    assert "/digest" in [d.key for d in found if d.file.endswith("rejected_share.json")]
    assert [d.file for d in found if d.key == "/gates"] == [
        "journeys/checkpoint/base/published.json",
        "corpora/tiny/clean/one.jsonl/published.json",
    ]


def test_a_verdict_that_its_gate_does_not_give_is_found_when_gates_judge_again(trained: TinyProject) -> None:
    path = folder(trained, "clean", "one") / "verdicts" / "rejected_share.json"
    edit(path, lambda v: v["verdict"].update(message="nothing was rejected"))
    assert differences(trained) == []
    assert differences(trained, gates=True) == ["clean/verdicts/rejected_share.json /verdict/message"]


def test_a_number_of_the_data_sheet_is_found_in_json_and_in_markdown(trained: TinyProject) -> None:
    where = folder(trained, "release")
    sheet = where / "data_sheet.md"
    sheet.write_text(sheet.read_text().replace("| 43 [m1] |", "| 44 [m1] |"))

    def more(statements: list[dict[str, Any]]) -> None:
        next(s for s in statements if s["value"] == 43)["value"] = 45

    edit(where / "data_sheet.json", more)
    found = verify(trained.recipe(), trained.store).differences
    said = [(_short(d.file), d.key, d.said, d.found) for d in found if d.key in ("/rows", "[m1]")]
    assert said == [
        ("raw/manifest.json", "/rows", 45, 43),
        ("release/data_sheet.md", "[m1]", "44", "no such statement in data_sheet.json"),
    ]


def test_a_setting_of_the_recipe_that_is_no_longer_what_the_sheet_says_is_found(trained: TinyProject) -> None:
    trained.edit_corpus(cleaning=["normalize_unicode", "collapse_whitespace", {"use": "min_length", "chars": 6}])
    found = verify(trained.recipe(), trained.store).differences
    assert [(d.file, d.key, d.said, d.found) for d in found] == [("corpora.yaml", "/tiny/cleaning/2/chars", 5, 6)]


def test_a_number_of_the_model_card_is_found(trained: TinyProject) -> None:
    card = folder(trained, "release") / "model_card.md"
    lines = card.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("| token_micro_f1 |"))
    lines[at] = "| token_micro_f1 | 0.9999 |"
    card.write_text("\n".join(lines) + "\n")
    found = verify(trained.recipe(), trained.store).differences
    assert ("Numbers on the test split", "| token_micro_f1 | 0.9999 |") in [(d.key, d.said) for d in found]


@pytest.mark.parametrize(
    ("stage", "partition", "name"),
    [
        ("raw", "one", "rejected.parquet"),
        ("augmented", "base", "documents.parquet"),
        ("release", None, "evaluation.json"),
        ("release", None, "data_sheet.json"),
        ("release", None, "provenance.json"),
        ("splits", None, "manifest.json"),
        ("ledger", None, "ledger.parquet"),
        ("splits", None, "verdicts/no_leakage.json"),
        ("checkpoint", "base", "model/config.json"),
    ],
)
def test_a_missing_file_is_named(trained: TinyProject, stage: str, partition: str | None, name: str) -> None:
    (folder(trained, stage, partition) / name).unlink()
    found = verify(trained.recipe(), trained.store)
    assert f"{stage}/{name}" in {_short(d.file) for d in found.differences}


def test_predictions_swapped_with_their_hashes_are_found_by_scoring_them_again(trained: TinyProject) -> None:
    for stage, partition in (("release", None), ("checkpoint", "base")):
        where = folder(trained, stage, partition)
        table = pq.read_table(where / "predictions.parquet")
        spans = table.column("spans").take(pa.array(range(table.num_rows - 1, -1, -1)))
        index = table.schema.get_field_index("spans")
        pq.write_table(table.set_column(index, table.schema.field(index), spans), where / "predictions.parquet")
        sha = sha256_of_file(where / "predictions.parquet")
        edit(where / "manifest.json", lambda m, s=sha: m["files"].update({"predictions.parquet": s}))  # type: ignore[misc]
    found = differences(trained)
    assert "release/evaluation.json /metrics/entity_f1" in found
    assert "checkpoint/manifest.json /digest" in found


def test_predictions_of_another_checkpoint_are_found(trained: TinyProject) -> None:
    where = folder(trained, "release")
    shutil.copy2(folder(trained, "splits") / "documents.parquet", where / "predictions.parquet")
    assert "release/predictions.parquet SHA-256" in differences(trained)


def test_nothing_released_is_said_as_such(made: TinyProject) -> None:
    with pytest.raises(GateNotPassed, match="journeys/release: nothing is released; `gristmill run journeys` does"):
        verify(made.recipe(), made.store)


def test_the_command_says_what_agrees_and_exits_with_1_where_something_differs(trained: TinyProject) -> None:
    right = CliRunner().invoke(main, ["verify", "journeys"])
    assert (right.exit_code, right.output.endswith(" numbers in 9 versions agree\n")) == (0, True)
    edit(folder(trained, "splits") / "manifest.json", lambda m: m.update(rows=81))
    wrong = CliRunner().invoke(main, ["verify", "journeys"])
    assert wrong.exit_code == 1
    assert "/manifest.json /rows: said 81, the store has 80\n" in wrong.output
    as_json = CliRunner().invoke(main, ["verify", "journeys", "--json"])
    told = json.loads(as_json.output)
    assert (as_json.exit_code, told["agree"], told["versions"]) == (1, False, 9)
    assert {"file", "key", "said", "found"} == set(told["differences"][0])


def test_a_remote_store_is_read_as_it_is_now_and_not_from_a_copy_of_before() -> None:
    store = Store("memory://verify-tests")
    for content in (b"one", b"two"):
        store.files.fs.pipe_file(store.files.path("a/file"), content)
        with local(store, "a/file") as path:
            assert path.read_bytes() == content
    assert not path.exists()


def test_floats_are_compared_to_nine_digits_and_json_leaf_by_leaf() -> None:
    found = Findings(Store("memory://verify-tests"))
    assert found.same("f", "/a", 0.1 + 0.2, 0.3)
    found.alike("f", {"a": [1, {"b/c": 2}], "d": 1}, {"a": [1, {"b/c": 3}]})
    assert [(d.key, d.said, d.found) for d in found.differences] == [("/a/1/b~1c", 2, 3), ("/d", 1, "nothing")]


def test_a_version_of_the_ancestry_that_is_gone_is_named_by_its_manifest(trained: TinyProject) -> None:
    recipe, store = trained.recipe(), trained.store
    clean = store.published(Place("corpora/tiny/clean", "one.jsonl"))
    assert clean is not None
    shutil.rmtree(store.where(clean))
    named = differences(trained)
    assert "clean/manifest.json " in named
    assert stages.release(recipe, store).place == recipe.place("release")
