"""Personal data that is recognised by its form: e-mail, telephone, ids with check digits, cards, accounts, addresses.

Forms are looked for one kind after the other, in the order of KINDS; what one kind took the next ones do not see. No
form is longer than about 320 characters, so a text of any shape takes time in proportion to its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Literal, get_args

from pipeline.language import _pii_checks as checks
from pipeline.types import Range

if TYPE_CHECKING:
    import polars as pl

Kind = Literal[
    "email",
    "iban",
    "ipv6",
    "uk_nino",
    "es_dni",
    "fr_nir",
    "cn_id",
    "phone",
    "card",
    "in_aadhaar",
    "us_ssn",
    "ipv4",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Every kind, in the order in which they are looked for: the surest form first."""


@dataclass(frozen=True, slots=True)
class _Form:
    """`might` is read by Rust and by Python and is true at least wherever `pattern` and `check` find something."""

    pattern: str
    might: str
    check: Callable[[str], bool]


_NO_WORD_BEFORE = "(?<![0-9A-Za-z].)"  # behind the first character
_NO_WORD_AFTER = "(?![0-9A-Za-z])"
_LETTER = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_NAME = f"0-9{_LETTER}_%+\\-"
_LOCAL = f"{_NAME}."
_HOST = f"(?:[0-9{_LETTER}][0-9{_LETTER}-]{{0,62}}\\.){{1,8}}[{_LETTER}]{{2,63}}"


def _word(first: str, rest: str, might: str, check: Callable[[str], bool]) -> _Form:
    """A form that no letter or digit touches. It starts with a class of characters, so that Python leaps to the next
    one of them, and looks behind that afterwards: three times as fast as the other order."""
    return _Form(f"{first}{_NO_WORD_BEFORE}(?:{rest}){_NO_WORD_AFTER}", might, check)


_PHONES = "|".join(
    (
        r"(?<=\+)[1-9](?:[ .()\-/]{0,2}[0-9]){7,14}",  # ITU-T E.164: a plus sign and at most 15 digits
        "(?<=1)" + _NO_WORD_BEFORE + "[3-9][0-9](?:[0-9]{8}|[ -][0-9]{4}[ -][0-9]{4})",  # a Chinese mobile
        "(?<=[(（])0[1-9][0-9]{1,2}[)）][ -]?[2-9][0-9]{6,7}",  # a Chinese landline
        "(?<=0)" + _NO_WORD_BEFORE + "[1-9][0-9]{1,2}[ -][2-9][0-9]{6,7}",
        r"(?<=\()[2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-][0-9]{4}",  # North America
        "(?<=[2-9])" + _NO_WORD_BEFORE + "[0-9]{2}(?P<by>[ .-])[2-9][0-9]{2}(?P=by)[0-9]{4}",
    )
)
_MONTH = "(?:0[1-9]|1[0-2])"
_NIR = r" ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-9][0-9]) ?(?:2[AB]|[0-9]{2}) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"

