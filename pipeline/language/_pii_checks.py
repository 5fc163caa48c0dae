"""Check digits and valid ranges of numbers that name a person, a card or an account; each takes the text as found."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import AddressValueError, IPv6Address

_PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83)
)
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = f"{_BYTE}(?:\\.{_BYTE}){{3}}"
_IPV4 = re.compile(IPV4)
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_NINO_UNUSED = frozenset(("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"))
# Lengths of the IBAN registry (SWIFT, ISO 13616).
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK",
        21: "CH CR HR LI LV",
        22: "BG BH DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
# The dihedral group of ten elements and the permutation of Verhoeff (1969), Error Detecting Decimal Codes.
_TIMES = [
    [(i + j) % 5 + 5 * (i // 5 != j // 5) if i < 5 else (i - j) % 5 + 5 * (i // 5 != j // 5) for j in range(10)]
    for i in range(10)
]
_PERMUTED = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
for _ in range(6):
    _PERMUTED.append([_PERMUTED[-1][n] for n in _PERMUTED[1]])


def anything(found: str) -> bool:
    """The form says enough."""
    return True


def digits(found: str) -> str:
    """The digits alone."""
    return "".join(c for c in found if c in "0123456789")


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right doubled, the sum of all digits a multiple of ten.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    doubled = ((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[int(c)] for c in number[-2::-2])
    return (sum(doubled) + sum(map(int, number[-1::-2]))) % 10 == 0


def card(found: str) -> bool:
    """A length that the issuer uses (ISO/IEC 7812 ranges) and a valid check digit."""
    number = digits(found)
    two, three, four = int(number[:2]), int(number[:3]), int(number[:4])
    lengths: tuple[int, ...]
    if number[0] == "4":
        lengths = (13, 16, 19)
    elif 51 <= two <= 55 or 2221 <= four <= 2720:
        lengths = (16,)
    elif two in (34, 37):
        lengths = (15,)
    elif two in (36, 38, 39) or 300 <= three <= 305:
        lengths = (14, 16, 19)
    elif two in (62, 65) or four == 6011 or 644 <= three <= 649 or 3528 <= four <= 3589:
        lengths = (16, 17, 18, 19)
    else:
        return False
    return len(number) in lengths and luhn(number)


def cn_id(found: str) -> bool:
    """GB 11643-1999: a province, a date of birth, and a check character (ISO 7064, MOD 11-2).

    >>> cn_id("11010519491231002X"), cn_id("110105194912310021")
    (True, False)
    """
    number = found.replace(" ", "").upper()
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(c) * (2 ** (17 - i) % 11) for i, c in enumerate(number[:17]))
    return int(number[:2]) in _PROVINCES and number[17] == "10X98765432"[total % 11]


def us_ssn(found: str) -> bool:
    """What the Social Security Administration gives out: no area 000, 666 or 9xx, no group 00, no serial 0000."""
    area, group, serial = found[:3], found[4:6], found[7:]
    return area not in ("000", "666") and group != "00" and serial != "0000"


def uk_nino(found: str) -> bool:
    """HMRC manual NIM39110: prefixes that are never given out."""
    return found[:2] not in _NINO_UNUSED


def es_dni(found: str) -> bool:
    """The letter is the number modulo 23; X, Y, Z of a foreigner's number count as 0, 1, 2.

    >>> es_dni("12345678Z"), es_dni("X1234567L"), es_dni("12345678A")
    (True, True, False)
    """
    plain = found.replace("-", "")
    number = int(plain[:-1].translate(str.maketrans("XYZ", "012")))
    return plain[-1] == _DNI_LETTERS[number % 23]


def fr_nir(found: str) -> bool:
    """The key is 97 less the number modulo 97; departments 2A and 2B count as 19 and 18 (INSEE)."""
    plain = found.replace(" ", "").replace("2A", "19").replace("2B", "18")
    return int(plain[13:]) == 97 - int(plain[:13]) % 97


def verhoeff(found: str) -> bool:
    """The check digit of Aadhaar (UIDAI): Verhoeff's over the dihedral group.

    >>> verhoeff("2363"), verhoeff("2364")
    (True, False)
    """
    check = 0
    for i, c in enumerate(reversed(digits(found))):
        check = _TIMES[check][_PERMUTED[i % 8][int(c)]]
    return check == 0


def iban_end(found: str) -> int:
    """After how many characters of `found` a valid IBAN ends, 0 where there is none (ISO 13616, MOD 97-10).

    >>> iban_end("DE89 3704 0044 0532 0130 00 EUR"), iban_end("DE88370400440532013000")
    (27, 0)
    """
    length = _IBAN_LENGTHS.get(found[:2], 0)
    places = [i for i, c in enumerate(found) if c != " "]
    if not length or len(places) < length:
        return 0
    end = places[length - 1] + 1
    plain = found[:end].replace(" ", "")
    number = int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4]))
    return end if number % 97 == 1 else 0


def ipv4(found: str) -> bool:
    """Four numbers up to 255 without leading zeros."""
    return _IPV4.fullmatch(found) is not None


def ipv6(found: str) -> bool:
    """RFC 4291, with at least three groups written out: shorter ones are loopback, link-local, or no address at all."""
    try:
        IPv6Address(found)
    except AddressValueError:
        return False
    return len([group for group in found.replace(".", ":").split(":") if group]) >= 3
