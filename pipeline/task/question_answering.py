"""Extractive question answering: the words of a text that answer a question, or that it holds no answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import pyarrow as pa

from pipeline.errors import InvalidDocument
from pipeline.task import Evaluation
from pipeline.task._answer_scores import answer_errors, exact_match, likest_sentence, token_f1
from pipeline.task._document_slices import document_tables
from pipeline.task._learnable import LearnableTask, Reading, groups_of
from pipeline.task._roles import fault, place
from pipeline.task._scores import Draws, Rows, resampled, with_interval
from pipeline.types import Document, Range, Rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PREDICTIONS = pa.schema(
    [
        ("id", pa.string()),
        ("answer", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("score", pa.float64()),
        ("no_answer_score", pa.float64()),
    ]
)
SLICED = {"exact_match": (0, 2), "answer_f1": (1, 2)}  # columns of what each question counts
Row = tuple[str, str, Range, str]  # question, context, context's characters, answer


class QuestionAnswering(LearnableTask):
    """Find the answer to a question in a text. A document's text holds both: a span `question` at its beginning or its
    end, the rest is the context, in which a span `answer` stands.

    Without that span the context holds no answer (SQuAD 2.0). "No answer" is predicted where it is more probable than
    the best answer, in every window of the context. With `unanswerable: false` documents without an answer are rejected
    and an answer is always given. The headline `answer_f1` is the mean F1 of words of all questions.

    >>> from pipeline.types import Span
    >>> doc = Document("a", "Who left? Bo left.", spans=(Span(0, 9, "question"), Span(10, 12, "answer")))
    >>> QuestionAnswering().reading(doc)
    Reading(text=' Bo left.', at=9, first='Who left?', together=None)
    """

    headline: ClassVar[str] = "answer_f1"
    head: ClassVar[Literal["token", "sequence", "multi_label", "span"]] = "span"
    mentions: ClassVar[bool] = False
    pair: ClassVar[bool] = True

    labels: tuple[Literal["question"], Literal["answer"]] = ("question", "answer")
    unanswerable: bool = True

    @property
    def classes(self) -> tuple[str, ...]:
        """What each unit is scored as."""
        return ("start", "end")

    def accept(self, doc: Document) -> Document | Rejected:
        """The document; rejected where there is not one question at an edge with a context that is not empty, where
        there are several answers, or none and the task says that each has one."""
        wrong = fault(doc, ("question",), ("answer",))
        if not wrong:
            start, end = place(doc, "question")
            before, after = doc.text[:start].strip(), doc.text[end:].strip()
            if before and after:
                wrong = "the question stands inside of the context; put it before or after all of it"
            elif not before and not after:
                wrong = "there is no context: nothing stands beside the question"
            elif not self.unanswerable and all(s.label != "answer" for s in doc.spans or ()):
                wrong = "there is no span 'answer'; mark one, or let the task have `unanswerable: true`"
        return doc.rejected(f"{doc.source or doc.id}: {wrong}") if wrong else doc

    def reading(self, doc: Document) -> Reading:
        """The context, with the question whole before it."""
        start, end = place(doc, "question")
        at, stop = _context(doc.text, start, end)
        return Reading(doc.text[at:stop], at, first=doc.text[start:end])

    def targets(self, doc: Document, units: Sequence[Range]) -> list[int]:
        """The first and the last unit that share a character with the answer; nothing where there is none."""
        for span in doc.spans or ():
            if span.label == "answer":
                inside = [i for i, (a, b) in enumerate(units) if a < span.end and span.start < b]
                return [inside[0], inside[-1]] if inside else []
        return []

    def lost(self, doc: Document, units: Sequence[Range]) -> int:
        """1 where the answer does not come back from its units: no unit has its edges."""
        answers = [(s.start, s.end) for s in doc.spans or () if s.label == "answer"]
        found = self.targets(doc, units)
        back = [(units[found[0]][0], units[found[1]][1])] if found else []
        return int(bool(answers) and back != answers)

    def predicted(
        self, docs: Sequence[Document], units: Sequence[Sequence[Range]], scores: Sequence[NDArray[np.float32]]
    ) -> pa.Table:
        """Columns `id`, `answer` ("" for none), `start` and `end` (characters of the document, null for none), `score`
        and `no_answer_score`: log probabilities of the best answer and of "none"."""
        rows = []
        for doc, where, (none, best) in zip(docs, units, scores, strict=True):
            row = {"id": doc.id, "answer": "", "score": float(best[0]), "no_answer_score": float(none[0])}
            if best[1] >= 0 and (best[0] > none[0] or not self.unanswerable):
                start, end = where[int(best[1])][0], where[int(best[2])][1]
                found = doc.text[start:end]
                start += len(found) - len(found.lstrip())
                row |= {"answer": found.strip(), "start": start, "end": start + len(found.strip())}
            rows.append(row)
        return pa.Table.from_pylist(rows, schema=PREDICTIONS)

    def headline_value(self, gold: pa.Table, predictions: pa.Table) -> float:
        """Mean F1 of words."""
        return float(_means(_counts(_rows(gold), _answers(gold, predictions)).sum(0))[1])

    def headline_draws(self, gold: pa.Table, predictions: pa.Table) -> NDArray[np.float64]:
        """Mean F1 of words of every draw, shape (draws,)."""
        counts = _counts(_rows(gold), _answers(gold, predictions))
        return _means(resampled(counts, groups_of(gold)))[..., 1]

    def evaluate(self, test: pa.Table, predictions: pa.Table, train: pa.Table) -> Evaluation:
        """`exact_match` and `answer_f1` with `_low` and `_high` (95 %, bootstrap over groups) and baselines.

        Both are means over questions; "no answer" is right where there is none (Rajpurkar et al. 2016, 2018). The
        baseline answers each question with the sentence that shares most words with it, or never, whichever has the
        better F1 on `train`.

        Raises:
            InvalidDocument: predictions are not one row a test document in the same order.
        """
        rows, answers, sampler = _rows(test), _answers(test, predictions), Draws(groups_of(test))
        counts = _counts(rows, answers)
        draws = _means(sampler.sums(counts))
        point = _means(counts.sum(0))
        baseline = _means(_counts(rows, _baseline(rows, _rows(train))).sum(0))
        metrics: dict[str, float] = {}
        for at, name in enumerate(("exact_match", "answer_f1")):
            metrics |= with_interval(name, float(point[at]), draws[:, at])
            metrics[f"baseline_{name}"] = float(baseline[at])
        kinds: Rows = []
        for name, has in (("with an answer", True), ("without an answer", False)):
            chosen = [i for i, row in enumerate(rows) if bool(row[3]) is has]
            value = _means(counts[chosen].sum(0))
            share = {"exact_match": float(value[0]), "answer_f1": float(value[1])}
            kinds.append({"questions": name, **share, "support": len(chosen)})
        errors, wrong = answer_errors(test, predictions)
        tables: dict[str, Rows] = {
            "Questions by kind": kinds,
            **document_tables(test, counts, SLICED, sampler, "Questions"),
            "Errors by kind": wrong,
        }
        return Evaluation(metrics, tables, errors)


def _context(text: str, start: int, end: int) -> Range:
    """The characters of the context of a question at [start, end): what is on the side that holds something."""
    return (0, start) if not text[end:].strip() else (end, len(text))


def _rows(table: pa.Table) -> list[Row]:
    made = []
    for text, spans in zip(table["text"].to_pylist(), table["spans"].to_pylist(), strict=True):
        roles = {s["label"]: (s["start"], s["end"]) for s in spans or ()}
        asked = roles.get("question", (0, 0))
        where = _context(text, *asked)
        made.append((text[slice(*asked)], text[slice(*where)], where, text[slice(*roles.get("answer", (0, 0)))]))
    return made


def _answers(gold: pa.Table, predictions: pa.Table) -> list[str]:
    if gold["id"].to_pylist() != predictions["id"].to_pylist():
        raise InvalidDocument("predictions must have one row a test document in the same order")
    return list(predictions["answer"].to_pylist())


def _counts(rows: Sequence[Row], answers: Sequence[str]) -> NDArray[np.float64]:
    """(documents, 3): exact match, F1, and 1."""
    import numpy as np

    found = [[exact_match(r[3], a), token_f1(r[3], a), 1.0] for r, a in zip(rows, answers, strict=True)]
    return np.array(found, np.float64).reshape(len(found), 3)


def _means(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.asarray(counts[..., :2] / np.maximum(counts[..., 2:], 1))


def _baseline(rows: Sequence[Row], train: Sequence[Row]) -> list[str]:
    def sentences(of: Sequence[Row]) -> list[str]:
        return [context[slice(*likest_sentence(question, context))] for question, context, *_ in of]

    some, nothing = (_means(_counts(train, a).sum(0))[1] for a in (sentences(train), [""] * len(train)))
    return [""] * len(rows) if nothing > some else sentences(rows)
