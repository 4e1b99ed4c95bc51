"""What the application's role may do where another role owns the database (DATABASE_OWNER_URL)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

#: tables to which the application only adds
ADD_ONLY = ("core_audit_entry", "core_audit_seal")


class SameRole(RuntimeError):
    """DATABASE_OWNER_URL and DATABASE_URL name the same role, which protects nothing."""


def grant_application(connection: Any, role: str) -> None:
    """Let ``role`` work with every table, and only add to the audit; change no structure.

    Run by the owner after each upgrade. Raises SameRole.
    """
    owner = connection.scalar(text("SELECT current_user"))
    if role == owner:
        message = (
            "DATABASE_OWNER_URL and DATABASE_URL sign in as the same role."
            " Give the application a role of its own: CREATE ROLE xiaokong_app LOGIN PASSWORD '…'"
        )
        raise SameRole(message)
    for statement in _statements(_quoted(connection, role), _quoted(connection, str(owner))):
        connection.execute(text(statement))


def _statements(role: str, owner: str) -> list[str]:
    fixed = [
        f"REVOKE ALL ON {table} FROM {role}, PUBLIC" for table in (*ADD_ONLY, "alembic_version")
    ]
    return [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"REVOKE CREATE ON SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}",
        *fixed,
        *(f"GRANT SELECT, INSERT ON {table} TO {role}" for table in ADD_ONLY),
        f"GRANT SELECT ON alembic_version TO {role}",
        # What a later migration makes is the application's at once, before it ends.
        (
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
            f" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
        ),
        (
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
            f" GRANT USAGE, SELECT ON SEQUENCES TO {role}"
        ),
    ]


def _quoted(connection: Any, name: str) -> str:
    return str(connection.scalar(text("SELECT quote_ident(:name)"), {"name": name}))
