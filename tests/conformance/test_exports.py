"""Whatever sends data out as a file writes down that it did, or says here why it need not."""

from __future__ import annotations

import ast

import pytest

from tests.conformance.sources import Source, calls, functions, sources

#: calls that write an export, a print or a copy into the audit
RECORDERS = {
    "audit.record", "privacy.copy_of_data", "note", "export.note", "send_paper", "send_sheet",
    "send_room_sheet", "send_line_sheet",
}  # fmt: skip
#: mimetypes of files of data, as text and as the names of their constants
FILES = ("spreadsheetml", "text/csv", "application/zip", "application/pdf")
CONSTANTS = {"XLSX", "SHEET", "CSV"}
#: functions that send a file without writing it down, each with the reason
NO_ENTRY = {
    "app/sales/desk.py:quotation_pdf": "what anyone may calculate who sees the room",
    "app/web/headers.py:_set": "sends nothing itself: it marks what others send as a file",
    "app/web/paper.py:send_pdf": "its callers draw the paper and know what is on it",
    "app/web/line_files.py:send_lines": "its callers read the rows and write down whose they are",
    "app/pricing/loan_views.py:months": "figures that the caller has typed, repaid month by month",
    "app/pricing/import_views.py:template": "an empty sheet to fill in",
    "app/pricing/import_api.py:faults": "the sheet that the caller has sent, with its faults",
}


def sends_file(node: ast.AST) -> bool:
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and any(
            keyword.arg == "mimetype"
            and isinstance(keyword.value, ast.Name)
            and keyword.value.id in CONSTANTS
            for keyword in one.keywords
        ):
            return True
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            text = one.value
            if "attachment" in text.lower() or any(kind in text for kind in FILES):
                return True
    return any(
        name.rpartition(".")[2] in ("send_file", "send_from_directory", "send_pdf")
        for _c, name in calls(node)
    )


def unrecorded(source: Source) -> list[str]:
    """Functions that send a file and write nothing down."""
    return [
        f"{source.path}:{node.name}"
        for node in functions(source.tree)
        if sends_file(node) and not {name for _call, name in calls(node)} & RECORDERS
    ]


def test_every_file_that_leaves_is_written_down():
    found = {fault for source in sources("app") for fault in unrecorded(source)}
    assert found - set(NO_ENTRY) == set(), "call audit.record('export', …) in the same function"
    assert set(NO_ENTRY) - found == set(), "these record now, or are gone"


@pytest.mark.parametrize(
    "fault",
    [
        "def a():\n    return send_file(x, as_attachment=True)\n",
        "def a():\n    return Response(x, mimetype='text/csv')\n",
        "def a():\n    return Response(x, mimetype=XLSX)\n",
        "def a(r):\n    r.headers['Content-Disposition'] = f'attachment; filename={n}'\n",
    ],
)
def test_a_planted_export_is_found(fault):
    assert unrecorded(Source("app/x/views.py", fault)) == ["app/x/views.py:a"]
    sound = fault.replace("    r", "    audit.record('export')\n    r", 1)
    assert unrecorded(Source("app/x/views.py", sound)) == []
