"""The data dictionary in docs/ is what the models say, and names everything in Chinese."""

from __future__ import annotations

import re

from app.core.db import Model
from app.upkeep.dictionary import dictionary, write_dictionary
from config import ROOT

KEPT = ROOT / "docs/data-dictionary"
ROW = re.compile(r"^\| `(\w+)` \| (.*?) \|", re.MULTILINE)


def test_the_kept_dictionary_is_what_the_models_say(app):
    with app.test_request_context():
        made = dictionary()
    kept = {path.name: path.read_text(encoding="utf-8") for path in KEPT.glob("*.md")}
    changed = sorted(name for name in made | kept if made.get(name) != kept.get(name))
    assert changed == [], "run `make dictionary` and look at what has changed"


def test_every_table_and_column_is_in_it_with_a_chinese_name(app):
    with app.test_request_context():
        pages = dictionary()
    text = "\n".join(text for name, text in pages.items() if name != "README.md")
    for table in Model.metadata.tables.values():
        title, told = re.search(
            rf"^## (.*?) `{table.name}`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
        ).groups()
        nameless = [column for column, label in ROW.findall(told) if not label]
        assert re.search("[一-鿿]", title), table.name
        assert nameless == [], f"name them in app/upkeep/dictionary_words.py: {table.name}"
        assert {column for column, _label in ROW.findall(told)} == set(table.c.keys())


def test_the_diagram_draws_what_points_where(app):
    with app.test_request_context():
        diagram = dictionary()["estate.md"].partition("```mermaid")[2].partition("```")[0]
    assert 'estate_room }o--|| estate_building : "楼栋"' in diagram
    assert 'estate_room }o--o| estate_entrance : "单元"' in diagram
    assert "estate_room_import_file |o--|| estate_room_import" in diagram


def test_files_of_areas_that_are_gone_are_removed(app, tmp_path):
    (tmp_path / "bygone.md").write_text("left over")
    with app.test_request_context():
        files = write_dictionary(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in files}
    assert files[0].name == "README.md"