_FORMS: dict[Kind, _Form] = {
    "email": _Form("", f"[{_LOCAL}]@[0-9{_LETTER}]", checks.anything),
    "iban": _Form(
        f"[A-Z]{_NO_WORD_BEFORE}[A-Z][0-9]{{2}}(?: ?[A-Z0-9]){{11,30}}",
        "[A-Z]{2}[0-9]{2}" + " ?[A-Z0-9]" * 7,
        checks.anything,
    ),
    "ipv6": _Form(
        "[0-9A-Fa-f:](?<![0-9A-Za-z.].)(?:(?<!:)|:)[0-9A-Fa-f:.]{4,42}[0-9A-Fa-f:](?![0-9A-Za-z:])",
        ":[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]",
        checks.ipv6,
    ),
    "uk_nino": _word(
        "[A-CEGHJ-PR-TW-Z]",
        "[A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",
        "[A-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",
        checks.uk_nino,
    ),
    "es_dni": _word("[0-9XYZ]", "(?:(?<=[XYZ])-?[0-9]{7}|[0-9]{7})-?[A-Z]", "[0-9]{7}-?[A-Z]", checks.es_dni),
    "fr_nir": _word("[12]", _NIR, f"[12]{_NIR}", checks.fr_nir),
    "cn_id": _word(
        "[1-9]",
        f"[0-9]{{5}} ?(?:18|19|20)[0-9]{{2}}{_MONTH}[0-3][0-9] ?[0-9]{{3}}[0-9Xx]",
        "[0-9]{6} ?(?:18|19|20)[0-9]{6} ?[0-9]{3}[0-9Xx]",
        checks.cn_id,
    ),
    "phone": _Form(
        f"[0-9+(（](?:{_PHONES}){_NO_WORD_AFTER}",
        r"\+[1-9](?:[ .()\-/]{0,2}[0-9]){7}|1[3-9][0-9](?:[0-9]{8}|[ -][0-9]{4}[ -][0-9]{4})"
        r"|0[1-9][0-9]{1,2}[)）]?[ -]?[2-9][0-9]{6}|[2-9][0-9]{2}\)?[ .-]?[2-9][0-9]{2}[ .-][0-9]{4}",
        checks.anything,
    ),
    "card": _word(
        "[2-6]",
        "[0-9]{12,18}|[0-9]{3}(?P<by>[ -])(?:[0-9]{4}(?P=by)[0-9]{4}(?P=by)[0-9]{4}(?:(?P=by)[0-9]{1,3})?"
        "|[0-9]{6}(?P=by)[0-9]{4,5})",
        "[2-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{2}[ -]?[0-9]{2,3}",
        checks.card,
    ),
    "in_aadhaar": _word(
        "[2-9]",
        "[0-9]{3}(?P<by>[ -]?)[0-9]{4}(?P=by)[0-9]{4}",
        "[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}",
        checks.verhoeff,
    ),
    "us_ssn": _word(
        "[0-8]", "[0-9]{2}(?P<by>[ -])[0-9]{2}(?P=by)[0-9]{4}", "[0-9]{3}[ -][0-9]{2}[ -][0-9]{4}", checks.us_ssn
    ),
    "ipv4": _Form(
        r"[0-9](?<![0-9A-Za-z.].)[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z]|\.[0-9])",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
        checks.ipv4,
    ),
}
_BY_A_SIGN = {"email", "ipv6", "ipv4"}
_EMAIL = f"[{_NAME}][{_LOCAL}]{{0,63}}@{_HOST}"
_IPV4 = f"(^|[^0-9A-Za-z.]){checks.IPV4}($|[^0-9A-Za-z.]|\\.(?:$|[^0-9]))"
_COMPILED = {kind: re.compile(form.pattern, re.DOTALL) for kind, form in _FORMS.items()}

_AT = re.compile("@")
_DOMAIN = re.compile(_HOST)
_WORD = re.compile("[0-9A-Za-z]")
_INNER = re.compile("\\.[0-9]{1,3}\\.")
_DIGITS_END = re.compile("[0-9]*")
_LOCAL_END = re.compile(f"[{_LOCAL}]*+")


def find(text: str, kinds: Sequence[Kind] = KINDS) -> list[tuple[int, int, Kind]]:
    """Where personal data of these kinds stands: sorted, disjoint (start, end, kind).

    >>> find("Write to bo@mail.example or call +49 30 901820; card 4111 1111 1111 1111.")
    [(9, 24, 'email'), (33, 46, 'phone'), (53, 72, 'card')]
    """
    found: list[tuple[int, int, Kind]] = []
    for kind in KINDS:
        if kind not in kinds:
            continue
        ranges = list(_SEARCHES.get(kind, _ranges)(text, kind))
        if ranges:
            found += [(start, end, kind) for start, end in ranges]
            text = _without(text, ranges)
    return sorted(found)


