"""Classes of characters that more than one step reads, written so that Python and Rust (Polars) both read them."""

from __future__ import annotations

# Control and invisible characters; white space stays, and so do the joiners.
INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
JOINERS = "\u200c\u200d"
# What a joiner may follow: letters and signs of the scripts that join or conjoin (Arabic to N'Ko, Brahmic scripts from
# Devanagari to Sinhala, Tibetan, Myanmar, Khmer, Mongolian, and the newer blocks of them), and emoji with their parts.
JOINING = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1a20-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010d00-\U00010fff\U00011000-\U00011fff"
    "\u00a9\u00ae\u203c\u2049\u20e3\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff"
    "\U000e0020-\U000e007f"
)
