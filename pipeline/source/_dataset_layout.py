"""What a folder of the Hugging Face kind says of itself: which files make which split, class names, the licence."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from pipeline.errors import SourceError, did_you_mean
from pipeline.source._compressed import kind_of

KINDS = ("arrow", "csv", "json", "jsonl", "ndjson", "parquet", "tsv")
_OWN = ("dataset_dict.json", "dataset_info.json", "dataset_infos.json", "state.json")
_MOST = 1 << 20
_SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "eval"),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Split → files relative to the folder; column → names of its classes; the licence, empty where none is said."""

    splits: Mapping[str, Sequence[str]]
    classes: Mapping[str, tuple[str, ...]]
    licence: str


def layout(fs: Any, root: str, config: str | None) -> Layout:
    """The layout of a `save_to_disk` folder or of a repository. Raises SourceError where it is neither."""
    names = {path.removeprefix(root.rstrip("/") + "/") for path in fs.find(root)}
    if "dataset_dict.json" in names:
        raw = _json(fs, root, "dataset_dict.json").get("splits")
        saved = [s for s in raw if isinstance(s, str)] if isinstance(raw, list) else []
        return _saved(fs, root, {split: f"{split}/" for split in saved})
    if "state.json" in names:
        return _saved(fs, root, {str(_json(fs, root, "state.json").get("_split") or "train"): ""})
    header = _header(fs, root) if "README.md" in names else {}
    files = sorted(n for n in names if kind(n) and not any(p.startswith(".") for p in n.split("/")))
    chosen = _config(header, config, root)
    splits = _declared(chosen, files) if chosen else _guessed(files)
    if not any(splits.values()):
        raise SourceError(f"{root}: holds no data file ({', '.join(KINDS)}) of a split; check `path` and README.md")
    licence = header.get("license", header.get("licence", ""))
    said = ", ".join(map(str, licence)) if isinstance(licence, list) else str(licence or "")
    return Layout(splits, _readme_classes(header, chosen) or _parquet_classes(fs, root, splits), said)


def kind(name: str) -> str:
    """The ending that says how a file is read; empty where it is no data.

    >>> kind("data/train-0.jsonl.gz"), kind("README.md")
    ('jsonl', '')
    """
    if name.rsplit("/", 1)[-1] in _OWN:
        return ""
    stem = name.rpartition(".")[0] if kind_of(name) else name
    ending = stem.rpartition(".")[2].lower()
    return ending if ending in KINDS else ""


def _saved(fs: Any, root: str, folders: Mapping[str, str]) -> Layout:
    splits, classes, licence = dict[str, list[str]](), dict[str, tuple[str, ...]](), ""
    for split, folder in folders.items():
        listed = _json(fs, root, f"{folder}state.json").get("_data_files")
        found = [f.get("filename") for f in listed if isinstance(f, dict)] if isinstance(listed, list) else []
        if not found or not all(isinstance(f, str) for f in found):
            raise SourceError(f"{root}/{folder}state.json: names no `_data_files`; save the data set again")
        splits[split] = [f"{folder}{name}" for name in found]
        info = _json(fs, root, f"{folder}dataset_info.json")
        classes |= _feature_classes(info.get("features"))
        licence = licence or str(info.get("license") or "")
    if not splits:
        raise SourceError(f"{root}/dataset_dict.json: names no `splits`; save the data set again")
    return Layout(splits, classes, licence)


def _json(fs: Any, root: str, name: str) -> dict[str, Any]:
    path = f"{root.rstrip('/')}/{name}"
    try:
        value = json.loads(fs.cat_file(path, end=_MOST))
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{path}: cannot be read: {error}; save the data set again") from error
    return value if isinstance(value, dict) else {}


