"""How patients show in output: by the shape of a number, or by the name before it (domain.md 6.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from orchestrator.records.mask_rule import MaskRule, apply

_MANY_DIGITS = re.compile(r"\d[\d-]{10}")
_IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx](?![\dXx])|(?<!\d)\d{15}(?!\d)")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKSUM = "10X98765432"
_PROVINCES = range(11, 84)
_MOBILE = re.compile(r"#[0-9a-f]{12}(?![\w-])|(?<!\d)(?<!\d\.)(?:\+?86[- ]?)?1[3-9]\d-?\d{4}-?\d{4}(?!\d)")
"""Not within a mask that `_NUMBER` left, whose hexadecimal may look like one."""

_SIGN = r"""["']?[ \t]{0,8}(?:={1,3}>?|:=?|[：＝>|])[ \t]{0,8}["']?"""
"""Between name and value in logs, JSON, XML and tables."""
_FIELD = r"""[^\s,;，；。|"'<>&][^\n,;，；。|"'<>&]*"""
_HAN = "㐀-䶿一-鿿"
_PERSON = rf"(?P<value>(?-i:[{_HAN}·][{_HAN}·*]*)|{_FIELD})"

_PATIENT_NAME = rf"(?P<name>(?:姓名|患者|病人|patient[_ -]?name|xingming){_SIGN})(?!\d){_PERSON}"
_ANY_NAME = rf"(?P<name>name{_SIGN})(?P<value>(?-i:[{_HAN}][{_HAN}·*]+))"
"""`name=` is mostly a unit's or a disk's: only a Chinese value is taken for a person."""
_NAMED_IDENTITY = (
    r"(?P<name>(?:身份证号?码?|证件号码?|(?<![a-z])(?:id[_ -]?card|identity)(?:[_ -]?(?:no|num|number))?)"
    rf"{_SIGN})"
    r"(?P<value>\d{6}[0-9Xx*]{6,12})"
)
"""Under its own name a number is one however it is written: mistyped ones stand in logs too."""
_CARD = (
    r"(?P<name>(?:医保卡号?|社保卡?号?|社会保障卡?号?|银行卡号?|卡号|bank[_ -]?card"
    rf"|(?:card|account|insurance)[_ -]?(?:no|num|number|id)){_SIGN})(?P<value>\d[\d -]*\d)"
)
_NUMBER = (
    r"(?P<name>(?:门诊号|住院号|病案号|病历号|就诊号|就诊卡号?|登记号|条码号?|样本号|标本号|处方号"
    r"|(?:outpatient|inpatient|admission|visit|patient|medical[_ -]?record|specimen|prescription)"
    rf"[_ -]?(?:no|num|number|id)|mrn|bar[_ -]?code){_SIGN})(?P<value>#?[A-Za-z0-9][A-Za-z0-9_-]*)"
)
_NUMBER_MASK = re.compile("#[0-9a-f]{12}")
_PRIVATE = (
    r"(?P<name>(?:家庭住址|家庭地址|联系地址|现住址|户籍地址|住址|(?:home|patient)[_ -]?address"
    r"|出生日期|出生年月|生日|birth[_ -]?da(?:y|te)|date[_ -]?of[_ -]?birth|(?<![a-z])dob"
    r"|(?:临床|入院|出院|门诊|主要)?诊断|检验结果|(?<![a-z])diagnosis|lab[_ -]?result"
    rf"){_SIGN})(?P<value>{_FIELD})"
    rf"|(?P<place>(?:地址|address){_SIGN})(?-i:[{_HAN}]){_FIELD}"
)
"""An address is mostly a machine's: without `home` only a Chinese one is taken for a person's."""
REMOVED = "***"


def mask_patients(text: str, salt: bytes) -> str:
    """`text` without what tells who a patient is."""
    if _MANY_DIGITS.search(text):
        text = _MOBILE.sub(_hide_mobile, _IDENTITY.sub(_hide_identity, text))
    return apply((*_BY_NAME, MaskRule(_NUMBER_WORDS, _NUMBER, _pseudonym(salt)), _CARDS), text)


def _hide_identity(match: re.Match[str]) -> str:
    return "[ID]" if _is_identity(match[0]) else match[0]


def _hide_mobile(match: re.Match[str]) -> str:
    return match[0] if match[0].startswith("#") else "[PHONE]"


def _is_identity(number: str) -> bool:
    if int(number[:2]) not in _PROVINCES:
        return False
    if len(number) == 15:
        return _is_date(f"19{number[6:12]}")
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _is_date(number[6:14]) and _CHECKSUM[total % 11] == _plain_digit(number[-1])


def _plain_digit(character: str) -> str:
    return "X" if character in "xX" else str(int(character))


def _is_date(written: str) -> bool:
    try:
        date(int(written[:4]), int(written[4:6]), int(written[6:8]))
    except ValueError:
        return False
    return True


def _keep_first(match: re.Match[str]) -> str:
    return f"{match['name']}{match['value'][0]}*"


def _keep_last(match: re.Match[str]) -> str:
    """Whether or not the last digit is a checksum: card numbers of many hospitals have none."""
    digits = [character for character in match["value"] if character.isdigit()]
    if len(digits) <= 4:
        return match[0]
    return f"{match['name']}{'*' * (len(digits) - 4)}{''.join(digits[-4:])}"


def _pseudonym(salt: bytes) -> Callable[[re.Match[str]], str]:
    def mask(match: re.Match[str]) -> str:
        value = match["value"]
        if _NUMBER_MASK.fullmatch(value) or not any(character.isdigit() for character in value):
            return match[0]
        # Imported here: most commands mask no patient, and loading it costs each of them 7 ms.
        from cryptography.hazmat.primitives import hashes, hmac

        code = hmac.HMAC(salt, hashes.SM3())
        code.update(value.encode())
        return f"{match['name']}#{code.finalize().hex()[:12]}"

    return mask


def _hide(match: re.Match[str]) -> str:
    return f"{match['name']}[ID]"


def _remove(match: re.Match[str]) -> str:
    return f"{match['name'] or match['place']}{REMOVED}"


_BY_NAME = (
    MaskRule(("name",), _ANY_NAME, _keep_first),
    MaskRule(("证", "card", "identity"), _NAMED_IDENTITY, _hide),
    MaskRule(("姓名", "患者", "病人", "patient", "xingming"), _PATIENT_NAME, _keep_first),
    MaskRule(("址", "生", "诊断", "检验", "address", "birth", "dob", "diagnosis", "lab"), _PRIVATE, _remove),
)
_NUMBER_WORDS = (
    *("号", "条码", "就诊卡", "patient", "admission", "visit", "medical", "specimen", "prescription"),
    *("mrn", "bar"),
)
_CARDS = MaskRule(("保", "卡", "card", "account", "insurance"), _CARD, _keep_last)
