"""What two texts share if they are the same text."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

_CHUNK_ROWS = 50_000
# After NFKC: a text of these alone has the same lower case as folded case.
_OTHER_CASE = "[^\x00-\x7f\u2000-\u206f\u2190-\u245f\u2500-\u2bff\u3000-\u9fff]"
# Up to the last character that no other one before it combines with: what stands before that has its final form.
_SETTLED = "(?s)^(.*)[!-~\u4e00-\u9fff]"
_STARTS = (16, 128)  # characters: of 50,000 documents with 18 % near copies 41 and 30 % are left by these


def text_keys(texts: pa.ChunkedArray | pl.Series) -> pl.Series:
    """What two texts share if they are the same text: NFKC, case folding, no white space.

    >>> text_keys(pl.Series(["Straße 1", "ＳＴＲＡＳＳＥ　1"])).to_list()
    ['strasse1', 'strasse1']
    """
    found = pl.Series("text", texts, dtype=pl.String)
    # NFKC leaves ASCII as it is and folding is lower case there: without the way through Python, six times as fast
    plain = found.str.len_bytes() == found.str.len_chars()
    rows = pl.DataFrame({"row": pl.int_range(len(found), eager=True), "text": found})
    ascii_, other = rows.filter(plain), rows.filter(~plain)
    ascii_ = ascii_.with_columns(text=_spaceless(ascii_["text"]).str.to_lowercase())
    other = other.with_columns(text=_folded(other["text"]))
    return pl.concat([ascii_, other]).sort("row")["text"].alias("key")


def repeated_keys(texts: pa.ChunkedArray | pl.Series) -> pl.Series:
    """`text_keys` of each text that stands there more than once; null for the others.

    Whole keys are made only of texts whose keys begin like another one's.

    >>> repeated_keys(pl.Series(["Bo", "Anna met Bo.", "bo "])).to_list()
    ['bo', None, 'bo']
    """
    rows = pl.DataFrame({"row": pl.int_range(len(texts), eager=True), "text": pl.Series(texts, dtype=pl.String)})
    every = rows.select("row")
    for characters in _STARTS:
        rows = rows.filter(_starts(rows["text"], characters).is_duplicated())
    rows = rows.select("row", key=text_keys(rows["text"]))
    rows = rows.filter(pl.col("key").is_duplicated())
    return every.join(rows, on="row", how="left", maintain_order="left")["key"]


def _starts(texts: pl.Series, characters: int) -> pl.Series:
    """The first `characters` characters of the key of each text, from not much more of the text where that is long."""
    head = texts.str.head(3 * characters)
    whole = texts.str.len_bytes() == head.str.len_bytes()
    keys = text_keys(head.zip_with(whole, head.str.extract(_SETTLED, 1).fill_null("")))
    short = (~whole & (keys.str.len_chars() < characters)).arg_true()
    if len(short):  # white space, or no settled character: only the whole key is sure
        keys = keys.scatter(short, text_keys(texts.gather(short)))
    return keys.str.head(characters)


def _folded(texts: pl.Series) -> pl.Series:
    keys = [pl.Series("text", [], dtype=pl.String)]
    for at in range(0, len(texts), _CHUNK_ROWS):
        plain = _spaceless(texts.slice(at, _CHUNK_ROWS).str.normalize("NFKC"))
        lower = plain.str.to_lowercase()
        cased = plain.str.contains(_OTHER_CASE).arg_true()
        if len(cased):
            # Neither Polars nor Arrow folds case (ß and ss): one call folds the chunk, which has no line ends left.
            folded = "\n".join(plain.gather(cased).to_list()).casefold().split("\n")
            lower = lower.scatter(cased, pl.Series(folded, dtype=pl.String))
        keys.append(lower)
    return pl.concat(keys)


def _spaceless(texts: pl.Series) -> pl.Series:
    """Without white space: blanks first, which is three times as fast as an expression for all of it."""
    texts = texts.str.replace_all(" ", "", literal=True)
    left = texts.str.contains(r"\s").arg_true()
    return texts.scatter(left, texts.gather(left).str.replace_all(r"\s+", "")) if len(left) else texts
