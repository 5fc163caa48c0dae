"""The proof by trial finds what is planted, and nothing in what the parts make."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pyarrow as pa
import pytest
from click.testing import CliRunner
from conftest import TinyProject

from assets.cli import main
from pipeline import proving
from pipeline.augmentation.swap_entities import SwapEntities
from pipeline.errors import WrongUse
from pipeline.frames import documents_of, to_batch, to_table
from pipeline.part import names
from pipeline.types import Document, Rejected, Span

KEYS = {
    "recipe",
    "sentences",
    "misaligned",
    "invalid",
    "wrong_split",
    "refused",
    "by_operation",
    "faults",
    "left_out",
    "seconds",
}


def test_the_command_proves_every_operation_and_says_how_often_each_refused(made: TinyProject) -> None:
    result = CliRunner().invoke(
        main, ["prove-augmentation", "journeys", "--sentences", "400", "--seed", "5", "--jobs", "1", "--json"]
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert set(report) == KEYS
    assert report["sentences"] >= 400
    assert (report["misaligned"], report["invalid"], report["wrong_split"], report["faults"]) == (0, 0, 0, {})
    assert set(report["by_operation"]) == set(report["refused"]) == set(names("augmentation"))
    assert report["by_operation"]["swap_entities"] > 0


def test_the_command_proves_the_operations_it_is_given(made: TinyProject) -> None:
    ask = ["prove-augmentation", "journeys", "--sentences", "20", "--jobs", "1", "--json", "--only"]
    given = "[swap_words, {use: back_translation, translator: {use: glossary, words: {flew: fly, with: con}}}]"
    result = CliRunner().invoke(main, [*ask, given])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert set(report["by_operation"]) == {"swap_words", "back_translation"}
    assert report["by_operation"]["swap_words"] >= 10
    assert (report["misaligned"], report["invalid"], report["wrong_split"]) == (0, 0, 0)
    wrong = CliRunner().invoke(main, [*ask, "swap_words"])
    assert wrong.exit_code == 2
    assert "is a list, such as [swap_words], got 'swap_words'" in wrong.output
    unknown = CliRunner().invoke(main, [*ask, "[swap_word]"])
    assert unknown.exit_code != 0
    assert "did you mean 'swap_words'?" in unknown.output


def test_the_same_seed_makes_the_same_augmenters() -> None:
    spec = {"use": "swap_entities"}
    first, second, other = (proving.build_random(spec, Random(seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other


class Careless(SwapEntities):
    """Makes a child and then moves what it is told to."""

    def batch(self, rows: pa.RecordBatch) -> tuple[pa.RecordBatch, list[str]]:
        children, reasons = super().batch(rows)
        return to_batch(map(self.moved, documents_of(children))), reasons

    def moved(self, child: Document) -> Document:
        spans = child.spans or ()
        first = spans[0]
        if self.seed % 2:
            return replace(child, split="test")
        return replace(child, spans=(Span(first.start, first.end - 1, first.label), *spans[1:]))


@pytest.mark.parametrize(("seed", "kind"), [(2, "misaligned"), (1, "wrong_split")])
def test_a_moved_span_and_a_wrong_split_are_counted(seed: int, kind: str) -> None:
    docs = [
        Document(f"d{n}", f"{name} left", "en", group_id=f"d{n}", split="train", spans=(Span(0, len(name), "PER"),))
        for n, name in enumerate(("Anna", "Carla", "Dmitri"))
    ]
    proof = proving.Proof()
    proving._one_round(Careless(seed=seed), to_table(docs), "careless", proof)
    assert proof.sentences["careless"] == 3
    assert getattr(proof, kind)["careless"] == 3


def test_spans_that_cut_a_word_are_invalid_where_the_parents_do_not() -> None:
    parent = Document("a", "Anna left", "en", spans=(Span(0, 4, "PER"),))
    child = replace(parent, id="c", spans=(Span(0, 3, "PER"),))
    assert not proving._tags_are_valid(child, [parent])
    assert proving._tags_are_valid(parent, [parent])
    assert proving._tags_are_valid(child, [child])


def test_what_is_refused_is_no_sentence() -> None:
    docs = [Document("d", "Anna left", "en", group_id="d", split="train", spans=(Span(0, 4, "PER"),))]
    proof = proving.Proof()
    proving._one_round(SwapEntities(), to_table(docs), "swap_entities", proof)
    assert (proof.sentences.total(), proof.refused["swap_entities"]) == (0, 1)
    assert isinstance(next(SwapEntities()(docs[0], Random(1))), Rejected)


def test_an_operation_whose_library_is_missing_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: SwapEntities, train: object) -> SwapEntities:
        raise WrongUse("pypinyin is not installed; pip install 'gristmill[augment]'")

    monkeypatch.setattr(SwapEntities, "fitted", missing)
    docs = [Document("d", "Anna left", "en", group_id="d", split="train", spans=(Span(0, 4, "PER"),))]
    _, proof = proving._proved((to_table(docs), "swap_entities", {"use": "swap_entities"}, 10, 1))
    assert proof.left_out == {"swap_entities": "pypinyin is not installed; pip install 'gristmill[augment]'"}
    assert proof.sentences.total() == 0
