"""A worker's lease."""

from __future__ import annotations

from django.db import models


class Lease(models.Model):
    """One life of one worker. Its primary key is the fence: it only grows, and no two lives share one."""

    identity = models.CharField(max_length=255)
    """The worker's name. At most one life of a name is not `dead`."""
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    process = models.CharField(max_length=255)
    """Boot id, pid namespace and start time of the process: the same machine knows it by them for certain."""
    beat = models.PositiveBigIntegerField(default=0)
    """Grows while it lives. Others watch it by their own clocks, so that nobody's clock can be wrong."""
    acquired_at = models.DateTimeField()
    beaten_at = models.DateTimeField()
    """For people to read. Nothing is decided by it."""
    dead = models.BooleanField(default=False)
    """Taken for dead. The row goes when all that it had begun has been handed on."""

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("identity",), condition=models.Q(dead=False), name="records_lease_alive"
            ),
        )
