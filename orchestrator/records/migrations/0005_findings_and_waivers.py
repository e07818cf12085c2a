"""Findings are handled by people, and accepted for a time."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("records", "0004_people")]
    operations = []
