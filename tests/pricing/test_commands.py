"""``flask rooms import``: what it writes, says and refuses."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.estate.models import Project, Room, RoomImport
from app.pricing.models import PricePlan, RoomPrice
from tests.factories.people import make_organization
from tests.pricing.conftest import MATRIX_FILE, PUBLISHED_TOTAL, ROWS_FILE

ROW = ["3栋", "1单元", 31, "01", 125.53, 100.05, 52229.87]


@pytest.fixture
def run(app, session):
    """``run("FILE", "--dry-run")`` → the result of the command."""
    runner = app.test_cli_runner()

    def call(*arguments, code="NEW"):
        session.commit()
        words = ["rooms", "import", *map(str, arguments), "--project", code]
        result = runner.invoke(args=words)
        session.expire_all()
        return result

    return call


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_a_project_is_made_with_its_rooms_and_one_draft(run, session):
    top = make_organization()
    result = run(ROWS_FILE)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == f"416 rooms, {PUBLISHED_TOTAL}"
    project = session.scalars(select(Project).where(Project.code == "NEW")).one()
    assert (project.name, project.organization_id) == ("松风明月花园", top.id)
    assert count(session, Room) == 416
    plan = session.scalars(select(PricePlan)).one()
    assert plan.state == "draft"
    assert plan.number in result.stdout
    assert count(session, RoomPrice) == 0


def test_a_dry_run_writes_nothing_not_even_the_project(run, session):
    result = run(ROWS_FILE, "--dry-run", "--compare-with", MATRIX_FILE)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[-1] == f"416 rooms, {PUBLISHED_TOTAL}"
    agreed = next(line for line in lines if "songfeng-matrix" in line)
    assert agreed.startswith("agrees with songfeng-matrix.xlsx within 1 yuan per room: 416")
    for model in (Project, Room, PricePlan, RoomImport):
        assert count(session, model) == 0


def test_a_dry_run_of_a_project_that_is_there_keeps_its_record(run, session, project):
    result = run(MATRIX_FILE, "--dry-run", code=project.code)
    assert result.stdout.splitlines()[-1] == "416 rooms, 2134261487.00"
    assert count(session, RoomImport) == 1
    assert count(session, Room) == 0


def test_the_second_shape_agrees_with_the_first(run, project):
    run(ROWS_FILE, code=project.code)
    result = run(MATRIX_FILE, code=project.code)
    assert "agrees with the prices known before" in result.stdout
    assert "0 new, 0 changed, 116 unchanged" in result.stdout


def test_rooms_change_only_on_demand(run, session, project, sheet, tmp_path):
    path = tmp_path / "rooms.xlsx"
    path.write_bytes(sheet([ROW]))
    run(path, code=project.code)
    path.write_bytes(sheet([[*ROW[:4], 126, 100.05, 52229.87]]))
    left = run(path, code=project.code)
    assert "1 rooms differ and were left alone" in left.stdout
    assert str(session.scalars(select(Room.gross_area)).one()) == "125.53"
    run(path, "--update", code=project.code)
    assert str(session.scalars(select(Room.gross_area)).one()) == "126.00"


def test_a_faulty_list_is_refused_with_its_sheet(run, session, project, sheet, tmp_path):
    path, faults = tmp_path / "rooms.xlsx", tmp_path / "faults.xlsx"
    path.write_bytes(sheet([ROW, [*ROW[:4], "x", 1, 1]]))
    result = run(path, "--faults", faults, code=project.code)
    assert result.exit_code == 1
    assert "nothing was written" in result.stderr
    assert faults.stat().st_size > 1000
    assert count(session, Room) == 0
    assert session.scalars(select(RoomImport.state)).one() == "refused"


def test_a_faulty_list_makes_no_project(run, session, sheet, tmp_path):
    path, faults = tmp_path / "rooms.xlsx", tmp_path / "faults.xlsx"
    path.write_bytes(sheet([[*ROW[:4], "x", 1, 1]]))
    result = run(path, "--faults", faults)
    assert result.exit_code == 1
    assert faults.exists()
    assert count(session, Project) == 0


def test_a_file_that_is_not_there_is_said(run):
    assert run("nowhere.xlsx").exit_code == 2


def test_what_a_column_holds_can_be_said(run, session, tmp_path, project):
    path = tmp_path / "list.csv"
    path.write_text("楼栋,层,门牌,建筑面积,价\n3栋,1,01,90.5,50000\n", encoding="utf-8")
    refused = run(path, code=project.code)
    assert refused.exit_code == 1
    assert count(session, Room) == 0
    taken = run(
        path, "--column", "门牌=number", "--column", "价=unit_price", "--column", "层=floor",
        code=project.code,
    )  # fmt: skip
    assert taken.exit_code == 0, taken.output
    assert session.scalars(select(Room.number)).one() == "101"
    for wrong in ("门牌", "=number"):
        assert run(path, "--column", wrong, code=project.code).exit_code == 2
    assert run(path, "--column", "门牌=roof", code=project.code).exit_code == 1
