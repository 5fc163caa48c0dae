"""Takes a published release and recomputes from the store everything that it says. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.cards import ancestry
from pipeline.cards.chain import stage_of
from pipeline.errors import GateNotPassed
from pipeline.recipe import Recipe
from pipeline.store import Store
from pipeline.verifying._bytes import same_bytes
from pipeline.verifying._counts import same_counts
from pipeline.verifying._findings import Difference, Findings
from pipeline.verifying._ledger import same_ledger
from pipeline.verifying._scores import same_scores
from pipeline.verifying._statements import same_statements
from pipeline.verifying._verdicts import judged_again, same_verdicts
from pipeline.version import ALL, Place, Version

__all__ = ["Difference", "Findings", "verify"]


def verify(recipe: Recipe, store: Store, *, gates: bool = False) -> Findings:
    """Every difference between what the published release says and what the store holds.

    The versions are those of the release's `provenance.json`. For each of them: the bytes of its files, the digest of
    its content, its name, its counts, its verdicts. For the release: every statement of the data sheet, every number of
    the model card, the scores of its predictions. With `gates` every gate is judged again.

    Raises:
        GateNotPassed: nothing is released.
    """
    place = recipe.place("release")
    pointer = store.pointer(place)
    if pointer is None:
        raise GateNotPassed(f"{place}: nothing is released; `gristmill run {recipe.name}` does")
    found = Findings(store)
    release = found.version(place, pointer.version)
    if release is None:
        return found
    found.same(f"{place.asset}/{place.partition}/published.json", "/digest", pointer.digest, release.digest)
    chain = list(_chain(release, found))
    for version in (release, *chain):
        same_bytes(version, chain, found)
        if stage_of(version.place) == "ledger":
            same_ledger(version, chain, recipe, found)
        else:
            same_counts(version, chain, recipe, found)
        same_verdicts(version, found)
    same_statements(release, recipe, found)
    same_scores(release, chain, recipe, found)
    if gates:
        judged_again(chain, recipe, found)
    return found


def _chain(release: Version, found: Findings) -> Iterator[Version]:
    """The versions that the provenance names, each compared with its own manifest."""
    file = f"{found.folder(release)}/provenance.json"
    known = found.json(file)
    if known is None:
        yield from list(ancestry([release], found.store))[1:]
        return
    for said in known:
        asset, _, partition = str(said["asset"]).removesuffix("]").partition("[")
        version = found.version(Place(asset, partition or ALL), said["version"])
        if version is not None:
            manifest = f"{found.folder(version)}/manifest.json"
            found.alike(manifest, {k: v for k, v in said.items() if k != "asset"}, found.json(manifest))
            yield version
