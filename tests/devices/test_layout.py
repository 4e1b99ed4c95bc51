"""Receipts as lines: wrapping by width, nothing clipped, marks at top and bottom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.devices.capabilities import Receipt
from app.devices.drivers.escpos_generic.codec import clean_text, display_width
from app.devices.drivers.escpos_generic.layout import Layout, parse_job_mark, wrap

SAYABLE = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=120)


def lay_out(payload, columns=32, job_id="7"):
    return Layout(columns, gb18030=False).pages(Receipt.from_payload(payload), job_id=job_id)


def texts(payload, **options):
    return [line.text for line in lay_out(payload, **options)[0]]


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("", 32, [""]),
        ("   ", 32, [""]),
        ("一二三四五六七八九", 16, ["一二三四五六七八", "九"]),
        ("一二三四五六七A八", 16, ["一二三四五六七A", "八"]),
        ("总价 1,234,567.89", 16, ["总价", "1,234,567.89"]),
        ("总价合计￥1,234,567.89", 16, ["总价合计", "￥1,234,567.89"]),
        ("12345678901234567890", 16, ["1234567890123456", "7890"]),
        ("  缩进", 16, ["  缩进"]),
    ],
)
def test_wrap(text, width, rows):
    assert wrap(text, width) == rows


@given(SAYABLE, st.sampled_from([16, 24, 32, 48]))
def test_lines_fit_and_nothing_is_lost(text, width):
    text = clean_text(text, gb18030=True)[0].replace("\n", "")
    rows = wrap(text, width)
    assert rows
    assert all(display_width(row) <= width for row in rows)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")


@given(st.integers(0, 10**12), st.text(alphabet="定金房款 aB", max_size=40))
def test_an_amount_is_never_broken(fen, label):
    amount = f"￥{fen // 100:,}.{fen % 100:02}"
    assert any(amount in row for row in wrap(f"{label}{amount}", 32))
    assert any(amount in row for row in texts({"lines": [{"left": label, "right": amount}]}))


@given(SAYABLE, SAYABLE, st.sampled_from([32, 48]))
def test_a_pair_fits_and_nothing_is_lost(left, right, columns):
    rows = texts({"lines": [{"left": left, "right": right}]}, columns=columns)[:-1]
    assert all(display_width(row) <= columns for row in rows)
    wanted = (clean_text(part, gb18030=False)[0] for part in (left, right))
    joined = "".join("".join(wanted).split())
    assert "".join("".join(rows).split()) == joined


def test_a_pair_stands_at_both_edges():
    rows = texts({"lines": [{"left": "定金", "right": "¥100,000.00"}]})
    assert rows[0] == "定金" + " " * 16 + "￥100,000.00"
    assert display_width(rows[0]) == 32


def test_a_pair_that_is_too_long_puts_the_value_below_at_the_right():
    rows = texts({"lines": [{"left": "一二三四五六七八九十", "right": "1,234,567,890.00"}]})
    assert rows[:2] == ["一二三四五六七八九十", " " * 16 + "1,234,567,890.00"]


def test_reprint_title_rule_feed_and_job_mark():
    payload = {"title": "收据", "reprint": 2, "lines": [{"rule": True}, {"feed": 2}]}
    lines = lay_out(payload, job_id="4711")[0]
    assert [line.text for line in lines] == ["补打第2次", "收据", "-" * 32, "", "", "任务 4711"]
    assert [line.size for line in lines[:3]] == ["double", "double", "normal"]
    assert all(line.align == "center" for line in lines[:2])


def test_copies_say_which_one_they_are():
    pages = lay_out({"copies": 2, "lines": []})
    assert [page[-1].text for page in pages] == ["任务 7（1/2）", "任务 7（2/2）"]


def test_double_lines_wrap_at_half_the_columns():
    payload = {"lines": [{"text": "一二三四五六七八九十", "size": "double"}]}
    assert texts(payload)[:2] == ["一二三四五六七八", "九十"]


def test_replaced_characters_are_collected_once():
    layout = Layout(32, gb18030=False)
    receipt = Receipt.from_payload({"title": "𠮷", "lines": [{"text": "𠮷㛃"}]})
    layout.pages(receipt, job_id="1")
    assert layout.replaced == ["𠮷", "㛃"]


@pytest.mark.parametrize(
    "job_id", ["1", "9007199254740993", "01890a5d-ac96-774b-bcce-b302099a8057"]
)
@pytest.mark.parametrize("copies", [1, 3])
def test_the_job_is_read_back_from_the_paper(job_id, copies):
    payload = {"copies": copies, "lines": [{"text": "任务 99"}]}
    for number, page in enumerate(lay_out(payload, job_id=job_id), start=1):
        copy = number if copies > 1 else None
        assert parse_job_mark([line.text for line in page]) == (job_id, copy)


def test_a_paper_without_a_mark_has_no_job():
    assert parse_job_mark(["收据", "任务书一份"]) == (None, None)
    assert parse_job_mark([]) == (None, None)
