from __future__ import annotations

from django.db import models

from clusterview.models.clusters import Cluster


class Recording(models.Model):
    """A stretch of one cluster's stream: what was published from `begun_at` to `until`, and how fresh the picture was meanwhile.

    Stretches of one epoch whose places meet (`last` of the one is `after` of the next) tell one story; a stretch with a `picture` can be
    understood without those before it. `body` is written and read by `clusterview.recording`; one of a `format` that it does not know was
    written by another version of it, and is not shown. The sizes stand in an index too, since they
    are added up again and again: SQLite would read every body on its way to a column behind it. `missing` are the kinds that the picture did not
    show then; null where that was not written down, which is not the same as none.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    epoch = models.BigIntegerField()
    after = models.BigIntegerField(help_text="sequence of the stream's place at its beginning")
    last = models.BigIntegerField(help_text="sequence of the place at its end")
    begun_at = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=10, help_text="live, stale or lost")
    has_picture = models.BooleanField()
    format = models.PositiveSmallIntegerField(default=0)
    body = models.BinaryField()
    size = models.IntegerField(help_text="bytes of the body")
    missing = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["cluster", "format", "epoch", "after"]), models.Index(fields=["until", "size"])]
