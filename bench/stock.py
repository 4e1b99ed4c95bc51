"""The yardstick of pages: stock Flask-AppBuilder over the same rows, nothing of ours in it."""

from __future__ import annotations

import os

from flask import Flask
from flask_appbuilder import AppBuilder, Model, ModelView
from flask_appbuilder.models.sqla.base import SQLA
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import Column, DateTime, ForeignKey, Integer, Numeric, String
from sqlalchemy.orm import relationship

db = SQLA()


class Building(Model):
    __tablename__ = "building"
    id = Column(Integer, primary_key=True)
    name = Column(String(60))

    def __repr__(self) -> str:
        return str(self.name)


class Room(Model):
    __tablename__ = "room"
    id = Column(Integer, primary_key=True)
    building_id = Column(ForeignKey("building.id"), index=True)
    floor_name = Column(String(20))
    number = Column(String(30))
    gross_area = Column(Numeric(10, 2))
    inside_area = Column(Numeric(10, 2))
    orientation = Column(String(20))
    status = Column(String(20))
    building = relationship(Building)

    def __repr__(self) -> str:
        return str(self.number)


class Deal(Model):
    __tablename__ = "deal"
    id = Column(Integer, primary_key=True)
    number = Column(String(40))
    room_id = Column(ForeignKey("room.id"), index=True)
    state = Column(String(20))
    list_total = Column(Numeric(14, 2))
    deal_total = Column(Numeric(14, 2))
    deal_unit_price = Column(Numeric(14, 2))
    subscribed_at = Column(DateTime(timezone=True))
    lapses_at = Column(DateTime(timezone=True))
    room = relationship(Room)


class RoomView(ModelView):
    datamodel = SQLAInterface(Room)
    route_base = "/rooms"
    list_columns = [
        "building", "number", "floor_name", "gross_area", "inside_area", "orientation", "status",
    ]  # fmt: skip
    page_size = 25


class DealView(ModelView):
    datamodel = SQLAInterface(Deal)
    route_base = "/deals"
    show_columns = [
        "number", "room", "state", "list_total", "deal_total", "deal_unit_price", "subscribed_at",
        "lapses_at",
    ]  # fmt: skip


def create_app() -> Flask:
    """Return the application over STOCK_URL; its tables are made when they are not there."""
    app = Flask(__name__)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=os.environ["STOCK_URL"],
        SECRET_KEY="stock-secret-key-of-32-characters",
        WTF_CSRF_ENABLED=False,
        APP_NAME="stock",
        LANGUAGES={"zh": {"flag": "cn", "name": "中文"}},
        BABEL_DEFAULT_LOCALE="zh",
    )
    db.init_app(app)
    with app.app_context():
        appbuilder = AppBuilder(app, db.session)
        appbuilder.add_view(RoomView, "Rooms", category="Estate")
        appbuilder.add_view(DealView, "Deals", category="Sales")
        security = appbuilder.sm
        if security.find_user(username=os.environ["STOCK_USER"]) is None:
            role = security.find_role("Admin")
            name, password = os.environ["STOCK_USER"], os.environ["STOCK_PASSWORD"]
            security.add_user(name, "Stock", "User", "stock@example.com", role, password)
        # What was asked while starting is not shared by the server's processes.
        db.session.remove()
        db.engine.dispose()
    return app
