"""What may be granted: each area declares its permissions with the preset roles that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

#: letter as in the specification's table of preset roles → (code, title)
PRESET_ROLES: dict[str, tuple[str, Any]] = {
    "C": ("consultant", _l("Property consultant")),
    "K": ("controller", _l("Sales controller")),
    "S": ("supervisor", _l("Sales supervisor")),
    "M": ("manager", _l("Sales manager")),
    "D": ("director", _l("Marketing director")),
    "H": ("cashier", _l("Cashier")),
    "A": ("accountant", _l("Sales accountant")),
    "F": ("finance_manager", _l("Finance manager")),
    "X": ("finance_director", _l("Finance director")),
    "G": ("mortgage", _l("Mortgage officer")),
    "V": ("service", _l("Customer service officer")),
    "P": ("marketing", _l("Marketing planner")),
    "O": ("steward", _l("Business steward")),
    "L": ("gm", _l("General manager")),
    "U": ("admin", _l("System administrator")),
    "E": ("seal", _l("Seal keeper")),
    "B": ("agency", _l("Agency")),
}

ROLE_TITLES: dict[str, Any] = dict(PRESET_ROLES.values())

#: everybody who works with rooms: all but the seal keeper
STAFF = "CKSMDHAFXGVPOLUB"


@dataclass(frozen=True)
class Permission:
    """A right: ``area.entity:action``, its title, and the letters of the roles that get it."""

    name: str
    title: Any
    grants: str

    @property
    def entity(self) -> str:
        """Return ``area.entity``."""
        return self.name.partition(":")[0]

    @property
    def action(self) -> str:
        """Return the action: see, add, edit, delete, export or a named one."""
        return self.name.partition(":")[2]

    @property
    def role_codes(self) -> frozenset[str]:
        """Return the codes of the preset roles that hold it."""
        return frozenset(PRESET_ROLES[letter][0] for letter in self.grants)


_declared: dict[str, Permission] = {}


def declare_permissions(*permissions: Permission) -> None:
    """Make permissions known. Raises ValueError if one is declared twice."""
    for permission in permissions:
        if permission.name in _declared:
            message = f"permission {permission.name} is declared twice"
            raise ValueError(message)
        _declared[permission.name] = permission


def all_permissions() -> list[Permission]:
    """Return every permission, by name."""
    return [_declared[name] for name in sorted(_declared)]
