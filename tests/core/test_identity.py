"""Identity numbers, credit codes and mobile numbers: what is taken and why the rest is not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from app.core import identity
from app.core.identity import IdentityError, Sex

TODAY = date(2026, 7, 1)


def complete(first_17: str) -> str:
    return first_17 + ric.calc_check_digit(first_17 + "0")


def test_resident_id_says_birthday_and_sex():
    # The worked example of GB 11643-1999, appendix A.
    woman = identity.resident_id("11010519491231002X", today=TODAY)
    assert (woman.number, woman.birthday, woman.sex) == (
        "11010519491231002X",
        date(1949, 12, 31),
        Sex.FEMALE,
    )
    man = identity.resident_id("440524188001010014", today=TODAY)
    assert (man.birthday, man.sex) == (date(1880, 1, 1), Sex.MALE)


@pytest.mark.parametrize(
    "text",
    [
        "11010519491231002x",
        " 110105 19491231 002X ",
        "110105-19491231-002x",
        "１１０１０５１９４９１２３１００２Ｘ",
    ],
)
def test_resident_id_is_put_into_its_standard_form(text):
    assert identity.resident_id(text, today=TODAY).number == "11010519491231002X"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "id_length"),
        ("110105491231002", "id_length"),
        ("11010519491231002", "id_length"),
        ("11010519491231002XX", "id_length"),
        ("1101051949123100XX", "id_characters"),
        ("11O10519491231002X", "id_characters"),
        ("11010519491231002Y", "id_characters"),
        ("一1010519491231002X", "id_characters"),
        (complete("00010519491231002"), "id_region"),
        (complete("77010519491231002"), "id_region"),
        (complete("11010519490230002"), "id_date"),
        (complete("11010519491331002"), "id_date"),
        (complete("11010520260702002"), "id_date"),
        (complete("11010518491231002"), "id_date"),
        (complete("11010500001231002"), "id_date"),
        ("110105194912310021", "id_check_digit"),
        ("11010519491231003X", "id_check_digit"),
    ],
)
def test_resident_id_says_what_is_wrong(text, code):
    with pytest.raises(IdentityError) as refused:
        identity.resident_id(text, today=TODAY)
    assert refused.value.code == code
    assert str(refused.value) == refused.value.msgid % refused.value.params


def test_resident_id_of_the_day_is_taken():
    born_today = identity.resident_id(complete("11010520260701002"), today=TODAY)
    assert born_today.birthday == TODAY


@pytest.mark.parametrize("region", ["110105", "440305", "810000", "830000", "944156"])
def test_resident_id_of_every_kind_of_holder(region):
    number = complete(region + "19900307" + "123")
    assert identity.resident_id(number, today=TODAY).sex == Sex.MALE


@given(
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(0, 999),
    st.integers(0, 16),
    st.integers(1, 9),
)
def test_any_single_wrong_digit_is_found(birthday, serial, place, step):
    number = complete(f"440305{birthday:%Y%m%d}{serial:03d}")
    assert identity.resident_id(number, today=TODAY).birthday == birthday
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    with pytest.raises(IdentityError):
        identity.resident_id(wrong, today=TODAY)


@pytest.mark.parametrize(
    "text", ["91350100M000100Y43", "91350100m000100y43", " 91350100 M000100Y4-3"]
)
def test_credit_code_is_put_into_its_standard_form(text):
    # The worked example of GB 32100-2015.
    assert identity.credit_code(text) == "91350100M000100Y43"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "credit_length"),
        ("91350100M000100Y4", "credit_length"),
        ("91350100M000100Y433", "credit_length"),
        ("91350100I000100Y43", "credit_characters"),
        ("9135010OM000100Y43", "credit_characters"),
        ("91350100M000100Y4中", "credit_characters"),
        ("91350100M000100Y44", "credit_check_digit"),
        ("91350100M000100X43", "credit_check_digit"),
    ],
)
def test_credit_code_says_what_is_wrong(text, code):
    with pytest.raises(IdentityError) as refused:
        identity.credit_code(text)
    assert refused.value.code == code


def test_credit_code_agrees_with_the_library():
    assert uscc.is_valid("91350100M000100Y43")
    assert identity.credit_code("91110000600037341L") == "91110000600037341L"


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "+86 138 1234 5678",
        "+86-138-1234-5678",
        "0086 13812345678",
        "8613812345678",
        "１３８１２３４５６７８",
        "(138) 1234-5678",
        "138\u00a01234\u20115678",
    ],
)
def test_mobile_is_put_into_its_standard_form(text):
    assert identity.mobile(text) == "13812345678"


@pytest.mark.parametrize("prefix", ["130", "147", "152", "166", "173", "189", "191", "198", "199"])
def test_mobile_knows_the_ranges(prefix):
    assert identity.mobile(prefix + "12345678") == prefix + "12345678"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "mobile_characters"),
        ("1381234567a", "mobile_characters"),
        ("138+12345678", "mobile_characters"),
        ("+852 9123 4567", "mobile_country"),
        ("001 212 555 0100", "mobile_country"),
        ("1381234567", "mobile_length"),
        ("138123456789", "mobile_length"),
        ("+86 1381234567", "mobile_length"),
        ("12345678901", "mobile_range"),
        ("10000000000", "mobile_range"),
        ("01013812345", "mobile_range"),
        ("75588888888", "mobile_range"),
    ],
)
def test_mobile_says_what_is_wrong(text, code):
    with pytest.raises(IdentityError) as refused:
        identity.mobile(text)
    assert refused.value.code == code
    assert str(refused.value) == refused.value.msgid % refused.value.params


@pytest.mark.parametrize(
    ("name", "masked"),
    [("王小明", "王**"), ("张三", "张*"), ("欧阳娜娜", "欧***"), ("王", "*"), ("", "")],
)
def test_mask_name(name, masked):
    assert identity.mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [("13812345678", "138****5678"), ("26881234", "******34"), ("12", "**"), ("", "")],
)
def test_mask_mobile(number, masked):
    assert identity.mask_mobile(number) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("11010519491231002X", "110***********002X"),
        ("G12345678", "*******78"),
        ("A1", "**"),
        ("", ""),
    ],
)
def test_mask_id(number, masked):
    assert identity.mask_id(number) == masked


@given(st.text(max_size=30))
def test_masks_keep_the_length_and_hide_something(text):
    for mask in (identity.mask_name, identity.mask_mobile, identity.mask_id):
        assert len(mask(text)) == len(text)
        assert not text or "*" in mask(text)
