"""A base model of a few thousand weights and a corpus of a few dozen sentences: enough to train in a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.frames import to_table
from pipeline.part import find, names
from pipeline.task.ner import Ner
from pipeline.task.text_classification import TextClassification
from pipeline.training import Splits
from pipeline.training._settings import Gradient
from pipeline.types import Device, Document, Span

# of the methods, those that train on whatever head by the fit that all of them share
METHODS = [name for name in names("training") if getattr(find("training", name), "fit", None) is Gradient.fit]
TASK = Ner(labels=("PER", "LOC"))
LABELLED = TextClassification(labels=("good", "bad"))
CPU = Device(threads=1)
PEOPLE, PLACES = ("Anna", "Bo", "李鹏", "Zoë"), ("Bern", "Oslo", "北京", "New York")


def sentences(prefix: str, count: int) -> list[Document]:
    """`count` annotated documents of different lengths and weights."""
    made = []
    for i in range(count):
        person, place = PEOPLE[i % 4], PLACES[(i // 4) % 4]
        text = f"{'then ' * (i % 5)}{person} went to {place}"
        at = text.index(person)
        spans = (Span(at, at + len(person), "PER"), Span(len(text) - len(place), len(text), "LOC"))
        label = "good" if i % 2 else "bad"
        text = f"{text} {'gladly' if i % 2 else 'sadly'}"
        made.append(Document(f"{prefix}{i}", text, group_id=f"{prefix}{i}", spans=spans, label=label, weight=1 + i % 2))
    return made


def splits(train: int = 48) -> Splits:
    """Train, validation and test of `sentences`."""
    return Splits(
        train=to_table(sentences("a", train)),
        validation=to_table(sentences("b", 12)),
        test=to_table(sentences("c", 12)),
        digest="d",
    )


def tiny_bert(folder: Path, positions: int = 64) -> Path:
    """A BERT of width 16 with two layers, saved as `save_pretrained` does."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    letters = [*"abnortwyzANBOYZ李鹏北京", *(f"##{c}" for c in "aeklnorswyë")]
    words = ["then", "went", "to", "glad", "sad", "##ly", *letters]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=positions,
    )
    BertModel(config).save_pretrained(folder)
    rust: Any = BertWordPieceTokenizer({word: i for i, word in enumerate(vocabulary)}, lowercase=False)
    options: dict[str, Any] = {"do_lower_case": False, "model_max_length": positions}
    BertTokenizerFast(tokenizer_object=rust._tokenizer, **options).save_pretrained(folder)
    return folder


@contextmanager
def recorded_scores() -> Iterator[list[Any]]:
    """The log probabilities of the test windows that a fit inside of the block predicts with."""
    from pipeline.training import _fit

    scores, plain = list[Any](), _fit.log_probabilities

    def recorded(model: Any, examples: Any, *arguments: Any) -> Any:
        found = plain(model, examples, *arguments)
        if examples.documents[0].id.startswith("c"):
            scores[:] = found
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_fit, "log_probabilities", recorded)
        yield scores


def scores_of(model: Any, tokenizer: Any, folder: Path, given: Splits | None = None) -> tuple[Any, list[Any]]:
    """The test documents as a checkpoint's folder says they are read, and a network's log probabilities of them."""
    from pipeline.training import _facts
    from pipeline.training._forward import log_probabilities

    facts = _facts.read(folder)
    examples = facts.encoder(tokenizer).encode((given or splits()).test)
    return examples, log_probabilities(model, examples, facts.batch_tokens, CPU, tokenizer.pad_token_id)


def largest_difference(one: list[Any], other: list[Any]) -> float:
    """Between log probabilities of the same windows."""
    assert [s.shape for s in one] == [s.shape for s in other]
    return max(float(abs(a - b).max()) for a, b in zip(one, other, strict=True))
