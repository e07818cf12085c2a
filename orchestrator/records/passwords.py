"""Passwords: made, judged, kept as hashes and compared.

Django's part of it is imported where it is used: it loads what answers web requests, 40 ms, and all but a few
commands compare no password.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.records.models.account import Account
from orchestrator.records.models.former_password import FormerPassword
from orchestrator.records.password_settings import HISTORY, MAX_AGE_DAYS

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without what a person misreads: l, 1, I, O, 0, i, o."""
_RULES = {
    "password_too_short": Text("至少 10 个字符", "at least 10 characters"),
    "password_not_writable": Text(
        "不能含控制字符，最长 256 个字符", "no control characters, and at most 256 characters"
    ),
    "password_too_uniform": Text(
        "大写、小写、数字、符号四类中至少三类",
        "three of the four kinds: upper case, lower case, digits, symbols",
    ),
    "password_too_common": Text(
        "不能是常用口令或其变形（如 Admin@123456）", "no common password or its disguise (Admin@123456)"
    ),
    "password_too_similar": Text(
        "不能含账号名，也不能与账号名或姓名相近",
        "neither the account's name in it nor similar to the full name",
    ),
    "password_used_before": Text(
        f"不能与最近 {HISTORY} 次用过的口令相同", f"none of the last {HISTORY} passwords"
    ),
}


def password_matches(account: Account | None, password: str) -> bool:
    """Whether it is the account's password. Takes as long for an account that does not exist."""
    from django.contrib.auth.hashers import check_password, make_password

    if not _encodable(password):
        password, account = "", None
    if account is None:
        make_password(password)
        return False
    return check_password(password, account.password)


def choose_password(account: Account, password: str, at: datetime) -> None:
    """Replace the password by one that its person chose. Runs within the caller's transaction.

    Raises:
        InputError: with every rule that it breaks.
    """
    if broken := _broken_rules(account, password):
        raise InputError(
            Text(
                f"新口令不合要求：{'；'.join(_RULES[rule].zh for rule in broken)}",
                f"the new password won't do: {'; '.join(_RULES[rule].en for rule in broken)}",
            ),
            Text("换一个再试", "choose another one"),
        )
    _keep(account, password, at, must_change=False)


def issue_password(account: Account, at: datetime) -> str:
    """Replace the password by a random one that must be changed at the next login, and return it."""
    while True:
        password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(3))
        if not _refused_by_django(account, password):
            break
    _keep(account, password, at, must_change=True)
    return password


def password_is_due(account: Account, now: datetime) -> bool:
    """Whether another one must be chosen before anything else."""
    return account.must_change_password or now - account.password_changed_at >= timedelta(days=MAX_AGE_DAYS)


def _keep(account: Account, password: str, at: datetime, *, must_change: bool) -> None:
    from django.contrib.auth.hashers import make_password

    hashed = make_password(password)
    account.password = hashed
    account.password_changed_at = at
    account.must_change_password = must_change
    account.save()
    FormerPassword.objects.create(account=account, password=hashed)
    kept = account.former_passwords.order_by("-pk").values_list("pk", flat=True)[:HISTORY]
    account.former_passwords.exclude(pk__in=list(kept)).delete()


def _broken_rules(account: Account, password: str) -> list[str]:
    broken = _refused_by_django(account, password)
    if not broken and _used_before(account, password):
        broken.append("password_used_before")
    return broken


def _refused_by_django(account: Account, password: str) -> list[str]:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    try:
        # What the rules read are the attributes that they name; Django's stubs ask for its own user model.
        validate_password(password, cast("AbstractBaseUser", account))
    except ValidationError as error:
        return list(dict.fromkeys(str(rule.code) for rule in error.error_list))
    return []


def _used_before(account: Account, password: str) -> bool:
    from django.contrib.auth.hashers import check_password

    former = account.former_passwords.order_by("-pk").values_list("password", flat=True)[:HISTORY]
    return any(check_password(password, hashed) for hashed in former)


def _encodable(password: str) -> bool:
    try:
        password.encode()
    except UnicodeEncodeError:
        return False
    return True
