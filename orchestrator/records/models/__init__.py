"""The tables, one noun a file."""

from orchestrator.records.models.account import Account
from orchestrator.records.models.account_role import AccountRole
from orchestrator.records.models.attempt import Attempt
from orchestrator.records.models.authorisation import Authorisation
from orchestrator.records.models.daily_sample import DailySample
from orchestrator.records.models.event import Event
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.finding_note import FindingNote
from orchestrator.records.models.former_password import FormerPassword
from orchestrator.records.models.host_claim import HostClaim
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.kept_forecasts import KeptForecasts
from orchestrator.records.models.lease import Lease
from orchestrator.records.models.memory import Memory
from orchestrator.records.models.posting import Posting
from orchestrator.records.models.redeemed_permit import RedeemedPermit
from orchestrator.records.models.round import Round
from orchestrator.records.models.round_share import RoundShare
from orchestrator.records.models.ruling import Ruling
from orchestrator.records.models.run import Run
from orchestrator.records.models.run_event import RunEvent
from orchestrator.records.models.sample import Sample
from orchestrator.records.models.schedule_occurrence import ScheduleOccurrence
from orchestrator.records.models.schedule_pause import SchedulePause
from orchestrator.records.models.schedule_watch import ScheduleWatch
from orchestrator.records.models.segment import Segment
from orchestrator.records.models.series import Series
from orchestrator.records.models.session import Session
from orchestrator.records.models.waiver import Waiver

__all__ = [
    "Account",
    "AccountRole",
    "Attempt",
    "Authorisation",
    "DailySample",
    "Event",
    "Finding",
    "FindingNote",
    "FormerPassword",
    "HostClaim",
    "HostResult",
    "KeptForecasts",
    "Lease",
    "Memory",
    "Posting",
    "RedeemedPermit",
    "Round",
    "RoundShare",
    "Ruling",
    "Run",
    "RunEvent",
    "Sample",
    "ScheduleOccurrence",
    "SchedulePause",
    "ScheduleWatch",
    "Segment",
    "Series",
    "Session",
    "Waiver",
]
