"""The company's directory (LDAP): whether a name and a password belong together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from flask import current_app
from flask_appbuilder.const import AUTH_LDAP
from flask_babel import lazy_gettext as _l

from app.core.errors import DomainError

log = logging.getLogger("xiaokong.sign_in")

#: seconds after which a directory that does not answer is given up
PATIENCE: Final = 5


class DirectoryAway(DomainError):
    """The directory cannot be asked: it does not answer, or refuses our own account."""

    status = 503
    default_code = "directory_away"


def directory() -> Callable[[str, str], bool] | None:
    """Return what asks the company's directory about a name and a password, where there is one."""
    return _ask if current_app.config["AUTH_TYPE"] == AUTH_LDAP else None


def _ask(username: str, password: str) -> bool:
    """Tell whether the directory knows them together. Raises DirectoryAway."""
    if not password:
        # Many directories take an empty password for an anonymous visitor, and let him in.
        return False
    import ldap

    ldap.set_option(ldap.OPT_NETWORK_TIMEOUT, PATIENCE)
    ldap.set_option(ldap.OPT_TIMEOUT, PATIENCE)
    manager: Any = current_app.extensions["appbuilder"].sm
    if manager.auth_user_ldap(username, password) is not None:
        return True
    _require_answer(ldap, manager)
    return False


def _require_answer(ldap: Any, manager: Any) -> None:
    """Raise DirectoryAway unless the directory can be asked at all.

    The framework says "no" to a wrong password, a server that is away, and an account of ours that
    has expired alike. Told "wrong password", people would try until they are locked out.
    """
    reader = manager.auth_ldap_bind_user
    try:
        connection = ldap.initialize(manager.auth_ldap_server)
        connection.set_option(ldap.OPT_REFERRALS, 0)
        if manager.auth_ldap_use_tls:
            connection.start_tls_s()
        connection.simple_bind_s(reader or "", (reader and manager.auth_ldap_bind_password) or "")
        connection.unbind_s()
    except (ldap.SERVER_DOWN, ldap.CONNECT_ERROR, ldap.TIMEOUT, ldap.UNAVAILABLE) as error:
        raise _away(error) from error
    except ldap.LDAPError as error:
        # Whom it does not know it may turn away; that is an answer. Our own account it must know.
        if reader:
            raise _away(error) from error


def _away(error: Exception) -> DirectoryAway:
    log.error("the directory cannot be asked: %s", type(error).__name__)
    return DirectoryAway(
        _l(
            "The company's directory cannot be asked just now, so nobody can sign in with it. Your"
            " password may well be right: try again in a few minutes, or tell the administrator."
        )
    )
