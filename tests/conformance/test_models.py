"""Structure: every table as the house builds them."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import DateTime, Numeric, create_engine, inspect, text

import app.models  # noqa: F401 - makes every table known
from app.core.db import Base, Model, db
from app.core.scope import GroupWide, OwnerScoped, ProjectScoped
from app.core.states import State
from config import ROOT, sqlalchemy_url

MODELS = sorted(
    (m.class_ for m in Model.registry.mappers if issubclass(m.class_, Base)),
    key=lambda model: model.__name__,
)
STATEFUL = [model for model in MODELS if hasattr(model, "TRANSITIONS") and model.TRANSITIONS]
#: rows that belong to no project, each with the reason
NOT_SCOPED = {
    "Project": "is the scope itself: app.estate filters it by its own id",
    "AuditEntry": "spans everything; opened with admin.audit:see only",
    "AuditSeal": "spans everything, as what it seals; opened by no page",
    "IdempotencyRecord": "keyed by the actor himself",
    "Preference": "read and written by the person's own id only",
    "Notice": "each person's own; hidden when its project is out of reach",
    "SettingValue": "read by the system; pages show the group's values",
    "SignInFailure": "read by the door only",
    "SignInSession": "one's own, or those of people whom an administrator governs",
    "SecondFactor": "one's own, read by the door only",
    "RecoveryCode": "one's own, read by the door only",
    "PasswordHistory": "one's own, read when a password is chosen",
    "DeviceStatus": "hangs on a device, which is scoped",
    "ListLayout": "read and written under the user's own id only",
    "SavedView": "read for its owner, his roles and the projects within scope by one statement",
    "Export": "read under its owner's id only; the worker writes it with his scope",
    "SignOfLife": "of processes, not of projects",
    "Fault": "of the program, not of a project; opened with upkeep.system:see only",
    "RoomEvent": "read by project through a signed token or a scoped query",
}


def named(model):
    return model.__name__


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_every_row_has_a_scope_or_a_stated_reason(model):
    scoped = issubclass(model, (ProjectScoped, GroupWide))
    assert scoped != (model.__name__ in NOT_SCOPED)


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_every_model_says_what_it_is(model):
    assert model.__doc__
    assert any("一" <= letter <= "鿿" for letter in model.__doc__)


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_every_foreign_key_has_an_index(model):
    table = model.__table__
    # An index on an expression has no columns.
    leading = {index.columns[0].name for index in table.indexes if len(index.columns)}
    for constraint in table.constraints:
        if getattr(constraint, "columns", None) and type(constraint).__name__ in (
            "UniqueConstraint",
            "PrimaryKeyConstraint",
        ):
            leading.add(next(iter(constraint.columns)).name)
    for column in table.columns:
        if column.foreign_keys:
            assert column.name in leading or column.unique, f"{table.name}.{column.name}"


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_money_has_two_decimals_and_moments_a_zone(model):
    for column in model.__table__.columns:
        if isinstance(column.type, Numeric):
            assert column.type.scale == 2, column
            assert column.type.asdecimal, column
        if isinstance(column.type, DateTime):
            assert column.type.timezone, column


@pytest.mark.parametrize("model", STATEFUL, ids=named)
def test_transitions_name_real_states_and_all_can_be_reached(model):
    column = model.__table__.c.get("state", model.__table__.c.get("status"))
    start = str(column.server_default.arg).strip("'")
    reached, frontier = {start}, [start]
    while frontier:
        for following in model.TRANSITIONS.get(frontier.pop(), ()):
            if following not in reached:
                reached.add(following)
                frontier.append(following)
    every = set(model.TRANSITIONS)
    assert {to for targets in model.TRANSITIONS.values() for to in targets} <= every
    kinds = [kind for kind in _state_kinds() if {state.value for state in kind} == every]
    assert kinds, f"no State enumeration has the states of {model.__name__}"
    assert reached == every


def _state_kinds():
    found, queue = [], [State]
    while queue:
        for child in queue.pop().__subclasses__():
            found.append(child)
            queue.append(child)
    return found


@pytest.mark.parametrize("kind", _state_kinds(), ids=named)
def test_every_state_has_a_title(kind):
    assert set(kind.titles()) == {state.value for state in kind}


def test_models_equal_migrations_and_there_is_one_head(session):
    heads = ScriptDirectory(str(ROOT / "migrations")).get_heads()
    assert len(heads) == 1

    def ours(_object, name, kind, _reflected, _compare):
        return not (kind == "table" and name.startswith("procrastinate_"))

    context = MigrationContext.configure(
        session.connection(), opts={"include_object": ours, "compare_type": True}
    )
    assert compare_metadata(context, Model.metadata) == []


def test_every_audited_table_has_its_triggers(session):
    found = {
        (row.table_name, row.name)
        for row in session.execute(
            text(
                "SELECT c.relname AS table_name, t.tgname AS name FROM pg_trigger t"
                " JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname LIKE 'audit\\_%'"
            )
        )
    }
    for model in MODELS:
        for name in ("audit_insert", "audit_update", "audit_delete"):
            assert ((model.__tablename__, name) in found) == model.__audited__, model


def test_procrastinates_schema_is_that_of_the_pinned_release(session):
    from procrastinate.schema import SchemaManager

    wanted = {
        line.split()[2].rstrip("(")
        for line in SchemaManager.get_schema().splitlines()
        if line.startswith("CREATE TABLE procrastinate")
    }
    there = set(inspect(session.connection()).get_table_names())
    assert wanted
    assert wanted <= there


@pytest.mark.commit
def test_migrations_go_down_to_nothing_and_up_again_with_data_in_place(committed):
    from flask_migrate import downgrade, upgrade

    from tests.factories.people import make_project, make_user

    project = make_project()
    make_user("consultant", projects=[project])
    db.session.commit()
    db.session.remove()
    committed.app.config["SQLALCHEMY_DATABASE_URI"] = sqlalchemy_url(committed.url)
    downgrade(revision="base")
    engine = create_engine(sqlalchemy_url(committed.url))
    with engine.connect() as connection:
        left = connection.execute(
            text(
                "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE nspname = 'public' AND relkind IN ('r', 'S', 'v')"
                " AND relname <> 'alembic_version'"
            )
        ).all()
    engine.dispose()
    assert left == []
    upgrade()


def test_owner_scoped_models_name_a_real_column_and_permission():
    from app.core.permissions import all_permissions

    names = {permission.name for permission in all_permissions()}
    for model in MODELS:
        if issubclass(model, OwnerScoped):
            assert model.__owner__ in model.__table__.c
            # Without a wide permission nobody but the owner sees the row.
            assert not names or not model.__wide__ or model.__wide__ in names
