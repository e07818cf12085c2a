"""What one host has answered in this round: the same question is asked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.model.question import Answer, Command, CommandAnswer, CommandEnd, Question


class Answers:
    """A cache of one host and one round."""

    def __init__(self) -> None:
        self._commands: dict[str, tuple[Command, CommandAnswer]] = {}
        self._probes: dict[Question, Answer] = {}
        self._used: dict[str, Command] = {}

    def learn(self, answers: Mapping[Question, Answer]) -> None:
        for question, answer in answers.items():
            if isinstance(question, Command) and isinstance(answer, CommandAnswer):
                self._commands[question.text] = (question, answer)
            else:
                self._probes[question] = answer

    def find(self, question: Question) -> Answer | None:
        """The answer, if it is known.

        A command is known by its text: one that ended by itself has ended so under any time limit. One that
        timed out is asked again by a check that gives it more time.
        """
        if not isinstance(question, Command):
            return self._probes.get(question)
        if question.text not in self._commands:
            return None
        asked, answer = self._commands[question.text]
        if answer.end is CommandEnd.TIMED_OUT and asked.timeout < question.timeout:
            return None
        self._used[question.text] = asked
        return answer

    @property
    def used(self) -> tuple[Command, ...]:
        """The commands whose answers some check has used, in the order of first use."""
        return tuple(self._used.values())

    @property
    def probed(self) -> bool:
        """Whether anything but commands was asked."""
        return bool(self._probes)


def merge(questions: Iterable[Question]) -> tuple[Question, ...]:
    """Each question once; a command that several checks ask gets the longest of their time limits."""
    commands: dict[str, Command] = {}
    probes: dict[Question, None] = {}
    for question in questions:
        if not isinstance(question, Command):
            probes[question] = None
            continue
        known = commands.get(question.text)
        if known is None or known.timeout < question.timeout:
            commands[question.text] = question
    return (*commands.values(), *probes)
