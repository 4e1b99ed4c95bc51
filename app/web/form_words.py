"""What WTForms itself says of a wrong entry, said by our own catalogue."""

from __future__ import annotations

from typing import Any

from flask_babel import get_translations

from app.core.bad_value import N_

#: WTForms' sentences that our forms can meet; marked here so that the catalogue has them
SENTENCES = (
    N_("This field is required."),
    N_("Not a valid choice."),
    N_("Invalid Choice: could not coerce."),
    N_("Invalid choice(s): one or more data inputs could not be coerced."),
    N_("'%(value)s' is not a valid choice for this field."),
    N_("Not a valid integer value."),
    N_("Not a valid decimal value."),
    N_("Not a valid date value."),
    N_("Not a valid datetime value."),
    N_("Not a valid time value."),
    N_("Invalid input."),
    N_("Invalid email address."),
    N_("Number must be at least %(min)s."),
    N_("Number must be at most %(max)s."),
    N_("Number must be between %(min)s and %(max)s."),
    N_("Field must be at least %(min)d character long."),
    N_("Field cannot be longer than %(max)d character."),
    N_("Field must be exactly %(max)d character long."),
    N_("Field must be between %(min)d and %(max)d characters long."),
)


class FormWords:
    """Translations as WTForms asks for them: a sentence with its placeholders still in it."""

    def gettext(self, sentence: str) -> str:
        """Return the sentence in the reader's language."""
        return str(get_translations().ugettext(sentence))

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """Return the sentence for a number; Chinese has one for all."""
        found = self.gettext(singular)
        return found if found != singular or number == 1 else plural


WORDS = FormWords()


class OwnWords:
    """A form's ``Meta`` that speaks our words."""

    def get_translations(self, form: Any) -> FormWords:  # noqa: ARG002 - the signature is WTForms'
        """Return the words; WTForms asks once for every field."""
        return WORDS
