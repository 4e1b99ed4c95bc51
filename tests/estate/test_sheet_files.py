"""Files that are no price list, or a trap: each is refused with a reason, and nothing breaks."""

from __future__ import annotations

import io
import math
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.estate.sheets import PriceList, limits, packed, read_price_list
from app.estate.sheets.faults import TEXTS
from tests.estate.sheet_files import (
    GOOD,
    HEADINGS,
    MATRIX_FILE,
    ROWS_FILE,
    locked_xls,
    locked_xlsx,
    ods,
    ods_of,
    repacked,
    rows_book,
    with_cells,
    xls_with_error,
    xls_with_far_cell,
)

CSV = ",".join(HEADINGS) + "\n" + ",".join(GOOD) + "\n"


def refusal(content):
    price_list = read_price_list(content)
    assert price_list.rows == []
    assert not price_list.is_good
    return [fault.code for fault in price_list.faults]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b" \r\n\r\n", "empty_file"),
        (b",,,\n,,,\n", "empty_file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not_a_workbook"),
        (b"%PDF-1.7 not a list", "not_a_workbook"),
        (b"<html><table><tr><td>3</td></tr></table></html>", "not_a_workbook"),
        (b'<?xml version="1.0"?><Workbook/>', "not_a_workbook"),
        (b"{\\rtf1 list}", "not_a_workbook"),
        (b"a,b\x00c\n", "not_a_workbook"),
        (b"\xff\xfe" + CSV.encode("utf-16-le") + b"\0", "wrong_encoding"),
        (CSV.encode("gb18030") + b"\xff\xff", "wrong_encoding"),
        (b'a,"' + b"x" * 200_000 + b"\n", "corrupt_file"),
        ("樓棟,樓層,房號,面積\n3棟,31,01,125.53\n".encode("big5"), "heading_not_found"),
        (b"just,some,words\n1,2,3\n", "heading_not_found"),
        (b"PK\x03\x04" + b"x" * 100, "corrupt_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "corrupt_file"),
        (MATRIX_FILE.read_bytes()[:5000], "corrupt_file"),
        (ROWS_FILE.read_bytes()[:20_000], "corrupt_file"),
        (locked_xls(), "locked_file"),
        (locked_xlsx(), "locked_file"),
    ],
)
def test_what_is_no_price_list_is_refused(content, code):
    assert refusal(content) == [code]


def test_zips_that_are_no_spreadsheet_are_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    assert refusal(stream.getvalue()) == ["not_a_workbook"]


def test_a_file_of_more_than_20_mb_is_refused(tmp_path):
    content = b"x" * (limits.MAX_FILE_BYTES + 1)
    path = tmp_path / "large.csv"
    path.write_bytes(content)
    assert refusal(content) == refusal(path) == refusal(io.BytesIO(content)) == ["file_too_large"]


def test_a_zip_that_unpacks_to_gigabytes_is_refused():
    bomb = repacked(
        rows_book(GOOD),
        lambda name, data: bytes(limits.MAX_UNPACKED_BYTES + 1) if "theme" in name else data,
    )
    assert len(bomb) < 300_000
    assert refusal(bomb) == ["unpacked_too_large"]


def test_a_zip_that_lies_about_its_size_is_refused(monkeypatch):
    size = 3_000_000
    monkeypatch.setattr(packed, "MAX_UNPACKED_BYTES", size - 1)
    bomb = repacked(rows_book(GOOD), lambda name, data: bytes(size) if "theme" in name else data)
    lie = bomb.replace(struct.pack("<I", size), struct.pack("<I", 1000))
    assert lie != bomb
    assert refusal(lie) == ["unpacked_too_large"]


def test_a_zip_packed_in_an_unbounded_way_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("content.xml", bytes(10_000))
    assert refusal(stream.getvalue()) == ["corrupt_file"]


def test_a_zip_of_too_many_files_is_refused(monkeypatch):
    monkeypatch.setattr(packed, "MAX_PACKED_FILES", 3)
    assert refusal(rows_book(GOOD)) == ["unpacked_too_large"]


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        ('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "sheet_too_large"),
        ('<row r="9"><c t="n" r="XFD1048576"><v>1</v></c></row>', "sheet_too_large"),
        ("<row r='9'><c r = 'xfd1048576'><v>1</v></c></row>", "sheet_too_large"),
        (
            '<row r="9"><c r="XFD9"><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>',
            "sheet_too_large",
        ),
        ('<row r="9"><c a=">" r="XFD1048576"><v>1</v></c></row>', "corrupt_file"),
        (f'<row r="9"><c a="{"x" * 700}" r="XFD1048576"><v>1</v></c></row>', "corrupt_file"),
        ('<row r="9"><c r="&#88;FD9"><v>1</v></c></row>', "corrupt_file"),
    ],
)
def test_a_sheet_that_spans_the_whole_grid_is_refused(xml, code):
    assert refusal(with_cells(rows_book(GOOD), xml)) == [code]


def test_a_cell_far_away_that_is_only_formatted_does_no_harm():
    far = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    assert read_price_list(with_cells(rows_book(GOOD), far)).is_good


def test_an_old_workbook_that_spans_the_whole_grid_is_refused(monkeypatch):
    assert refusal(xls_with_far_cell(65_535, 255)) == ["sheet_too_large"]
    monkeypatch.setattr(limits, "MAX_CELLS", 417 * 7)
    assert read_price_list(ROWS_FILE).is_good
    monkeypatch.setattr(limits, "MAX_CELLS", 417 * 7 - 1)
    assert refusal(ROWS_FILE) == ["sheet_too_large"]


