"""A stage's version as a materialization, a gate's verdict as a check result, a refusal as a failure that is final."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from assets import plots
from pipeline.errors import GristmillError, TrainingDied
from pipeline.store import Store
from pipeline.types import Verdict
from pipeline.version import Version, Waiver
from pipeline.work import Work, judge, make
from resources.gpu import TrainingRefused

_MARKDOWN = re.compile(r"[\\`*\[\]<>&~|]|(?<!\w)_|_(?!\w)")  # what means something there; entity_f1 does not
RETRIES = 2  # of a training that was killed; each goes on from the last resume point


def materialized(work: Work, store: Store) -> dg.MaterializeResult[Any]:
    """Make the version (or look it up) and describe it; the data version is the digest of what was written."""
    there = store.find(work.place, work.version) is not None
    version = make(work, store)
    metadata = {**_described(version, store), "looked_up": there}
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(version.digest[:16]))


def checked(work: Work, store: Store, key: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    """Judge the version and give every verdict with its numbers and evidence."""
    verdicts = judge(work, store)
    version = store.find(work.place, work.version)
    waivers = store.waivers(version) if version else {}
    docs = store.data_docs(version) if version else None
    for gate, verdict in zip(work.gates, verdicts, strict=True):
        waiver = None if verdict.outcome == "passed" else waivers.get(verdict.gate)
        outcome = verdict.outcome if waiver is None else f"{verdict.outcome}, waived by {waiver.who}"
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=verdict.gate,
            passed=verdict.outcome == "passed" or waiver is not None,
            severity=dg.AssetCheckSeverity.WARN if gate.severity == "warn" else dg.AssetCheckSeverity.ERROR,
            description=_as_text(f"{outcome}: {verdict.message}"),
            metadata={**_judged(verdict, waiver), **plots.of_verdict(verdict), **_data_docs(docs)},
        )


@contextmanager
def refusals() -> Iterator[None]:
    """What Gristmill refuses fails the step with its reason, and is not tried again; a killed training is."""
    try:
        yield
    except TrainingRefused as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    except TrainingDied as error:
        # not a RetryPolicy of the asset: Dagster follows one after an interrupt too, and Ctrl-C would start it again
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=2) from error
    except GristmillError as error:
        raise dg.Failure(f"{type(error).__name__}: {error}", allow_retries=False) from error


def _as_text(message: str) -> str:
    """For a description, which the web UI shows as Markdown with HTML in it: what a corpus says there stays text.

    >>> _as_text("failed: 2: <img src=x>, entity_f1")
    'failed: 2: \\\\<img src=x\\\\>, entity_f1'
    """
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(message.split()))


def _data_docs(where: str | None) -> dict[str, Any]:
    """A link where a browser can follow it, else a path."""
    if where is None:
        return {}
    is_url = where.startswith(("http://", "https://"))
    return {"data_docs": dg.MetadataValue.url(where) if is_url else dg.MetadataValue.path(where)}


def _judged(verdict: Verdict, waiver: Waiver | None) -> dict[str, Any]:
    numbers: dict[str, Any] = {"outcome": verdict.outcome, "limit": verdict.limit}
    if verdict.observed is not None:
        numbers["observed"] = float(f"{verdict.observed:.6g}")
    if verdict.evidence:
        numbers["evidence"] = dg.MetadataValue.json(dict(verdict.evidence))
    if waiver is not None:
        numbers["waived"] = f"{waiver.who}, {waiver.when[:10]}: {waiver.why}"
    return numbers


def _described(version: Version, store: Store) -> dict[str, Any]:
    """What a person looks for first stands first: counts, numbers, pictures; last where it lies and from what."""
    manifest = version.manifest
    shown: dict[str, Any] = {"dagster/row_count": manifest.rows, "rejected": manifest.rejected}
    for name, value in manifest.facts.items():
        if name == "metrics" and isinstance(value, Mapping):
            shown.update({k: round(float(v), 4) for k, v in value.items() if isinstance(v, int | float)})
    shown |= plots.of(version, store)
    for name, value in manifest.facts.items():
        if isinstance(value, Mapping) and name != "metrics":
            shown[name] = dg.MetadataValue.json(dict(value))
        elif isinstance(value, str | int | float):
            shown[name] = value
    shown |= {"version": version.name, "digest": version.digest, "seconds": round(manifest.seconds, 1)}
    shown["path"] = dg.MetadataValue.path(store.where(version))
    inputs = [
        {"asset": i.asset, "partition": i.partition, "version": i.version or i.digest[:16]} for i in manifest.inputs
    ]
    shown["inputs"] = dg.MetadataValue.table([dg.TableRecord(i) for i in inputs])
    refused = [f"{i.asset}[{i.partition}]: {i.refused_newer}" for i in manifest.inputs if i.refused_newer]
    return {**shown, "newer_versions_refused": refused} if refused else shown
