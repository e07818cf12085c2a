"""A schedule that workers look after."""

from __future__ import annotations

from django.db import models


class ScheduleWatch(models.Model):
    """There while the timetable has it. Whoever settles its due times holds this row."""

    schedule = models.CharField(max_length=255, unique=True)
    settled = models.DateTimeField()
    """Each due time up to here has its record. At first: when the schedule was first seen."""