def _header(fs: Any, root: str) -> dict[str, Any]:
    """The YAML between the `---` lines of README.md, loaded as plain values."""
    path = f"{root.rstrip('/')}/README.md"
    raw = fs.cat_file(path, end=_MOST).decode("utf-8", "replace").replace("\r\n", "\n")
    match = re.match(r"\ufeff?---\n(.*?)\n---[ \t]*(\n|$)", raw, re.DOTALL)
    try:
        value = yaml.safe_load(match.group(1)) if match else {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise SourceError(f"{path}: the header is not YAML: {said}") from error
    return value if isinstance(value, dict) else {}


def _config(header: Mapping[str, Any], name: str | None, root: str) -> dict[str, Any] | None:
    """The configuration that is asked for, or the only or default one; None where README.md names no files."""
    raw = header.get("configs")
    listed = [c for c in raw if isinstance(c, dict) and c.get("data_files")] if isinstance(raw, list) else []
    known = {str(c.get("config_name", "default")): c for c in listed}
    if name is not None:
        if name not in known:
            raise SourceError(f"{root}: README.md names no config {name!r}; {did_you_mean(name, known)}")
        return known[name]
    if len(known) < 2:
        return next(iter(known.values()), None)
    default = next((c for c in listed if c.get("default") is True), known.get("default"))
    if default is None:
        raise SourceError(f"{root}: README.md names several configs; set `config`: {', '.join(sorted(known))}")
    return default


def _declared(config: Mapping[str, Any], files: Sequence[str]) -> dict[str, list[str]]:
    """Split → files, by the globs of a configuration."""
    asked, folder = config["data_files"], str(config.get("data_dir") or "").strip("/")
    entries = asked if isinstance(asked, list) else [asked]
    splits: dict[str, list[str]] = {}
    for entry in entries:
        split, paths = (entry.get("split", "train"), entry.get("path")) if isinstance(entry, dict) else ("train", entry)
        for path in paths if isinstance(paths, list) else [paths]:
            glob = f"{folder}/{path}" if folder else str(path)
            found = [name for name in files if fnmatch.fnmatchcase(name, glob)]
            held = splits.setdefault(str(split), [])
            held += [name for name in found if name not in held]
    return splits


def _guessed(files: Sequence[str]) -> dict[str, list[str]]:
    """Split → files whose path names it; where none names one, all are `train`. Others are left out, as on the hub."""
    splits: dict[str, list[str]] = {}
    for name in files:
        words = re.findall(r"[a-z]+", name.lower())
        found = next((split for split, known in _SPLITS.items() if set(known) & set(words)), None)
        if found:
            splits.setdefault(found, []).append(name)
    return splits or {"train": list(files)}


def _feature_classes(features: Any) -> dict[str, tuple[str, ...]]:
    known = features.items() if isinstance(features, dict) else ()
    return {
        str(name): tuple(map(str, feature["names"]))
        for name, feature in known
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)
    }


def _readme_classes(header: Mapping[str, Any], config: Mapping[str, Any] | None) -> dict[str, tuple[str, ...]]:
    raw = header.get("dataset_info")
    infos = [i for i in (raw if isinstance(raw, list) else [raw]) if isinstance(i, dict)]
    wanted = (config or {}).get("config_name")
    info = next((i for i in infos if i.get("config_name") == wanted), infos[0] if len(infos) == 1 else {})
    classes: dict[str, tuple[str, ...]] = {}
    for feature in info.get("features") or () if isinstance(info.get("features"), list) else ():
        kind = feature.get("dtype") if isinstance(feature, dict) else None
        names = (kind.get("class_label") or {}).get("names") if isinstance(kind, dict) else None
        if isinstance(names, dict):
            ordered = sorted(names.items(), key=lambda item: int(item[0]) if str(item[0]).isdecimal() else 0)
            names = [name for _, name in ordered]
        if isinstance(names, list):
            classes[str(feature["name"])] = tuple(map(str, names))
    return classes


def _parquet_classes(fs: Any, root: str, splits: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The classes that the first Parquet file's own schema names, as `datasets` writes it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = next((name for names in splits.values() for name in names if kind(name) == "parquet"), None)
    if first is None:
        return {}
    try:
        with fs.open(f"{root.rstrip('/')}/{first}", "rb") as stream:
            written = (pq.read_schema(stream).metadata or {}).get(b"huggingface", b"{}")
        return _feature_classes(json.loads(written)["info"]["features"])
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):  # whoever reads the file says what is wrong
        return {}
