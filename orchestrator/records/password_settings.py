"""How passwords are kept and which are accepted (domain.md 6.2): Django's settings, Django's code."""

from __future__ import annotations

from typing import Any

_DJANGO = "django.contrib.auth.password_validation"
_OURS = "orchestrator.records.password_rules"

HISTORY = 5
"""So many passwords, the present one among them, are not chosen again."""
MAX_AGE_DAYS = 90
FIRST_PASSWORD_DAYS = 7
"""An issued password that nobody has replaced by then is worth nothing."""

PASSWORDS: dict[str, Any] = {
    "AUTH_USER_MODEL": "records.Account",
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
    "AUTH_PASSWORD_VALIDATORS": [
        {"NAME": f"{_DJANGO}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
        {"NAME": f"{_OURS}.WritableValidator"},
        {"NAME": f"{_OURS}.ThreeClassesValidator"},
        {"NAME": f"{_OURS}.DisguisedPasswordValidator"},
        {"NAME": f"{_OURS}.WithoutNameValidator"},
        {
            "NAME": f"{_DJANGO}.UserAttributeSimilarityValidator",
            "OPTIONS": {"user_attributes": ("name", "full_name")},
        },
    ],
}
