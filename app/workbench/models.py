"""What a role sees on its workbench before anybody arranges his own."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, code_text, json_list
from app.core.scope import GroupWide

__all__ = ["WorkbenchDefault"]


class WorkbenchDefault(GroupWide, Base):
    """工作台默认布局: the tiles of one role in their order; without a row the tiles say it."""

    __tablename__ = "workbench_default"

    role_code: Mapped[code_text] = mapped_column(unique=True)
    tiles: Mapped[json_list]
