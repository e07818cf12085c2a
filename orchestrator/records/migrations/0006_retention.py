"""Numbers are rolled up by the day."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("records", "0005_findings_and_waivers")]
    operations = []
