"""Every event says who, and is chained to the one before."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0002_append_only")]
    operations = [
        migrations.AddField(
            "event", "actor", models.CharField(max_length=255, default="wardround"), preserve_default=False
        ),
        migrations.AddField(
            "event", "proof", models.CharField(max_length=16, default="program"), preserve_default=False
        ),
        migrations.AddField(
            "round", "proof", models.CharField(max_length=16, default="os_user"), preserve_default=False
        ),
        migrations.AddField("round", "partial", models.BooleanField(default=False)),
    ]
