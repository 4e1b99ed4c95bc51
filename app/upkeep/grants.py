"""Gives the application's own role its rights in a database that another role has just filled."""

from __future__ import annotations

from psycopg2.extensions import parse_dsn
from sqlalchemy import create_engine, pool

from app.core.grants import grant_application
from config import sqlalchemy_url


def role_of(url: str) -> str:
    """Return the role that a URL signs in as, empty if the URL does not say."""
    return str(parse_dsn(url).get("user", ""))


def grant(owner_url: str, role: str) -> bool:
    """Let the role work with the owner's tables, and only add to the audit.

    Nothing is done, and False returned, where the role is the owner itself.
    """
    if not role or role == role_of(owner_url):
        return False
    engine = create_engine(sqlalchemy_url(owner_url), poolclass=pool.NullPool)
    with engine.begin() as connection:
        grant_application(connection, role)
    engine.dispose()
    return True