def test_an_ods_that_repeats_a_cell_over_the_whole_grid_is_refused():
    cell = '<table:table-cell office:value-type="float" office:value="1" {}/>'
    wide = cell.format('table:number-columns-repeated="16384"')
    table = (
        '<table:table table:name="a"><table:table-row table:number-rows-repeated="1048576">'
        f"{wide}</table:table-row></table:table>"
    )
    assert refusal(ods_of(table)) == ["sheet_too_large"]
    blank = '<table:table-cell table:number-columns-repeated="16384"/>'
    rest = f'<table:table-row table:number-rows-repeated="1048000">{blank}</table:table-row>'
    usual = ods({"房源": [HEADINGS, GOOD]})
    padded = repacked(
        usual,
        lambda name, data: (
            data.replace(b"</table:table>", rest.encode() + b"</table:table>")
            if name == "content.xml"
            else data
        ),
    )
    assert read_price_list(padded).is_good


def test_merged_cells_of_an_ods_are_found():
    spanned = (
        '<table:table-cell table:number-rows-spanned="2" table:number-columns-spanned="1" '
        'office:value-type="string"><text:p>花园3栋</text:p></table:table-cell>'
    )
    covered = ("<table:covered-table-cell/>",)
    second = [covered, *GOOD[1:3], "02", *GOOD[4:]]
    content = ods({"房源": [HEADINGS, [(spanned,), *GOOD[1:]], second]})
    assert refusal_line(content) == [(2, "A 楼栋", "merged_cells")]


def refusal_line(content):
    return [(f.line, f.column, f.code) for f in read_price_list(content).faults]


def test_errors_are_found_however_a_cell_is_written():
    for cell in (
        '<c r="F2" t="e"><v>#REF!</v></c>',
        "<c t='e' r='F2'><f>A1/0</f><v>#REF!</v></c>",
        '<c r="F2" s="3" t="e"><f t="shared" si="0"/><v>#REF!</v></c>',
    ):
        content = repacked(
            rows_book([*GOOD[:5], 777, *GOOD[6:]]),
            lambda name, data, cell=cell: (
                data.replace(b'<c r="F2"><v>777</v></c>', cell.encode())
                if name.endswith("sheet1.xml")
                else data
            ),
        )
        assert refusal_line(content) == [(2, "F 建筑面积", "formula_error")]


def test_errors_are_found_across_the_pieces_in_which_a_sheet_is_read(monkeypatch):
    monkeypatch.setattr(packed, "_CHUNK", 100)
    content = repacked(
        rows_book(*[[*GOOD[:3], str(n), *GOOD[4:5], 777, *GOOD[6:]] for n in range(1, 40)]),
        lambda name, data: (
            data.replace(b"><v>777</v>", b' t="e"><f>A1</f><v>#REF!</v>')
            if name.endswith("sheet1.xml")
            else data
        ),
    )
    assert [fault.line for fault in read_price_list(content).faults] == list(range(2, 41))


@pytest.mark.parametrize("code", [0x00, 0x07, 0x0F, 0x17, 0x1D, 0x24, 0x2A])
def test_every_error_of_an_old_workbook_is_found(code):
    faults = read_price_list(xls_with_error(9, 4, code)).faults
    assert [(f.line, f.column, f.code) for f in faults] == [(10, "E 预售单价", "formula_error")]
    assert faults[0].value.startswith("#")


def test_a_text_file_of_endless_lines_is_refused(monkeypatch):
    from app.estate.sheets import opening

    monkeypatch.setattr(opening, "MAX_ROWS", 5)
    assert refusal(CSV.encode() + b"\n" * 10) == ["too_many_rows"]


FILES = (
    rows_book(GOOD, GOOD),
    MATRIX_FILE.read_bytes(),
    ROWS_FILE.read_bytes(),
    ods({"房源": [HEADINGS, GOOD]}),
    CSV.encode(),
)

# Bytes changed at places between 0 and 1, and where the rest is cut off: what a bad stick does.
changes = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=20)
ends = st.just(1.0) | st.floats(0.1, 1)
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def damage(content, edits, end):
    broken = bytearray(content)
    for place, byte in edits:
        broken[int(place * len(broken))] = byte
    return bytes(broken[: int(end * len(broken))])


@many
@given(st.sampled_from(range(len(FILES))), changes, ends)
def test_no_damage_breaks_the_reader(file, edits, end):
    check(read_price_list(damage(FILES[file], edits, end)))


@many
@given(changes, ends)
def test_no_damage_inside_a_sheet_breaks_the_reader(edits, end):
    """Inside the zip no checksum catches it."""
    content = repacked(
        FILES[0],
        lambda name, data: damage(data, edits, end) if name.endswith("sheet1.xml") else data,
    )
    check(read_price_list(content))


@many
@given(
    st.lists(st.lists(st.text(max_size=12) | st.floats() | st.booleans(), max_size=9), max_size=9)
)
def test_no_contents_break_the_reader(rows):
    clean = [[_writable(cell) for cell in row] for row in rows]
    check(read_price_list(rows_book(*clean)))
    check(read_price_list(rows_book(*clean, headings=["楼栋", "楼层", "总价", 1, 2, 3])))


def _writable(cell):
    if isinstance(cell, str):
        return "".join(char for char in cell if char.isprintable())
    return cell if math.isfinite(cell) else str(cell)


def check(price_list: PriceList) -> None:
    assert price_list.rows or price_list.faults
    for fault in price_list.faults:
        wrong, remedy = TEXTS[fault.code]
        assert wrong % fault.params
        assert remedy % fault.params
