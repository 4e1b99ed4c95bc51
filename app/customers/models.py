"""Customers of a project and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, Index, String, Text, event, inspect, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.admin.models import AppUser
from app.core.db import Base, created_moment, day, long_text, moment, name_text, user_ref
from app.core.identity import mask_mobile, mask_name
from app.core.scope import OwnerScoped, ProjectScoped
from app.core.states import State
from app.customers.search_keys import keys_of
from app.estate.models import Project

__all__ = ["Customer", "CustomerKind", "IdentityKind"]


class CustomerKind(State):
    """客户类别."""

    PERSON = "person"
    COMPANY = "company"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {"person": _l("Person"), "company": _l("Company")}


class IdentityKind(State):
    """证件类型."""

    RESIDENT_ID = "resident_id"
    PASSPORT = "passport"
    HK_MACAO_PERMIT = "hk_macao_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    OFFICER_ID = "officer_id"
    OTHER = "other"
    #: 统一社会信用代码, of companies only
    CREDIT_CODE = "credit_code"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "resident_id": _l("Resident identity card"),
            "passport": _l("Passport"),
            "hk_macao_permit": _l("Hong Kong and Macao permit"),
            "taiwan_permit": _l("Taiwan permit"),
            "officer_id": _l("Officer card"),
            "other": _l("Other document"),
            "credit_code": _l("Unified social credit code"),
        }


#: what the search keys are made of
KEYED = ("name", "mobile_tail", "id_number_tail")


def _first_keys(context: Any) -> str:
    values = context.get_current_parameters()
    return keys_of(*(values.get(column) or "" for column in KEYED))


class Customer(ProjectScoped, OwnerScoped, Base):
    """客户: a person or company that may buy; belongs to one consultant of the project."""

    __tablename__ = "customers_customer"
    __wide__: ClassVar[str] = "customers.customer:see_all"
    __personal__: ClassVar[tuple[str, ...]] = (
        "name",
        "mobile",
        "mobile_tail",
        "sex",
        "birthday",
        "address",
        "source",
        "remark",
        "id_number_cipher",
        "id_number_hash",
        "id_number_tail",
        "search_keys",
    )
    __table_args__ = (
        Index("uq_customers_customer_mobile", "project_id", "mobile", unique=True),
        Index(
            "uq_customers_customer_document",
            "project_id",
            "id_kind",
            "id_number_hash",
            unique=True,
            postgresql_where=text("id_number_hash IS NOT NULL"),
        ),
        Index("ix_customers_customer_mobile_tail", "project_id", "mobile_tail"),
        # For the search through all projects at once.
        Index("ix_customers_customer_mobile", "mobile"),
        Index("ix_customers_customer_id_number_hash", "id_number_hash"),
        Index(
            "ix_customers_customer_search",
            text("customers_prefixes(search_keys)"),
            postgresql_using="gin",
        ),
        CheckConstraint("kind IN ('person','company')", name="kind_known"),
    )

    kind: Mapped[str] = mapped_column(String(10), server_default=text("'person'"))
    name: Mapped[name_text]
    #: normalised, digits only
    mobile: Mapped[str] = mapped_column(String(20))
    mobile_tail: Mapped[str] = mapped_column(String(4))
    sex: Mapped[str | None] = mapped_column(String(6))
    birthday: Mapped[day | None]
    id_kind: Mapped[str | None] = mapped_column(String(20))
    #: AES-GCM, bound to this row; shown in full only with a right and a log entry
    id_number_cipher: Mapped[str | None] = mapped_column(String(200))
    #: HMAC for equality
    id_number_hash: Mapped[str | None] = mapped_column(String(64))
    id_number_tail: Mapped[str | None] = mapped_column(String(4))
    address: Mapped[str | None] = mapped_column(String(200))
    source: Mapped[str | None] = mapped_column(String(60))
    remark: Mapped[long_text | None]
    owner_id: Mapped[int] = user_ref(nullable=False)
    #: what the search finds it by (search_keys.py); a trigger blanks it with the rest
    search_keys: Mapped[str] = mapped_column(
        Text, default=_first_keys, server_default=text("''"), deferred=True
    )
    #: when the person agreed that the data are kept for the purchase (个人信息保护法)
    consented_at: Mapped[moment | None]
    #: what they are kept for, as the person was told
    consent_purpose: Mapped[str | None] = mapped_column(String(200))
    #: when everything that says who it is was blanked
    anonymized_at: Mapped[moment | None]
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    owner: Mapped[AppUser] = relationship(foreign_keys="Customer.owner_id")
    project: Mapped[Project] = relationship()

    @property
    def masked_name(self) -> str:
        """Return 王**."""
        if self.anonymized_at is not None:
            return str(self)
        return mask_name(self.name)

    @property
    def masked_mobile(self) -> str:
        """Return 138****5678."""
        if self.anonymized_at is not None:
            return ""
        return mask_mobile(self.mobile)

    @property
    def masked_id_number(self) -> str:
        """Return **************1234, or nothing without a document."""
        return f"**************{self.id_number_tail}" if self.id_number_tail else ""

    @property
    def has_document(self) -> bool:
        """Tell whether an identity document has been entered."""
        return self.id_number_hash is not None

    def __str__(self) -> str:
        return self.name if self.anonymized_at is None else str(_l("Anonymized customer"))


@event.listens_for(Customer, "before_update")
def _keep_keys(_mapper: Any, _connection: Any, customer: Customer) -> None:
    """Make the keys anew with what they are made of."""
    known: Any = inspect(customer).attrs
    if any(known[column].history.has_changes() for column in KEYED):
        customer.search_keys = keys_of(*(getattr(customer, column) or "" for column in KEYED))
