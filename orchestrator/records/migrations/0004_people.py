"""Accounts, their sessions and what they may do."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("records", "0003_audit_chain")]
    operations = []
