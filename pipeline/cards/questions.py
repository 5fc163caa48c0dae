"""The questions of a data sheet, after Gebru et al., "Datasheets for Datasets" (2018; CACM 64(12), 2021).

The sections are the paper's, the words are not. A corpus answers in recipes/corpora.yaml, under `datasheet`, by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question in one section. `pipeline` is true where manifests, verdicts or the recipe hold an answer."""

    section: str
    text: str
    pipeline: bool


def _section(name: str, pipeline: Mapping[str, str], person: Mapping[str, str]) -> dict[str, Question]:
    found = {key: Question(name, text, True) for key, text in pipeline.items()}
    return found | {key: Question(name, text, False) for key, text in person.items()}


QUESTIONS: Mapping[str, Question] = {
    **_section(
        "Motivation",
        {"purpose": "What was it put together for?"},
        {"creators": "Who put it together, and on whose behalf?", "funding": "Who paid for it?"},
    ),
    **_section(
        "Composition",
        {
            "instances": "What is one instance, and what does it hold?",
            "counts": "How many instances are there of each kind?",
            "labels": "What is the label or target of an instance?",
            "missing": "What do instances lack?",
            "relationships": "Which instances belong together?",
            "subpopulations": "Which groups can be told apart, and how large are they?",
            "splits": "Which splits should be used?",
            "errors": "What is known of errors, noise and repetitions?",
            "self_contained": "Does it stand alone, or on something that may change or vanish?",
            "confidential": "Does it hold what identifies persons?",
        },
        {
            "larger_set": "Is it a sample of something larger, and does it stand for it?",
            "offensive": "Does it hold what may hurt or insult?",
        },
    ),
    **_section(
        "Collection process",
        {
            "acquisition": "Where was each part read from?",
            "timeframe": "When was it read?",
            "sampling": "How was it sampled?",
        },
        {
            "mechanism": "How did the texts and their annotations come about, and how was that checked?",
            "collectors": "Who collected and annotated, and how were they paid?",
            "period": "From which time are the texts?",
            "ethics": "Was there an ethical review?",
            "consent": "Do the persons in it know, did they agree, and can they withdraw?",
        },
    ),
    **_section(
        "Preprocessing, cleaning, labelling",
        {
            "steps": "What was done to the raw text, and what did it drop or mask?",
            "raw_kept": "Is the raw text kept?",
            "software": "Is what prepared it at hand?",
        },
        {},
    ),
    **_section(
        "Uses",
        {"tasks": "Which task is it for?", "untested": "What was not tested?"},
        {
            "used_already": "What has it been used for before?",
            "impact": "What in its making may harm in later uses, and what should it not be used for?",
        },
    ),
    **_section(
        "Distribution",
        {"licence": "Under which terms?"},
        {
            "recipients": "Who outside gets it, how and when?",
            "restrictions": "Do third parties or export rules restrict it?",
        },
    ),
    **_section(
        "Maintenance",
        {"versions": "Which version is this?", "rebuild": "How is it made again, and how is this sheet checked?"},
        {
            "owner": "Who keeps it up, and how can they be reached?",
            "updates": "Will it be corrected and updated, by whom, how often?",
            "retention": "For how long may text about persons be kept?",
        },
    ),
}
