"""What the database remembers. It is the truth about people, grants, clusters, every operation, and the audit."""

from clusterview.models.audit import AuditEntry, AuditHead
from clusterview.models.clusters import Cluster
from clusterview.models.heartbeats import Heartbeat
from clusterview.models.operations import Operation
from clusterview.models.people import ApiToken, Grant, LoginLink
from clusterview.models.recordings import Recording
from clusterview.models.sizings import Sizing
from clusterview.models.switches import Switch

__all__ = ["ApiToken", "AuditEntry", "AuditHead", "Cluster", "Grant", "Heartbeat", "LoginLink", "Operation", "Recording", "Sizing", "Switch"]
