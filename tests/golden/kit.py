"""The checks of the sample rounds: what each is called, where its limits lie, what it gives on a good day."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.language import Text
from orchestrator.model.check import Layer
from orchestrator.model.report import ReportItem
from orchestrator.model.threshold import Evidence, Value
from orchestrator.model.verdict import Verdict


@dataclass(frozen=True)
class Kit:
    """One check as the sample uses it: what it is called, and what it gives on a good day."""

    code: str
    check: str
    zh: str
    metric: str
    metric_title: Text
    unit: str
    warn: str
    crit: str
    good: Value
    layer: Layer = Layer.SYSTEM
    level: Evidence = Evidence.PRACTICE
    source: str = "domain.md 3.2"
    capacity: bool = False

    def item(self, host: str, value: Value | None, verdict: Verdict = Verdict.OK) -> ReportItem:
        return ReportItem(
            host=host,
            id=self.check,
            code=self.code,
            title=self.zh,
            check=self.check,
            layer=self.layer,
            verdict=verdict,
            metric=self.metric,
            metric_title=self.metric_title,
            value=value,
            unit=self.unit,
            warn=self.warn,
            crit=self.crit,
            evidence_level=self.level,
            source=self.source,
            previous=value,
            previous_verdict=Verdict.OK,
            capacity=self.capacity,
            seconds=0.04,
        )


LOAD = Kit(
    "LNX01",
    "cpu_load",
    "系统负载",
    "load5_per_core",
    Text("5 分钟负载/核", "load5 per core"),
    "",
    ">= 1",
    ">= 2",
    0.31,
)
CPU = Kit(
    "LNX02",
    "cpu_usage",
    "CPU 与 iowait",
    "busy_pct",
    Text("CPU 使用率", "CPU busy"),
    "%",
    ">= 80",
    ">= 95",
    22.4,
    level=Evidence.VERIFIED,
    source="domain.md 3.2 LNX02 [S20]",
)
MEMORY = Kit(
    "LNX03",
    "memory_available",
    "可用内存比例",
    "available_pct",
    Text("可用内存", "available memory"),
    "%",
    "<= 10",
    "<= 5",
    41.6,
)
SWAP = Kit(
    "LNX04",
    "swap_usage",
    "交换分区使用",
    "used_pct",
    Text("已用交换分区", "swap used"),
    "%",
    ">= 20",
    ">= 80",
    0.0,
)
FILES = Kit(
    "LNX05",
    "filesystem_usage",
    "文件系统使用率",
    "used_pct",
    Text("已用空间", "space used"),
    "%",
    ">= 85",
    ">= 90",
    47.0,
    level=Evidence.VERIFIED,
    source="domain.md 3.2 LNX05 [S20]",
    capacity=True,
)
INODES = Kit(
    "LNX06",
    "inode_usage",
    "inode 使用率",
    "used_pct",
    Text("已用 inode", "inodes used"),
    "%",
    ">= 85",
    ">= 90",
    6.2,
    capacity=True,
)
READ_ONLY = Kit(
    "LNX07",
    "readonly_filesystem",
    "只读文件系统",
    "count",
    Text("只读文件系统数", "read-only file systems"),
    "",
    "",
    ">= 1",
    0.0,
)
UNITS = Kit(
    "LNX09",
    "failed_units",
    "失败的服务单元",
    "count",
    Text("失败单元数", "failed units"),
    "",
    ">= 1",
    "",
    0.0,
)
KERNEL = Kit(
    "LNX11",
    "kernel_errors",
    "内核错误/OOM",
    "count",
    Text("内核错误数", "kernel errors"),
    "",
    ">= 1",
    "",
    0.0,
)
CLOCK = Kit(
    "LNX12",
    "clock_offset",
    "时钟偏移",
    "offset_s",
    Text("偏移", "offset"),
    "s",
    ">= 0.05",
    ">= 1",
    0.0021,
    level=Evidence.VERIFIED,
    source="domain.md 3.2 LNX12 [S20]",
)
RAID = Kit("LNX15", "disk_health", "RAID 与硬盘", "bad", Text("异常盘数", "bad disks"), "", "", ">= 1", 0.0)
AUDIT = Kit(
    "LNX20",
    "audit_services",
    "审计与日志转发存活",
    "state",
    Text("服务状态", "state"),
    "",
    "",
    "!= active",
    "active",
)
EVERYWHERE = (LOAD, CPU, MEMORY, SWAP, FILES, INODES, READ_ONLY, UNITS, KERNEL, CLOCK, RAID, AUDIT)

CERTIFICATE = Kit(
    "CRT01",
    "tls_certificate",
    "HTTPS 证书有效期",
    "days_left",
    Text("剩余天数", "days left"),
    "d",
    "<= 20",
    "<= 3",
    88.0,
    Layer.APPLICATION,
    Evidence.VERIFIED,
    "domain.md 3.9 CRT01 [S20]",
)
LOGS = Kit(
    "",
    "log_pattern",
    "HIS 应用日志报错",
    "count",
    Text("近 10 分钟报错行", "error lines in 10 min"),
    "",
    ">= 10",
    ">= 100",
    0.0,
    Layer.APPLICATION,
    Evidence.SITE,
    "runbooks/inspection/morning.yml:48:9",
)
PROBE = Kit(
    "",
    "http_probe",
    "挂号服务首页",
    "seconds",
    Text("响应时间", "response time"),
    "s",
    ">= 1",
    ">= 5",
    0.12,
    Layer.APPLICATION,
    Evidence.SITE,
    "runbooks/inspection/morning.yml:54:9",
)
BACKUP_JOB = Kit(
    "BAK01",
    "backup_job",
    "备份作业成功",
    "state",
    Text("作业结果", "job result"),
    "",
    "",
    "!= success",
    "success",
    source="domain.md 3.9 BAK01",
)
BACKUP_AGE = Kit(
    "BAK02",
    "backup_file",
    "备份时效与大小偏离",
    "age_h",
    Text("距今", "age"),
    "h",
    ">= 26",
    ">= 50",
    7.4,
    source="domain.md 3.9 BAK02",
)
BACKUP_SIZE = replace(
    BACKUP_AGE,
    metric="deviation_pct",
    metric_title=Text("大小偏离", "size deviation"),
    unit="%",
    warn=">= 30",
    crit=">= 60",
    good=2.1,
)
REGISTRATIONS = Kit(
    "BC01",
    "sql_scalar",
    "近10分钟挂号笔数",
    "value",
    Text("笔数", "count"),
    "",
    "",
    "",
    46.0,
    Layer.BUSINESS,
    Evidence.SITE,
    "runbooks/inspection/morning.yml:71:9",
)
SETTLEMENTS = replace(
    REGISTRATIONS,
    code="BC04",
    zh="医保结算成功率",
    metric_title=Text("成功率", "success rate"),
    unit="%",
    warn="<= 98",
    crit="<= 90",
    good=99.3,
)
ORPHANS = replace(
    REGISTRATIONS,
    code="BC38",
    zh="单边账最久时长",
    metric_title=Text("最久时长", "oldest"),
    unit="min",
    warn=">= 5",
    crit=">= 30",
    good=0.0,
)
