"""Whether the checkpoint answers otherwise where the same sentence has the name, or the word, of another group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from pipeline.errors import WrongUse
from pipeline.fairness._differences import gaps_shown
from pipeline.fairness._gaps import GapGate
from pipeline.fairness._groups import UNKNOWN, mentions, span_rows
from pipeline.fairness._paired import paired_gaps, table
from pipeline.fairness._predictions import aligned
from pipeline.fairness._swaps import GENDER, GROUP, MADE_BY, OF, ORIGIN, Swaps
from pipeline.fairness._terms import TERMS
from pipeline.fairness._training import MIN_ROOTS, roots
from pipeline.frames import Frame, to_table
from pipeline.language.names import groups as groups_with_names
from pipeline.types import Document, Json, Span, Verdict

SHOWN = 20  # of the worst sentences
_FACTORS = {"gender": (GENDER, ORIGIN), "origin": (ORIGIN, GENDER)}


class CounterfactualGap(GapGate):
    """The largest paired difference between two groups on counterfactual copies: one sentence, another group's name.

    The stage writes a copy of `documents` test documents for every group (`groups`; none: those of the language,
    `_swaps.py`): every full name gets one of that group, of a like place in its list and a like length, that does not
    stand in the training documents, in whole or in part. `by: gender` compares recall (0 to 1) on these names between
    genders with the origin held equal, `by: origin` between origins with the gender held equal. Text classification has
    `by: terms`: identity terms (`terms`, by language and group: lists of one length) are exchanged, and the share of
    copies given a label is compared. It measures how words are treated, not people: groups of names are inferred by
    lexicon.

    Since sentences are the same, some hundred decide what separate test sets need thousands for. Passed, failed and not
    judged by the paired interval (`_paired.py`) as in `recall_gap`; `min_support` counts the names, or texts, that have
    a copy for every group. Evidence: flip rate (the share of answers that change with the group, all else equal),
    each group's share, and ids of the sentences that differ most.
    """

    example: ClassVar[Mapping[str, Any]] = {"by": "gender", "at_most": 0.05}
    remedy: ClassVar[str] = "augment with names of the group that is found less often (swap_names)"

    by: Literal["gender", "origin", "terms"] = "gender"
    labels: tuple[str, ...] = Field(("PER",), min_length=1)
    groups: tuple[str, ...] = ()
    documents: int = Field(300, ge=10)
    seed: int = 13
    terms: Mapping[str, Mapping[str, tuple[str, ...]]] = Field(
        {language: {g: tuple(words) for g, words in groups.items()} for language, groups in TERMS.items()}
    )

    @model_validator(mode="after")
    def _groups_that_can_be_compared(self) -> Self:
        for language, lists in self.terms.items():
            lengths = {group: len(words) for group, words in lists.items()}
            if len(lengths) < 2 or len(set(lengths.values())) > 1:
                raise ValueError(f"terms of {language}: two groups or more with lists of one length, got {lengths}")
        if self.groups:
            try:
                known = groups_with_names()
            except WrongUse as error:
                raise ValueError(str(error)) from error
            if len(self.groups) < 2 or set(self.groups) - set(known):
                raise ValueError(f"groups: two or more of {', '.join(known)}, got {list(self.groups)}")
        return self

    @property
    def measured(self) -> str:
        """What is compared, as verdicts call it."""
        return "share" if self.by == "terms" else "recall"

    def swaps(self) -> Swaps:
        """The copies that it needs of the test documents."""
        return Swaps(self.labels, self.groups, self.documents, self.seed, self.terms if self.by == "terms" else {})

    def check(self, frame: Frame) -> Verdict:
        """Judge one checkpoint on its counterfactual copies."""
        copies = frame.counterfactual
        if copies is None:
            said = "no test document has a full name or a term to exchange, or it is older than this gate"
            return self.open(f"the checkpoint holds no counterfactual copies: {said}; materialize it again")
        missing = self.missing(copies, "label" if self.by == "terms" else "spans")
        if missing is not None:
            return missing
        rows = self._terms(copies, frame.labels) if self.by == "terms" else self._names(copies)
        return self.paired(rows, self._scores(copies, frame.labels))

    def paired(self, rows: pl.DataFrame, more: Mapping[str, Json] | None = None) -> Verdict:
        """The verdict on rows as `_paired.py` has them; `more` is evidence to show with the rest."""
        wide, groups = table(rows)
        things = wide["thing"].n_unique()
        evidence: dict[str, Json] = {"compared": things, "documents": wide["of"].n_unique()}
        refused = self.refused(dict.fromkeys(groups, things), evidence)
        if refused is not None:
            return refused
        units = wide["unit"].n_unique()
        if len(groups) < 2 or things < self.min_support or units < MIN_ROOTS:
            message = f"{things} names or texts of {units} root documents with a copy for each of {len(groups)} groups;"
            needed = f"{self.min_support} of {MIN_ROOTS} and two groups are needed: add test text, or raise `documents`"
            return self.open(f"{message} {needed}", evidence)
        found, pairs = paired_gaps(wide, groups)
        differ = wide.select(pl.max_horizontal(groups) != pl.min_horizontal(groups)).to_series()
        flips = int(differ.sum())
        evidence |= {"flip_rate": flips / wide.height, "cells": self.shown(found), "gaps": gaps_shown(pairs)}
        evidence |= {"worst": _worst(wide, groups), **(more or {})}
        return self.concluded(pairs, f"; {flips} of {wide.height} answers change with the group", evidence)

    def _mine(self, copies: Frame) -> pl.DataFrame:
        """One row a copy: `of`, `copy` (its group), `unit`, and whether it was made by these settings (`mine`)."""
        documents, _ = aligned(copies)
        groups = documents["groups"].combine_chunks()
        said = {name: pc.map_lookup(groups, pa.scalar(key), "first") for name, key in
                (("of", OF), ("copy", GROUP), ("mine", MADE_BY))}  # fmt: skip
        rows = pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in said.items()})
        return rows.with_columns(unit=roots(documents), mine=pl.col("mine") == self.swaps().key)

    def _names(self, copies: Frame) -> pl.DataFrame:
        """One row a name that was put in: hit where a prediction has its start, end and label."""
        documents, predictions = aligned(copies)
        compared, equal = _FACTORS[self.by]
        found = span_rows(predictions["spans"]).unique().with_columns(hit=pl.lit(1, pl.Int64))
        gold = mentions(documents, compared).with_columns(equal=mentions(documents, equal)["group"])
        gold = gold.join(found, on=["row", "start", "end", "label"], how="left", maintain_order="left")
        gold = gold.hstack(self._mine(copies)[gold["row"].to_list()])
        place = pl.col("start").rank("ordinal").over("row")
        thing = pl.format("{}|{}", "of", place)
        gold = gold.filter((pl.col("group") != UNKNOWN) & pl.col("mine").fill_null(value=False))
        rows = gold.with_columns(pl.col("hit").fill_null(0), thing=thing)
        return rows.select("label", "unit", "of", "thing", "group", "hit", item=pl.format("{}|{}", "thing", "equal"))

    def _terms(self, copies: Frame, labels: tuple[str, ...]) -> pl.DataFrame:
        """One row a copy and label: hit where the label is predicted. Of two labels only the first."""
        _, predictions = aligned(copies)
        rows = self._mine(copies).with_columns(found=pl.Series(predictions["label"].to_pylist(), dtype=pl.String))
        rows = rows.filter(pl.col("mine").fill_null(value=False))
        known = list(labels) or sorted(set(rows["found"].drop_nulls()))
        hits = [
            rows.select(
                "unit",
                "of",
                label=pl.lit(name),
                thing="of",
                item="of",
                group="copy",
                hit=(pl.col("found").eq_missing(pl.lit(name))).cast(pl.Int64),
            )
            for name in (known[:1] if len(known) == 2 else known)
        ]
        return pl.concat(hits) if hits else _NOTHING

    def _scores(self, copies: Frame, labels: tuple[str, ...]) -> dict[str, Json]:
        """The mean probability of each label by group, where classifiers give probabilities."""
        _, predictions = aligned(copies)
        if self.by != "terms" or "scores" not in predictions.column_names:
            return {}
        rows = self._mine(copies).with_columns(scores=pl.Series(predictions["scores"].to_pylist()))
        rows = rows.filter(pl.col("mine").fill_null(value=False))
        by_group = rows.group_by("copy").agg(
            *(pl.col("scores").list.get(n, null_on_oob=True).mean().alias(name) for n, name in enumerate(labels))
        )
        return {"scores": [dict(row) for row in by_group.sort("copy").rename({"copy": "group"}).to_dicts()]}

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(missed=0)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(missed=30)

    @classmethod
    def _frame(cls, missed: int) -> Frame:
        made = cls(**cls.example).swaps()
        docs, found = [], []
        for n in range(60):
            for gender, name in (("female", "Anna Berg"), ("male", "Bert Berg")):
                known = {OF: str(n), GROUP: f"english_{gender}", MADE_BY: made.key}
                span = Span(0, 9, "PER", {GENDER: gender, ORIGIN: "english"})
                docs.append(Document(f"{n}{gender}", f"{name} left", group_id=str(n), spans=(span,), groups=known))
                found.append([] if gender == "female" and n < missed else [{"start": 0, "end": 9, "label": "PER"}])
        kind = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
        predictions = pa.table({"id": [d.id for d in docs], "spans": pa.array(found, kind)})
        copies = Frame(to_table(docs), predictions=predictions)
        return Frame(to_table([Document("0", "Bo Lee left")]), counterfactual=copies, labels=("PER",))


_NOTHING = pl.DataFrame(
    schema=dict.fromkeys(("label", "unit", "of", "thing", "item", "group"), pl.String) | {"hit": pl.Int64}
)


def _worst(wide: pl.DataFrame, groups: list[str]) -> list[Json]:
    """The documents whose share of hits differs most between groups: their id and the shares."""
    shares = wide.group_by("of").agg(*(pl.col(g).mean() for g in groups), things=pl.col("thing").n_unique())
    spread = shares.with_columns(spread=pl.max_horizontal(groups) - pl.min_horizontal(groups))
    rows = spread.filter(pl.col("spread") > 0).sort(["spread", "of"], descending=[True, False]).head(SHOWN)
    return [{"id": r["of"], "compared": r["things"], "found": {g: r[g] for g in groups}} for r in rows.to_dicts()]
