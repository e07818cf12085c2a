"""The tables, one noun a file."""

from orchestrator.records.models.event import Event
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.finding_note import FindingNote
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.memory import Memory
from orchestrator.records.models.redeemed_permit import RedeemedPermit
from orchestrator.records.models.round import Round
from orchestrator.records.models.sample import Sample
from orchestrator.records.models.series import Series
from orchestrator.records.models.waiver import Waiver

__all__ = [
    "Event",
    "Finding",
    "FindingNote",
    "HostResult",
    "Memory",
    "RedeemedPermit",
    "Round",
    "Sample",
    "Series",
    "Waiver",
]
