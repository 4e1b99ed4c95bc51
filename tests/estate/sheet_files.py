"""Makes spreadsheet files for the tests of price lists."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import xlsxwriter

from app.estate.sheets import biff

DATA = Path(__file__).parents[2] / "app" / "demo" / "data"
ROWS_FILE = DATA / "songfeng-rooms.xls"
MATRIX_FILE = DATA / "songfeng-matrix.xlsx"

HEADINGS = ["楼栋", "单元", "楼层", "房号", "户型", "建筑面积", "套内面积", "单价"]
GOOD = ["花园3栋", "1单元", "31", "01", "A1", "125.53", "100.05", "52229.87"]


def book(sheets, *, merged=None, hidden=()):
    """Return an .xlsx of ``{name: rows}``; ``merged`` is ``{name: [area]}``."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"strings_to_formulas": False}) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if cell is not None:
                        sheet.write(row, column, cell)
            for top, left, bottom, right in (merged or {}).get(name, []):
                sheet.merge_range(top, left, bottom, right, rows[top][left])
            if name in hidden:
                sheet.hide()
    return stream.getvalue()


def rows_book(*rows, headings=HEADINGS, **more):
    return book({"房源": [headings, *rows]}, **more)


def changed(cells=GOOD, **by_heading):
    """Return the good row with some of its cells changed, by heading."""
    return [by_heading.get(title, cell) for title, cell in zip(HEADINGS, cells, strict=True)]


def repacked(content, change):
    """Return a zip with ``change(name, bytes)`` applied to each member."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", 8) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return out.getvalue()


def with_cells(content, xml):
    """Return an .xlsx whose first sheet ends with more rows, given as XML."""

    def change(name, data):
        if name != "xl/worksheets/sheet1.xml":
            return data
        return data.replace(b"</sheetData>", xml.encode() + b"</sheetData>")

    return repacked(content, change)


def ods(sheets):
    """Return an .ods of ``{name: rows}``; a cell is a text, a number or ready XML in a tuple."""
    tables = "".join(
        f'<table:table table:name="{escape(name)}">'
        + "".join(
            f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows
        )
        + "</table:table>"
        for name, rows in sheets.items()
    )
    return ods_of(tables)


def ods_of(tables):
    names = ("office", "table", "text", "calcext")
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces}><office:body>'
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return stream.getvalue()


def _ods_cell(cell):
    if isinstance(cell, tuple):
        return cell[0]
    if cell is None:
        return "<table:table-cell/>"
    value = 'string"' if isinstance(cell, str) else f'float" office:value="{cell}"'
    text = escape(str(cell))
    return (
        f'<table:table-cell office:value-type="{value}><text:p>{text}</text:p></table:table-cell>'
    )


def xls_with_error(row, column, code=0x17):
    """Return the demo's .xls with one text cell turned into a cell error."""
    content = ROWS_FILE.read_bytes()
    old = _record(content, 0x00FD, struct.pack("<HH", row, column))
    new = struct.pack("<HH", 0x0205, 10) + old[4:10] + bytes([code, 1]) + old[12:]
    return content.replace(old, new)


def xls_with_far_cell(row, column):
    """Return the demo's .xls with its last text cell moved far away."""
    content = ROWS_FILE.read_bytes()
    old = _record(content, 0x00FD, struct.pack("<HH", 416, 6))
    return content.replace(old, old[:4] + struct.pack("<HH", row, column) + old[8:])


def locked_xls():
    """Return the demo's .xls with a record in it that says it is encrypted."""
    content = ROWS_FILE.read_bytes()
    old = _record(content, 0x0042, b"")  # the code page
    return content.replace(old, struct.pack("<H", 0x002F) + old[2:], 1)


def locked_xlsx():
    """Return a container as an encrypted .xlsx is: its stream has another name."""
    name = "Workbook".encode("utf-16-le")
    encrypted = "EncryptedPackage".encode("utf-16-le")
    content = ROWS_FILE.read_bytes()
    at = content.index(name + b"\0\0")
    entry = content[at : at + 128]
    changed_entry = encrypted.ljust(64, b"\0") + struct.pack("<H", len(encrypted) + 2) + entry[66:]
    return content.replace(entry, changed_entry)


def _record(content, kind, start):
    container = biff._Container(content)
    stream = container.read(*container.streams()["Workbook"])
    record = next(
        stream[offset : offset + 4 + len(data)]
        for offset, found, data in biff._records(stream)
        if found == kind and data.startswith(start)
    )
    assert content.count(record) == 1
    return record
