"""Index of every table; it defines none, and nothing below the factory imports it."""

from app.admin.models import *  # noqa: F403
from app.core.audit import AuditEntry
from app.core.audit_seal import AuditSeal
from app.core.idempotency import IdempotencyRecord
from app.core.preferences import Preference
from app.core.settings import SettingValue
from app.customers.models import *  # noqa: F403
from app.devices.models import *  # noqa: F403
from app.estate.models import *  # noqa: F403
from app.finance.models import *  # noqa: F403
from app.lists.models import *  # noqa: F403
from app.notices.models import *  # noqa: F403
from app.pricing.models import *  # noqa: F403
from app.sales.models import *  # noqa: F403
from app.upkeep.models import *  # noqa: F403
from app.workbench.models import *  # noqa: F403
from app.workflows.models import *  # noqa: F403

__all__ = ["AuditEntry", "AuditSeal", "IdempotencyRecord", "Preference", "SettingValue"]
