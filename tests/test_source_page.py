"""The page on sources: each example builds, and the table names every source there is."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from pipeline.part import build, names

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "sources.md").read_text(encoding="utf-8")


def test_every_example_of_the_page_builds() -> None:
    corpora = [
        corpus for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) for corpus in yaml.safe_load(block).items()
    ]
    built = {name: build("source", corpus["source"]).name for name, corpus in corpora}
    assert built == {
        "articles": "text",
        "pages": "html",
        "crawl": "warc",
        "reviews": "sql",
        "news": "dataset_folder",
    }


def test_the_table_names_every_source() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE, re.M)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == names("source")
