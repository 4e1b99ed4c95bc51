"""The specification's table of preset roles, as far as its rows can be done today.

Letters are the table's columns, B the agency: it has what C, K, S and M have, but for price plans,
release, export and approval steps.
"""

from __future__ import annotations

STAFF = "CKSMDHAFXGVPOLUB"
CHANGES = ("add", "edit", "delete")
MASTER_DATA = (
    "project", "permit", "building", "entrance", "house_type", "fit_out", "room",
    "zone", "product_type", "milestone", "launch_batch",
)  # fmt: skip


def _of(entity: str, *actions: str) -> list[str]:
    return [f"{entity}:{action}" for action in actions]


#: row of the table → letters and the permissions that stand for it
TABLE: dict[str, tuple[str, list[str]]] = {
    "see rooms, list prices": (
        STAFF,
        [
            *(f"estate.{name}:see" for name in MASTER_DATA),
            "estate.room_lineage:see",
            "pricing.room_price:see",
            "pricing.publication:see",
            "pricing.payment_method:see",
            "pricing.discount:see",
        ],
    ),
    "see floor prices": ("SMDFXOL", ["pricing.floor:see"]),
    "make and change projects, buildings, rooms, payment methods, discounts": (
        "O",
        [
            *(right for name in MASTER_DATA for right in _of(f"estate.{name}", *CHANGES)),
            *_of("estate.room", "import", "generate", "reshape"),
            *_of("pricing.payment_method", *CHANGES),
            *_of("pricing.discount", *CHANGES),
        ],
    ),
    "review and lock base data": (
        "M",
        ["estate.base_data:review_sales"],
    ),
    "review and lock base data, finance": (
        "F",
        ["estate.base_data:review_finance"],
    ),
    "draft price plans": ("MO", _of("pricing.plan", *CHANGES, "submit")),
    "release, withdraw": ("D", _of("pricing.sale", "release", "withdraw")),
    "销控 with reason": ("KMDB", _of("sales.hold", "control", "release_any")),
    "hold for a customer": ("CKSMDB", ["sales.hold:add"]),
    "confirm the present price of a room": ("MO", ["pricing.sale:confirm_price"]),
    "own customers; team's customers; all of the project": ("CSMDLB", ["customers.customer:see"]),
    "quotation": ("CKSMDB", ["pricing.quote:see"]),
    "subscription": ("CKSB", ["sales.subscription:add"]),
    "ask for discount, and discount by own authority": ("CKSMDB", ["sales.special_discount:ask"]),
    "ask for rename, swap, refund, extension, method change, void": (
        "CKSMB",
        ["sales.change:ask"],
    ),
    "payment slip": ("CHB", ["finance.receipt:add"]),
    "confirm receipt, POS, issue bill": ("H", ["finance.receipt:confirm"]),
    "reverse receipt, void bill": ("AF", ["finance.receipt:reverse", "finance.bill:void"]),
    "buy and issue bill books": ("AF", _of("finance.bill_book", "add", "edit")),
    "approval flows, parameters": (
        "OU",
        [*_of("workflows.flow", "see", "edit"), *_of("admin.setting", "see", "edit")],
    ),
    "users, roles, stations, audit": (
        "U",
        [
            *_of("admin.user", "see", "add", "edit"),
            *_of("admin.role", "see", "edit"),
            *_of("admin.organization", *CHANGES),
            *_of("estate.project_member", "add", "delete"),
            *_of("devices.station", "see", "add", "edit", "renew_token"),
            *_of("devices.station_operator", "see", "add", "delete"),
            *_of("devices.device", "add", "edit"),
            *_of("devices.hook", "see", *CHANGES),
            "devices.job:see_log",
            "admin.audit:see",
            "admin.session:see",
            "admin.session:end",
            "admin.audit:export",
        ],
    ),
}

