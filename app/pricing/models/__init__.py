"""Price plans, prices in time, payment methods and discounts; changes of locked base data."""

from app.pricing.models.base_data import (
    BaseDataChange,
    BaseDataChangeLine,
    BaseDataChangeScan,
    BaseDataChangeState,
)
from app.pricing.models.prices import (
    Discount,
    DiscountBuilding,
    PaymentMethod,
    PaymentMethodBuilding,
    PaymentMethodLine,
    PricePlan,
    PricePlanRow,
    PricePlanState,
    PricePublication,
    PricePublicationRow,
    RoomPrice,
)

__all__ = [
    "BaseDataChange",
    "BaseDataChangeLine",
    "BaseDataChangeScan",
    "BaseDataChangeState",
    "Discount",
    "DiscountBuilding",
    "PaymentMethod",
    "PaymentMethodBuilding",
    "PaymentMethodLine",
    "PricePlan",
    "PricePlanRow",
    "PricePlanState",
    "PricePublication",
    "PricePublicationRow",
    "RoomPrice",
]
