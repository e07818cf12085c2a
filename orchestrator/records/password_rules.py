"""Which passwords are refused beyond Django's own rules."""

from __future__ import annotations

import re
import unicodedata

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

CLASSES = 3
"""Of four: lower case, upper case, digits, all else."""
_MAX = 256
_LONG = 4
"""A name of `an` is in Blanket by chance: a shorter one counts as a word of its own."""
_DISGUISES = str.maketrans("013457@$!", "oieastasi")


class WritableValidator:
    """Refuses what can't be typed again elsewhere: control characters, broken bytes, a whole page."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > _MAX or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in password):
            raise ValidationError("control characters, or too long", code="password_not_writable")


class ThreeClassesValidator:
    """Asks for three of four kinds of characters."""

    def validate(self, password: str, user: object = None) -> None:
        if len({_kind(sign) for sign in password}) < CLASSES:
            raise ValidationError("too few kinds of characters", code="password_too_uniform")


class DisguisedPasswordValidator(CommonPasswordValidator):
    """Django's list of common passwords, which also knows them as `P@ssw0rd` and as `Admin@123456`."""

    def validate(self, password: str, user: object = None) -> None:
        lower = password.lower().strip()
        plain = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lower)
        undisguised = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lower.translate(_DISGUISES))
        beginning = re.sub(r"[\W\d_]+$", "", lower).translate(_DISGUISES)
        if {lower, lower.translate(_DISGUISES), plain, undisguised, beginning} & self.passwords:
            raise ValidationError("a common password", code="password_too_common")


class WithoutNameValidator:
    """Refuses a password with the account's name in it, which Django's measure of likeness lets pass."""

    def validate(self, password: str, user: object = None) -> None:
        name = str(getattr(user, "name", "")).lower()
        word = rf"(?<![^\W\d_]){re.escape(name)}(?![^\W\d_])"
        if name and (name in password.lower() if len(name) >= _LONG else re.search(word, password.lower())):
            raise ValidationError("the account's name is in it", code="password_too_similar")


def _kind(sign: str) -> str:
    if sign.islower():
        return "lower"
    if sign.isupper():
        return "upper"
    return "digit" if sign.isdigit() else "other"