#: what the table does not name: letters, permissions, and what they follow from
BESIDE_THE_TABLE: list[tuple[str, list[str], str]] = [
    (
        "MDFXOL",
        ["estate.base_data:see", "pricing.base_data_change:see"],
        "both sides see the log of base data, and who approves its changes",
    ),
    (
        "MFO",
        _of("pricing.base_data_change", *CHANGES, "submit"),
        "who reviewed base data or enters them",
    ),
    ("O", ["pricing.base_data_change:execute"], "executed by the steward"),
    (STAFF, ["estate.drawing:see"], "whoever sees rooms"),
    ("O", ["estate.drawing:edit"], "who makes buildings and rooms"),
    (STAFF.replace("B", ""), ["estate.opening:see"], "whoever may be responsible for an item"),
    ("MDO", ["estate.opening:edit"], "who prepares and releases"),
    ("SMDHAFXPOU", ["estate.opening:finish"], "whoever may be responsible for an item"),
    ("OU", ["admin.organization:see", "estate.project_member:see"], "projects hang in the tree"),
    (
        "MO",
        ["estate.room_import:see", "estate.room_generation:see"],
        "those who draft price plans from a list",
    ),
    ("SMDFXOL", ["estate.room:export", "pricing.room_price:export"], "those who see floor prices"),
    (STAFF.replace("U", ""), ["pricing.publication:export"], "what is posted is for everybody"),
    ("MDO", ["pricing.plan:cancel", "pricing.publication:publish"], "drafts, or puts on sale"),
    ("MDFXOL", ["pricing.plan:see", "pricing.plan:export"], "who drafts or approves price plans"),
    ("CKSMDB", ["customers.customer:choose"], "who may hold for a customer"),
    ("CSMDB", ["customers.customer:add", "customers.customer:edit"], "who has customers"),
    ("KMDLB", ["customers.customer:see_all"], "C sees his own, S his team; K lists none"),
    ("D", ["customers.customer:see_whole"], "exports customers whole"),
    ("D", ["customers.customer:anonymize", "customers.customer:copy"], "who sees customers whole"),
    ("CKSMDLB", ["sales.hold:see", "sales.special_discount:see"], "sales and the managing board"),
    (
        "CKSMDHAFXGVLB",
        ["sales.subscription:see", "sales.change:see"],
        "all who work on deals",
    ),
    ("KMDHAFXGVLB", ["sales.subscription:see_all"], "consultants see their own, S his team"),
    ("MDFXL", ["sales.subscription:export"], "who answers for deals; names stay masked"),
    (
        "KMDHAFXGVLB",
        ["finance.account:see", "finance.receipt:see"],
        "who follows the money of the whole project; C sees his own slips, S his team's deals",
    ),
    ("AFX", ["finance.receipt:export"], "finance exports, the cashier does not"),
    ("HAFX", ["finance.bill:see", "finance.bill_book:see"], "finance"),
    ("KSMDAFXOLU", ["lists.view:share"], "who leads others or prepares their work"),
    (
        "U",
        [
            *_of("upkeep.system", "see", "retry"),
            *_of("upkeep.check", "see", "sign"),
            *_of("upkeep.incident", "see", *CHANGES),
        ],
        "the system page is the administrator's",
    ),
    (STAFF, ["workflows.request:see"], "whom a request concerns"),
    ("MDFXLU", ["workflows.request:see_all"], "managers up, and who audits"),
    ("CKSMDHAFXGVPOLB", ["workflows.request:add"], "whoever has a row with ○"),
    ("SMDAFXLB", ["workflows.request:decide"], "the installed routes; B gives the first opinion"),
    ("SMDU", ["admin.team:see"], "who leads people, and who administers them"),
    (
        "U",
        [*_of("admin.team", "add", "edit", "delete"), *_of("admin.post_template", "see", "edit")],
        "teams and posts are administered",
    ),
    (
        "U",
        [*_of("admin.role", "add", "delete"), *_of("admin.user", "hand_over", "view_as")],
        "users and roles",
    ),
    ("HAFUO", ["devices.device:see", "devices.job:see"], "counters, and who looks after them"),
    (
        "HAFU",
        ["devices.device:test", *_of("devices.job", "retry", "cancel", "mark")],
        "counters, and who looks after them",
    ),
]


def expected_grants() -> dict[str, tuple[str, str]]:
    """Return permission → letters and the row they come from."""
    found = {right: (letters, row) for row, (letters, rights) in TABLE.items() for right in rights}
    for letters, rights, why in BESIDE_THE_TABLE:
        found |= dict.fromkeys(rights, (letters, why))
    return found
