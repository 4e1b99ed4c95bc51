"""Checks of Chinese identity numbers, credit codes and mobile numbers, and their masking."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import phonenumbers
from stdnum.cn import ric, uscc

from app.core.bad_value import N_, BadValue

ID_LENGTH: Final = 18
MOBILE_LENGTH: Final = 11
OLDEST_BIRTHDAY: Final = date(1850, 1, 1)

# First two digits of a number, by GB/T 2260; 81 to 83 are residence permits for people from Hong
# Kong, Macao and Taiwan, 9x the permanent residence card of foreigners. Districts below the
# province are not judged: they are renamed and merged faster than any list of them.
_PROVINCES: Final = re.compile(
    "1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[1-6]", re.ASCII
)
_CREDIT_CHARACTERS: Final = re.compile(r"[0-9]{8}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_MOBILE_CHARACTERS: Final = re.compile(r"\+?[0-9]+", re.ASCII)
_SEPARATORS: Final = re.compile(r"[\s\-‐-―().·]+")


class IdentityError(BadValue):
    """A number is refused; ``code`` is one of the constants beside each check."""


class Sex(StrEnum):
    """性别, as the 17th digit of a resident identity number gives it."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class ResidentId:
    """A valid 居民身份证 number in its standard form, and what it says of its holder."""

    number: str
    birthday: date
    sex: Sex


def resident_id(text: str, *, today: date) -> ResidentId:
    """Check a resident identity number by GB 11643; a lower-case x and spaces are put right.

    Raises IdentityError with ``id_length``, ``id_characters``, ``id_region``, ``id_date`` (no such
    day, or after ``today``) or ``id_check_digit``, the first that applies.
    """
    number = _compact(text)
    if len(number) != ID_LENGTH:
        raise IdentityError(
            "id_length",
            N_("An identity number has 18 places; this one has %(count)d."),
            count=len(number),
        )
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number, re.ASCII):
        raise IdentityError(
            "id_characters",
            N_("An identity number has 17 digits, and a digit or X at the end."),
        )
    if not _PROVINCES.match(number):
        raise IdentityError(
            "id_region",
            N_("The identity number begins with %(region)s, which is no province."),
            region=number[:2],
        )
    birthday = _birthday(number[6:14], today)
    if ric.calc_check_digit(number) != number[-1]:
        raise IdentityError(
            "id_check_digit",
            N_(
                "The last place of the identity number does not fit the others; compare each digit."
            ),
        )
    return ResidentId(number, birthday, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def credit_code(text: str) -> str:
    """Check a unified social credit code by GB 32100 and return it in capitals, without spaces.

    Raises IdentityError with ``credit_length``, ``credit_characters`` or ``credit_check_digit``.
    """
    code = _compact(text)
    if len(code) != ID_LENGTH:
        raise IdentityError(
            "credit_length",
            N_("A credit code has 18 places; this one has %(count)d."),
            count=len(code),
        )
    if not _CREDIT_CHARACTERS.fullmatch(code):
        raise IdentityError(
            "credit_characters",
            N_(
                "A credit code has 8 digits, then 10 digits or letters other than I, O, S, V and Z."
            ),
        )
    if uscc.calc_check_digit(code[:-1]) != code[-1]:
        raise IdentityError(
            "credit_check_digit",
            N_("The last place of the credit code does not fit the others; compare each place."),
        )
    return code


def mobile(text: str) -> str:
    """Check a mobile number of mainland China and return its 11 digits.

    ``+86``, ``0086``, spaces and dashes are taken off. Raises IdentityError with
    ``mobile_characters``, ``mobile_country``, ``mobile_length`` or ``mobile_range``.
    """
    digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    if not _MOBILE_CHARACTERS.fullmatch(digits):
        raise IdentityError("mobile_characters", N_("A mobile number is written in digits only."))
    national = _national_digits(digits)
    if len(national) != MOBILE_LENGTH:
        raise IdentityError(
            "mobile_length",
            N_("A mobile number has 11 digits; this one has %(count)d."),
            count=len(national),
        )
    number = phonenumbers.PhoneNumber(country_code=86, national_number=int(national))
    kind = phonenumbers.number_type(number)
    if national[0] != "1" or kind not in {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }:
        raise IdentityError(
            "mobile_range",
            N_("%(number)s is not a mobile number of mainland China."),
            number=national,
        )
    return national


def mask_name(name: str) -> str:
    """Keep the first character only: 王小明 → 王**; of a single character nothing."""
    return _mask(name, head=1, tail=0)


def mask_mobile(number: str) -> str:
    """Keep the first 3 and last 4 places: 138****5678; of a shorter number the last 2."""
    short = len(number) < MOBILE_LENGTH
    return _mask(number, head=0, tail=2) if short else _mask(number, head=3, tail=4)


def mask_id(number: str) -> str:
    """Keep the first 3 and last 4 places of an 18-place number; of another the last 2."""
    whole = len(number) == ID_LENGTH
    return _mask(number, head=3, tail=4) if whole else _mask(number, head=0, tail=2)


def _compact(text: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def _birthday(digits: str, today: date) -> date:
    birthday: date | None
    try:
        birthday = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        birthday = None
    if birthday is None or not OLDEST_BIRTHDAY <= birthday <= today:
        raise IdentityError(
            "id_date",
            N_("Places 7 to 14 of the identity number (%(digits)s) are no day of birth."),
            digits=digits,
        )
    return birthday


def _national_digits(digits: str) -> str:
    """Take off the country code of China; refuse another one."""
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+86"):
        return digits[3:]
    if digits.startswith("+"):
        raise IdentityError(
            "mobile_country",
            N_("This number belongs to another country; give a mobile number of mainland China."),
        )
    if len(digits) == MOBILE_LENGTH + 2 and digits.startswith("86"):
        return digits[2:]
    return digits


def _mask(text: str, *, head: int, tail: int) -> str:
    """Show ``head`` first and ``tail`` last places, or nothing when that would be all of it."""
    hidden = len(text) - head - tail
    if hidden <= 0:
        return "*" * len(text)
    return text[:head] + "*" * hidden + text[len(text) - tail :]
