"""Bytes that break careless readers: random ones, and good files that were damaged the way files are."""

from __future__ import annotations

from hypothesis import strategies as st

# What the formats give a meaning to, where nobody expects it.
FRAGMENTS = (
    b"\0",
    b"\xff",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n\n",
    b'"',
    b"{",
    b"}",
    b"[" * 40,
    b"\\ud800",
    b",",
    b"9" * 30,
    b"-1",
    b"NaN",
    b"null",
    b"<div>" * 30,
    b"<!--",
    b"&#xd800;",
    b"]]>",
    b'<meta charset="utf-16">',
    b"WARC/1.0\r\n",
    b"Content-Length: 99999999999\r\n",
    b"\x1f\x8b\x08\x00",
    b"\x28\xb5\x2f\xfd",
    b"PAR1",
    b"ARROW1",
    "江泽民/nr".encode("gb18030"),
    "e\u0301\u2028\u0085".encode(),
)


@st.composite
def mutated(draw: st.DrawFn, good: bytes) -> bytes:
    """A file that was cut, overwritten, doubled in part, or had something inserted, up to four times."""
    data = good
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 64)))
        kind = draw(st.sampled_from(("cut off", "cut out", "insert", "overwrite", "double", "flip")))
        if kind == "cut off":
            data = data[:start]
        elif kind == "cut out":
            data = data[:start] + data[end:]
        elif kind == "double":
            data = data[:end] + data[start:]
        elif kind == "flip":
            data = (
                data[:start] + bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in data[start:end][:4]) + data[end:]
            )
        else:
            new = draw(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=16)))
            data = data[:start] + new + data[start if kind == "insert" else end :]
    return data


def hostile(good: bytes) -> st.SearchStrategy[bytes]:
    """Random bytes, fragments of formats one after another, and mutations of a good file."""
    fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join)
    return st.one_of(st.binary(max_size=200), fragments, mutated(good), mutated(good))
