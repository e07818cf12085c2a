"""What is stored holds neither secrets nor patients."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UnreachableReason
from orchestrator.language import Text
from orchestrator.model.check import Layer
from orchestrator.model.observation import Judgement, Observation
from orchestrator.model.round import CheckResult, HostFailure, HostOutcome
from orchestrator.model.secret import Secret
from orchestrator.model.threshold import Comparison, Evidence, Limit, Threshold, ThresholdSource
from orchestrator.model.verdict import Verdict
from orchestrator.records.masking import Masker, mask_outcome
from orchestrator.records.secret_form import SECRET_MASK

SALT = b"the salt of this site"
SECRET = "hunter2-Zebra/+&"
PLAIN = Masker((), SALT)

PIECES = (
    "password=",
    "密码：",
    "--password ",
    "Authorization: Bearer ",
    "postgresql://ward:",
    "@db/his",
    "姓名: ",
    '"patient_name": "',
    "name=张三丰",
    "住院号=",
    "条码：A123",
    "医保卡号 ",
    "卡号=6222 0212 3456 7894",
    "家庭住址: ",
    "地址：武汉市江岸区",
    "诊断=肺炎",
    "110101199003070118",
    "110101900307011",
    "13812345678",
    "+86 138-1234-5678",
    "#13812345678a",
    SECRET,
    "*",
    '"',
    "'",
    "\\",
    "\n",
    "\0",
    "\ud800",
    "1",
)
noise = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=12).map("".join)
secrets = st.lists(st.one_of(st.just(SECRET), st.text(min_size=4, max_size=20)), min_size=1, max_size=4)


@given(noise, secrets)
def test_a_masked_text_never_holds_a_secret(text: str, hidden: list[str]) -> None:
    masked = Masker(map(Secret, hidden), SALT).mask(text + hidden[0] + text)
    assert not [secret for secret in hidden if secret.strip("*") and secret in masked]


@given(noise, secrets)
def test_masking_twice_changes_nothing_more(text: str, hidden: list[str]) -> None:
    masker = Masker(map(Secret, hidden), SALT)
    once = masker.mask(text)
    assert masker.mask(once) == once


@given(noise)
def test_what_is_masked_can_be_stored_anywhere(text: str) -> None:
    masked = PLAIN.mask(text)
    assert "\0" not in masked
    masked.encode()


@given(st.binary(max_size=9), st.text(min_size=6, max_size=24), st.binary(max_size=9))
def test_a_secret_within_base64_is_found_wherever_it_begins(before: bytes, secret: str, after: bytes) -> None:
    shown = base64.b64encode(before + secret.encode() + after).decode()
    masker = Masker([Secret(secret)], SALT)
    if secret.strip("*"):
        assert masker.holds_secret(shown)
        assert SECRET_MASK in masker.mask(shown)


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps({"p": SECRET}),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(b"ward:" + SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_known_in_every_form_that_output_gives_it(shown: str) -> None:
    masker = Masker([Secret(SECRET)], SALT)
    assert masker.holds_secret(f"<{shown}>")
    assert SECRET_MASK in masker.mask(f"<{shown}>")


def test_each_line_of_a_private_key_is_a_secret() -> None:
    key = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7yn3bRHQ\nq83vEjRWeJCrze8SNFZ4kKvN\n-----END KEY-----\n"
    masked = Masker([Secret(key)], SALT).mask("line 2 of the file: MIIEpAIBAAKCAQEA7yn3bRHQ")
    assert masked == f"line 2 of the file: {SECRET_MASK}"


def test_a_short_secret_is_masked_only_where_it_stands_alone() -> None:
    masker = Masker([Secret("1")], SALT)
    assert masker.mask("192.168.11.10 said 1.") == f"192.168.11.10 said {SECRET_MASK}."


def test_a_masker_without_salt_is_refused() -> None:
    with pytest.raises(ValueError, match="salt"):
        Masker((), b"")


@pytest.mark.parametrize(
    ("shown", "stored"),
    [
        ("password=abc123 rest", f"password={SECRET_MASK} rest"),
        ('{"db_password": "a b;c", "port": 1}', f'{{"db_password": "{SECRET_MASK}", "port": 1}}'),
        ("password='a\\'b' x", f"password='{SECRET_MASK}' x"),
        ("Server=db;Password=abc;Port=1", f"Server=db;Password={SECRET_MASK};Port=1"),
        ("密码：小写abc", f"密码：{SECRET_MASK}"),
        ("mysql --password abc -h db", f"mysql --password {SECRET_MASK} -h db"),
        ("PGPASSWORD=abc psql", f"PGPASSWORD={SECRET_MASK} psql"),
        ("Authorization: Basic d2FyZDpw", f"Authorization: Basic {SECRET_MASK}"),
        ("postgresql://ward:p@ss@db:5432/his", f"postgresql://ward:{SECRET_MASK}@db:5432/his"),
        ("redis://:abc@cache:6379", f"redis://:{SECRET_MASK}@cache:6379"),
    ],
)
def test_what_stands_after_a_name_that_means_a_secret_is_masked(shown: str, stored: str) -> None:
    assert PLAIN.mask(shown) == stored


@pytest.mark.parametrize(
    ("shown", "stored"),
    [
        ("患者 110101199003070118 到达", "患者 [ID] 到达"),
        ("身份证11010119900307002X。", "身份证[ID]。"),
        ("old 110101900307011 card", "old [ID] card"),
        ("idcard=110101199003070119 mistyped", "idcard=[ID] mistyped"),
        ("身份证号：11010119900307", "身份证号：[ID]"),
        ("联系13812345678或+86 139-1234-5678", "联系[PHONE]或[PHONE]"),
        ("姓名：张三丰 性别：男", "姓名：张* 性别：男"),
        ('{"patient_name": "John Smith", "age": 40}', '{"patient_name": "J*", "age": 40}'),
        ("<name>欧阳娜娜</name>", "<name>欧*</name>"),
        ("医保卡号=6222021234567894;", "医保卡号=************7894;"),
        ("bank_card: 6222 0212 3456 7894", "bank_card: ************7894"),
        ("家庭住址：武汉市江岸区 解放大道100号，电话", "家庭住址：***，电话"),
        ("address='武汉市江岸区'", "address='***'"),
        ("出生日期=1990-03-07;x", "出生日期=***;x"),
        ("入院诊断: 肺炎", "入院诊断: ***"),
    ],
)
def test_patients_are_taken_out(shown: str, stored: str) -> None:
    assert PLAIN.mask(shown) == stored


@pytest.mark.parametrize(
    "shown",
    [
        "110101199003070117",  # the checksum is wrong
        "110101199013070118",  # there is no month 13
        "999999900307011",  # no province has that number
        "12345678901",
        "load 0.13812345678",
        "hostname=his-db01 name=nginx.service NAME=sda1",
        "监听地址：0.0.0.0:8080 address=10.0.0.1",
        "在院患者: 1023",
        "Password expires : never",
        "PasswordAuthentication no",
        "http://his-web01:8080/api?x=1",
        "/dev/sda1  52403200 47163392 5239808  90% /data",
        "Filesystem 155 1024 2048",
    ],
)
def test_a_machines_own_words_stay_as_they_are(shown: str) -> None:
    assert PLAIN.mask(shown) == shown


def test_the_same_patient_number_has_the_same_mask_on_one_site_and_another_elsewhere() -> None:
    here = PLAIN.mask("住院号: ZY0012345")
    assert re.fullmatch("住院号: #[0-9a-f]{12}", here)
    assert PLAIN.mask("inpatient_no=ZY0012345").endswith(here[-12:])
    assert Masker((), b"another site").mask("住院号: ZY0012345") != here


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    [
        *("a", "1", "-", "://", "://a:", '"', "password=", 'password="', " ", "138-"),
        *("姓名", "姓名: ", "name=张", "卡号:1 ", "诊断：", "住院号=1"),
    ],
)
def test_no_text_makes_masking_hang(piece: str) -> None:
    masker = Masker([Secret("a" * 40), Secret(SECRET)], SALT)
    masker.mask(piece * (2**20 // len(piece.encode())))


def test_everything_textual_of_an_outcome_is_masked() -> None:
    leak = f"it says {SECRET}"
    text = Text(leak, leak)
    limit = Limit(Comparison.IS, leak)
    threshold = Threshold(limit, limit, ThresholdSource(Evidence.SITE, "runbook:1:1"))
    judgement = Judgement(Observation("state", leak, leak, leak), "", threshold, Verdict.WARN)
    result = CheckResult("a", "A", "run", "", Layer.SYSTEM, Verdict.WARN, (judgement,), text, leak, 0.1)
    outcome = HostOutcome(
        "his-db01",
        (),
        HostFailure(UnreachableReason.LOST, text, text),
        (result,),
        datetime(2026, 11, 24, tzinfo=UTC),
        1.0,
        1,
    )
    masked = mask_outcome(outcome, Masker([Secret(SECRET)], SALT))
    assert SECRET not in repr(masked)
    assert masked.results[0].judgements[0].observation.value == f"it says {SECRET_MASK}"


def test_what_one_round_masked_says_nothing_of_the_next_rounds_secrets() -> None:
    text = "the key is correct-horse or hunter2-old"
    before, after = (Masker({Secret(one)}, SALT) for one in ("hunter2-old", "correct-horse"))
    for _ in range(2):  # the second time from what it keeps
        assert before.mask(text) == f"the key is correct-horse or {SECRET_MASK}"
        assert after.mask(text) == f"the key is {SECRET_MASK} or hunter2-old"
        assert PLAIN.mask(text) == text
