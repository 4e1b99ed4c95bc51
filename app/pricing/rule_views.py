"""The page that drafts a price plan by a rule: figures in, what they come to, then the draft."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import FieldList, FormField, SelectField, validators
from wtforms.fields.choices import SelectChoice

from app.core.bad_value import BadValue
from app.core.errors import DomainError, Invalid, NotFound
from app.core.money import ZERO, parse_yuan
from app.core.uow import unit_of_work
from app.estate.models import Building, HouseType, Zone
from app.pricing import operations, policies
from app.pricing.operations import PlanHead
from app.pricing.plan_words import TRAITS
from app.pricing.price_rule import DIFFERENCES, TOP, FloorBand, PriceRule, SpecialFloor
from app.pricing.queries import RoomSelection, traits_of_project
from app.pricing.terms import PriceBasis
from app.pricing.titles import PRICE_BASES
from app.web.access import needs
from app.web.crud_forms import (
    AmountField,
    ChoiceField,
    CrudForm,
    DayField,
    LineField,
    WholeField,
)
from app.web.projects import current_project, current_project_id
from app.web.rest import current
from app.web.saving import problem_of

ADD = f"{policies.PLAN}:add"
OFFERED_BANDS = 3
OFFERED_SPECIALS = 4
#: what people write for the highest floor of an entrance
TOP_WORDS = {"顶", "顶楼", "顶层", "top"}
SEPARATORS = str.maketrans(dict.fromkeys("，、,;；/ ", ","))


class BandForm(CrudForm):
    """A band of floors; without a step it is left out."""

    first = WholeField(_l("From floor"), [validators.Optional()])
    last = WholeField(_l("To floor"), [validators.Optional()])
    step = AmountField(_l("Each floor"), [validators.Optional()])


class SpecialForm(CrudForm):
    """Special floors; without floors they are left out."""

    floors = LineField(_l("Floors"), [validators.Length(max=120)])
    amount = AmountField(_l("More or less"), [validators.Optional()])


def _rooms(label: Any, target: type, name: str, hint: Any) -> ChoiceField:
    address = f"/choices/PricePlanView/{name}"
    return ChoiceField(label, target=target, address=address, many=True, description=hint)


class RuleForm(CrudForm):
    """The rule and the rooms that it prices."""

    name = LineField(_l("Price plan"), [validators.InputRequired(), validators.Length(max=120)])
    takes_effect_on = DayField(
        _l("Takes effect on"),
        [validators.Optional()],
        description=_l("Prices change at 0:00 of this day. Empty: with the last yes."),
    )
    zones = _rooms(_l("Zones"), Zone, "zones", _l("With the zones inside them."))
    buildings = _rooms(_l("Buildings"), Building, "buildings", _l("Empty: the whole project."))
    house_types = _rooms(_l("House types"), HouseType, "house_types", _l("Empty: all of them."))
    floor_from = WholeField(_l("From floor"), [validators.Optional()])
    floor_to = WholeField(_l("To floor"), [validators.Optional()])
    basis = SelectField(
        _l("Priced by"), choices=[SelectChoice(name, title) for name, title in PRICE_BASES.items()]
    )
    base = AmountField(
        _l("Base price"),
        [validators.InputRequired()],
        description=_l("Yuan per m², or yuan a room when priced by the unit."),
    )
    base_floor = WholeField(_l("On floor"), [validators.InputRequired()], default=1)
    step = AmountField(
        _l("Each floor up"),
        [validators.Optional()],
        description=_l("Added for every floor above, taken off for every floor below."),
    )
    bands = FieldList(FormField(BandForm), min_entries=OFFERED_BANDS)
    special = FieldList(FormField(SpecialForm), min_entries=OFFERED_SPECIALS)


class PriceRuleView(BaseView):
    """按规则定价: a base price, floor steps and differences become a draft plan."""

    route_base = "/price-rules"
    default_view = "rule"

    @expose("/", methods=["GET", "POST"])
    @needs(ADD)
    def rule(self) -> Any:
        """Show the form, show what its rule comes to, or draft the plan."""
        project_id = current_project_id()
        if project_id is None:
            raise NotFound(_("There is no such project within your scope."))
        form = RuleForm(request.form if request.method == "POST" else None)
        traits = traits_of_project(project_id)
        problem, preview = None, None
        if request.method == "POST" and form.validate():
            try:
                rule = _rule(form, request.form)
                head = _head(form, project_id)
                if request.form.get("do") == "draft":
                    with unit_of_work(current()):
                        plan = operations.draft_plan_by_rule(head, rule=rule, actor=current())
                        target, name = url_for("PricePlanView.show", pk=plan.id), str(plan)
                    flash(_("%(record)s has been added.", record=name))
                    return redirect(target)
                preview = operations.try_rule(head, rule=rule, actor=current())
            except NotFound:
                raise
            except DomainError as error:
                problem = problem_of(error, form, None)
        page = self.render_template(
            "pricing/price_rule.html",
            form=form,
            problem=problem,
            preview=preview,
            sees_floor=policies.can_see_floor(current()),
            project=current_project(),
            traits=_typed(traits, request.form),
            trait_titles=TRAITS,
            part_titles=PARTS,
        )
        return page, 422 if problem or form.errors else 200


#: what the parts of a price are called
PARTS = {
    "base": _l("Base price"),
    "floors": _l("Floor step"),
    "special": _l("Special floor"),
    **TRAITS,
}


def _head(form: RuleForm, project_id: int) -> PlanHead:
    selection = RoomSelection(
        project_id,
        tuple(form.buildings.data or ()),
        tuple(form.house_types.data or ()),
        form.floor_from.data,
        form.floor_to.data,
        zone_ids=tuple(form.zones.data or ()),
    )
    return PlanHead(form.name.data or "", selection, form.takes_effect_on.data)


def _rule(form: RuleForm, posted: MultiDict[str, str]) -> PriceRule:
    return PriceRule(
        base=form.base.data or ZERO,
        basis=PriceBasis(form.basis.data),
        base_floor=form.base_floor.data,
        step=form.step.data or ZERO,
        bands=tuple(_bands(form)),
        special=tuple(_specials(form)),
        differences={trait: dict(_differences(trait, posted)) for trait in DIFFERENCES},
    )


def _bands(form: RuleForm) -> Iterator[FloorBand]:
    for entry in form.bands:
        first, last, step = (entry.form[name].data for name in ("first", "last", "step"))
        if step is None and first is None and last is None:
            continue
        if step is None or first is None or last is None:
            sentence = _l("A band needs its first floor, its last floor and what each adds.")
            raise Invalid(sentence)
        yield FloorBand(first, last, step)


def _specials(form: RuleForm) -> Iterator[SpecialFloor]:
    for entry in form.special:
        typed, amount = entry.form.floors.data, entry.form.amount.data
        if not typed and amount is None:
            continue
        floors = [one for one in (typed or "").translate(SEPARATORS).split(",") if one]
        if not floors or amount is None:
            raise Invalid(_l("Special floors need their names and by how much they differ."))
        yield SpecialFloor(tuple(TOP if one in TOP_WORDS else one for one in floors), amount)


def _differences(trait: str, posted: MultiDict[str, str]) -> Iterator[tuple[str, Any]]:
    names, amounts = posted.getlist(f"{trait}-name"), posted.getlist(f"{trait}-amount")
    for name, typed in zip(names, amounts, strict=False):
        plain = typed.strip().replace("\N{MINUS SIGN}", "-")
        if not plain:
            continue
        try:
            amount = parse_yuan(plain)
        except BadValue as error:
            raise Invalid(
                _l("%(name)s: %(what)s", name=name, what=error.message), code=error.code
            ) from error
        if amount:
            yield name, amount


def _typed(
    traits: dict[str, list[str]], posted: MultiDict[str, str]
) -> dict[str, list[tuple[str, str]]]:
    """Return trait → names with what was typed for each, so that nothing typed is lost."""
    found = {}
    for trait, names in traits.items():
        sent = dict(
            zip(posted.getlist(f"{trait}-name"), posted.getlist(f"{trait}-amount"), strict=False)
        )
        found[trait] = [(name, sent.get(name, "")) for name in names]
    return found
