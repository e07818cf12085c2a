"""Somebody who can log in."""

from __future__ import annotations

from django.db import models


class Account(models.Model):
    """Never deleted, which a trigger in the database sees to: the log of events names it."""

    password = models.CharField("password", max_length=128)
    """Its hash, as `django.contrib.auth.hashers` writes it."""
    last_login = models.DateTimeField("last login", blank=True, null=True)
    name = models.CharField(max_length=32, unique=True)
    """What its person logs in with: lower case."""
    full_name = models.CharField(max_length=64)
    is_active = models.BooleanField(default=True)
    """False: blocked by a system administrator."""
    must_change_password = models.BooleanField(default=True)
    """The password is known to whoever made it: it is good for nothing but choosing another."""
    password_changed_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)
    """Failed logins since the last that succeeded, or since a lock ended."""
    locked_until = models.DateTimeField(null=True)
    second_factor = models.BinaryField(null=True)
    """The TOTP secret, encrypted, see `records/second_factor.py`; none: not enrolled."""
    second_factor_step = models.BigIntegerField(default=0)
    """Of the last code that was accepted. No code of it or before it is accepted again."""
    made_at = models.DateTimeField()