def might_hold(text: pl.Expr, kinds: Sequence[Kind] = KINDS) -> pl.Expr:
    """True at least for every row in which `find` finds something; one pass for all kinds, or one each for the kinds
    that Rust finds by a sign inside of them, five times as fast."""
    import polars as pl

    if set(kinds) <= _BY_A_SIGN:
        return pl.any_horizontal(text.str.contains(_FORMS[kind].might) for kind in kinds)
    return text.str.contains("|".join(f"(?:{_FORMS[kind].might})" for kind in kinds))


def suspected(texts: pl.Series, kinds: Sequence[Kind] = KINDS) -> Iterator[tuple[int, str, tuple[Kind, ...]]]:
    """(row, text, kinds) of each text in which `find` might find something, and of which kinds."""
    import polars as pl

    text = pl.col("text")
    rows = texts.to_frame("text").select(might_hold(text, kinds).arg_true()).to_series()
    some = texts.gather(rows)
    might = some.to_frame("text").select(might_hold(text, [kind]).alias(kind) for kind in kinds).rows()
    for row, here, there in zip(rows, some, might, strict=True):
        yield row, here, tuple(compress(kinds, there))


def emails_as(text: pl.Expr, mark: str) -> pl.Expr:
    """The text with a mark for each e-mail address that `find` finds, in Rust: ten times as fast."""
    return text.str.replace_all(_EMAIL, mark)


def ipv4s_as(text: pl.Expr, mark: str) -> pl.Expr:
    """The text with a mark for each IPv4 address that `find` finds, in Rust. Two with one sign between them share it:
    the second of them is found in a second pass.
    """
    once = text.str.replace_all(_IPV4, f"${{1}}{mark}${{2}}")
    return once.str.replace_all(_IPV4, f"${{1}}{mark}${{2}}")


def _ranges(text: str, kind: Kind) -> Iterator[Range]:
    pattern, check = _COMPILED[kind], _FORMS[kind].check
    at = 0
    while match := pattern.search(text, at):
        if check(match.group()):
            yield match.span()
            at = match.end()
        else:
            at = match.start() + 1


def _emails(text: str, kind: Kind) -> Iterator[Range]:
    """From each @: at most 64 characters before it (RFC 5321), and the domain after it."""
    least = 0
    for at in _AT.finditer(text):
        domain = _DOMAIN.match(text, at.end())
        if domain is None:
            continue
        before = text[max(least, at.start() - 64) : at.start()][::-1]
        match = _LOCAL_END.match(before)
        length = len(match.group().rstrip(".")) if match else 0
        if length:
            least = domain.end()
            yield at.start() - length, least


def _ibans(text: str, kind: Kind) -> Iterator[Range]:
    """The country says how long an account number is; the longer match of the pattern may hold the next word."""
    pattern = _COMPILED[kind]
    at = 0
    while match := pattern.search(text, at):
        end = checks.iban_end(match.group())
        if end and not _WORD.match(text, match.start() + end):
            at = match.start() + end
            yield match.start(), at
        else:
            at = match.start() + 1


def _ipv4s(text: str, kind: Kind) -> Iterator[Range]:
    """From each number between two dots: Python leaps to a dot, but stops at every digit."""
    least = 0
    for inner in _INNER.finditer(text):
        first = _DIGITS_END.match(text[max(least, inner.start() - 3) : inner.start()][::-1])
        match = _COMPILED[kind].match(text, inner.start() - (first.end() if first else 0))
        if match and _FORMS[kind].check(match.group()):
            least = match.end()
            yield match.span()


_SEARCHES: dict[Kind, Callable[[str, Kind], Iterator[Range]]] = {"email": _emails, "iban": _ibans, "ipv4": _ipv4s}


def _without(text: str, ranges: Sequence[Range]) -> str:
    """The text with these ranges filled by what no form contains, as the marks that take their place do not."""
    pieces, at = [], 0
    for start, end in ranges:
        pieces += [text[at:start], "[" * (end - start)]
        at = end
    return "".join([*pieces, text[at:]])
