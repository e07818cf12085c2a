"""Runs, their journal, the queue, leases and schedules."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("records", "0007_kept_forecasts")]
    operations = []
