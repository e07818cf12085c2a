"""A small made-up hospital: its servers and the systems on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.errors import UnreachableReason
from orchestrator.language import Text
from orchestrator.model.round import HostFailure
from orchestrator.model.system import Catalogue, Component, Tier

STARTED = datetime(2026, 11, 23, 22, 31, 4, tzinfo=UTC)
"""06:31:04 at the hospital."""
HOSPITAL = Text("示例县人民医院", "Example County People's Hospital")


@dataclass(frozen=True)
class Server:
    """One host of the sample."""

    name: str
    address: str
    groups: tuple[str, ...]
    failure: HostFailure | None = None


SERVERS = (
    Server("his-db01", "10.20.1.11", ("his_db", "postgres")),
    Server("his-db02", "10.20.1.12", ("his_db", "postgres")),
    Server("his-app01", "10.20.1.21", ("app",)),
    Server("his-app02", "10.20.1.22", ("app",)),
    Server("emr-db01", "10.20.1.31", ("emr_db",)),
    Server(
        "lis-db01",
        "10.20.1.41",
        ("lis_db",),
        HostFailure(
            UnreachableReason.HOST_KEY_CHANGED,
            Text(
                "已信任 SHA256:3vT0aX…Qk8，现在出示 SHA256:Zp9cLm…1dE",
                "trusted SHA256:3vT0aX…Qk8, now shows SHA256:Zp9cLm…1dE",
            ),
        ),
    ),
    Server("yb-front01", "10.20.9.5", ("yb_line",)),
    Server("pay-gw01", "10.20.9.15", ("dmz", "pay_gw")),
    Server(
        "wechat-fe01",
        "10.20.9.21",
        ("dmz",),
        HostFailure(
            UnreachableReason.TIMEOUT,
            Text("10 秒内未建立连接（10.20.9.21 端口 22）", "no connection within 10 s (10.20.9.21 port 22)"),
        ),
    ),
    Server("backup01", "10.20.1.61", ("backup",)),
)


def _system(seq: int, slug: str, zh: str, en: str, tier: Tier, *requires: str) -> Component:
    return Component(slug, Text(zh, en), tier, (), requires, seq=seq)


def _platform(slug: str, zh: str, en: str, tier: Tier, *hosts: str) -> Component:
    return Component(slug, Text(zh, en), tier, hosts)


CATALOGUE = Catalogue(
    (
        _system(
            1, "op_registration", "门急诊挂号", "Outpatient and ED Registration", Tier.T1, "p_his_db", "p_app"
        ),
        _system(2, "op_billing", "门急诊收费", "Outpatient and ED Billing", Tier.T1, "p_his_db", "p_app"),
        _system(3, "adt", "出入院管理", "Admission Discharge Transfer", Tier.T1, "p_his_db", "p_app"),
        _system(6, "op_pharmacy", "门诊药房管理", "Outpatient Pharmacy", Tier.T1, "p_his_db", "p_app"),
        _system(9, "triage", "分诊管理", "Triage and Queue Calling", Tier.T2, "op_registration"),
        _system(
            14,
            "insurance_if",
            "医疗保险接口",
            "Medical Insurance Interface",
            Tier.T1,
            "p_yb_line",
            "p_his_db",
        ),
        _system(20, "cpoe", "电子医嘱", "Computerized Physician Order Entry", Tier.T1, "p_his_db", "p_app"),
        _system(21, "ip_emr", "住院电子病历", "Inpatient EMR", Tier.T1, "p_emr_db", "adt"),
        _system(31, "materials", "物资管理系统", "Materials Management", Tier.T3, "p_his_db"),
        _system(33, "lis", "检验信息系统", "Laboratory Information System", Tier.T1, "p_lis_db"),
        _system(34, "blood_bank", "血库管理系统", "Blood Bank", Tier.T1, "p_lis_db"),
        _system(42, "unified_pay", "统一支付平台", "Unified Payment Platform", Tier.T1, "p_pay_gw"),
        _system(43, "wechat_if", "微信公众号接口", "WeChat Official Account Interface", Tier.T2, "p_wechat"),
        _system(46, "adverse_event", "不良事件管理", "Adverse Event Reporting", Tier.T3),
        _platform("p_his_db", "HIS核心数据库", "HIS core DB", Tier.T1, "his_db"),
        _platform("p_app", "应用服务器与中间件", "App servers", Tier.T1, "app"),
        _platform("p_emr_db", "电子病历库与文书存储", "EMR DB", Tier.T1, "emr_db"),
        _platform("p_lis_db", "LIS数据库", "LIS DB", Tier.T1, "lis_db"),
        _platform("p_yb_line", "医保专网与医保前置机", "Insurance line and front end", Tier.T1, "yb_line"),
        _platform("p_pay_gw", "支付渠道前置", "Payment front end", Tier.T1, "pay_gw"),
        _platform("p_wechat", "公众号前置机", "WeChat front end", Tier.T2, "wechat-fe01"),
        _platform("p_backup", "备份与容灾", "Backup", Tier.T1, "backup"),
    )
)
