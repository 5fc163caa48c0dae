"""The four requirements on training data, and which gates measure each."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.gate import Gate
from pipeline.part import use_of

MEASURED_BY: Mapping[str, tuple[str, ...]] = {
    "representative": (
        "c2st_auc",
        "js_divergence",
        "reference_coverage",
        "group_share",
        "label_shift",
        "language_share",
    ),
    "diverse": ("distinct_n", "mtld", "self_repetition", "xz_ratio", "vendi", "duplicate_share"),
    "unbiased": (
        "group_share",
        "label_given_group",
        "split_shares",
        "word_association",
        "recall_gap",
        "precision_gap",
        "equalized_odds",
        "selection_rate",
        "counterfactual_gap",
    ),
    "well annotated": (
        "labels_known",
        "labels_covered",
        "spans_true",
        "bio_valid",
        "label_conflicts",
        "mention_conflicts",
        "unannotated_mentions",
        "no_leakage",
    ),
}


def of(gate: Gate) -> tuple[str, ...]:
    """The requirements that a gate measures: as its class says, else as the table above does."""
    return gate.requirements or tuple(name for name, uses in MEASURED_BY.items() if use_of(type(gate)) in uses)
