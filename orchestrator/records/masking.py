"""Takes secrets and patients out of whatever is stored (domain.md 6.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from orchestrator.language import Text
from orchestrator.model.observation import Judgement, Observation
from orchestrator.model.round import CheckResult, HostFailure, HostOutcome
from orchestrator.model.secret import Secret
from orchestrator.model.threshold import Limit, Threshold, Value
from orchestrator.records.patient import mask_patients
from orchestrator.records.secret_form import SECRET_MASK, forms, mask_named_secrets

SHORT = 4
"""A shorter secret is masked only where it stands alone: `1` within `192.168.1.10` tells nobody anything."""

_SHORT_TEXT = 200
_KEPT = 10_000

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""No database takes NUL in a text, and half a surrogate pair has no UTF-8."""

_SUSPICIOUS = re.compile(r"[=:：＝>|-]|\d{11}")
"""Every rule needs a sign between a name and its value, or a long number. Most short texts have neither."""


class Masker:
    """Masks texts of one round. Masking twice changes nothing more."""

    def __init__(self, secrets: Iterable[Secret], salt: bytes) -> None:
        """`salt` is the site's own key: with it the same patient number has the same mask in every system,
        and without it nobody can try all numbers.

        Raises:
            ValueError: the salt is empty.
        """
        if not salt:
            raise ValueError("masking needs the site's salt")
        self._salt = salt
        self._done: dict[str, str] = {}
        """Short texts: hosts say much the same."""
        written = {form for secret in secrets for form in forms(secret.reveal())}
        self._secrets = sorted((form for form in written if len(form) >= SHORT), key=len, reverse=True)
        short = sorted((re.escape(form) for form in written if len(form) < SHORT), key=len, reverse=True)
        self._short = re.compile(rf"(?<!\w)(?:{'|'.join(short)})(?!\w)") if short else None

    def mask(self, text: str) -> str:
        """`text` as it may be stored and shown."""
        if len(text) > _SHORT_TEXT:
            return self._masked(text)
        if text not in self._done:
            if len(self._done) >= _KEPT:
                self._done.clear()
            self._done[text] = self._masked(text)
        return self._done[text]

    def _masked(self, text: str) -> str:
        text = _UNSTORABLE.sub("\ufffd", self._mask_secrets(text))
        if not _SUSPICIOUS.search(text):
            return text
        return self._mask_secrets(mask_patients(mask_named_secrets(text), self._salt))

    def mask_text(self, text: Text) -> Text:
        return Text(self.mask(text.zh), self.mask(text.en))

    def holds_secret(self, text: str) -> bool:
        """Whether one of the secrets is in it, in any form that we know."""
        for secret in self._secrets:
            if secret in text:
                return True
        return bool(self._short and self._short.search(text))

    def _mask_secrets(self, text: str) -> str:
        if not self.holds_secret(text):
            return text
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, SECRET_MASK)
        if self._short:
            text = self._short.sub(SECRET_MASK, text)
        # A secret that itself holds asterisks can come about by masking another one beside it.
        return SECRET_MASK if self.holds_secret(text) else text


def mask_outcome(outcome: HostOutcome, masker: Masker) -> HostOutcome:
    """Everything textual that a host or a check had a hand in. Commands are left: they are never shown."""
    return replace(
        outcome,
        failure=None if outcome.failure is None else _failure(outcome.failure, masker),
        results=tuple(_result(result, masker) for result in outcome.results),
    )


def _failure(failure: HostFailure, masker: Masker) -> HostFailure:
    hint = None if failure.hint is None else masker.mask_text(failure.hint)
    return replace(failure, detail=masker.mask_text(failure.detail), hint=hint)


def _result(result: CheckResult, masker: Masker) -> CheckResult:
    judgements = tuple([_judgement(judgement, masker) for judgement in result.judgements])
    reason = None if result.reason is None else masker.mask_text(result.reason)
    evidence = masker.mask(result.evidence)
    if (judgements, reason, evidence) == (result.judgements, result.reason, result.evidence):
        return result  # as nearly always: a copy would cost more than the masking
    return replace(result, judgements=judgements, reason=reason, evidence=evidence)


def _judgement(judgement: Judgement, masker: Masker) -> Judgement:
    seen, threshold = judgement.observation, judgement.threshold
    value = _value(seen.value, masker)
    subject = masker.mask(seen.subject)
    evidence = masker.mask(seen.evidence)
    limits = None if threshold is None else _threshold(threshold, masker)
    if limits is threshold and value == seen.value and subject == seen.subject and evidence == seen.evidence:
        return judgement
    return replace(
        judgement, observation=Observation(seen.metric, value, subject, evidence), threshold=limits
    )


def _threshold(threshold: Threshold, masker: Masker) -> Threshold:
    warn, crit = threshold.warn, threshold.crit
    if (warn is None or not isinstance(warn.operand, str)) and (
        crit is None or not isinstance(crit.operand, str)
    ):
        return threshold
    return replace(threshold, warn=_limit(warn, masker), crit=_limit(crit, masker))


def _limit(limit: Limit | None, masker: Masker) -> Limit | None:
    return None if limit is None else replace(limit, operand=_value(limit.operand, masker))


def _value(value: Value, masker: Masker) -> Value:
    return masker.mask(value) if isinstance(value, str) else value
