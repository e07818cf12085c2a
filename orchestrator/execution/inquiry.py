"""What one check asks in one attempt, and what that says of the attempt however it ends."""

from __future__ import annotations

from typing import TypeVar

from orchestrator.errors import CannotTell
from orchestrator.execution.answers import Answers
from orchestrator.language import Text
from orchestrator.model.question import Answer, Command, CommandAnswer, CommandEnd, Question

Kind = TypeVar("Kind", bound=Answer)

QUESTIONS = 1000
"""New questions that one attempt may collect. Only a check that swallows its suspension gets beyond one."""
EVIDENCE = 500


class Suspended(BaseException):
    """A question has no answer yet: the attempt ends here and is made again when it has.

    A BaseException, so that `except Exception` in a check does not swallow it. A bare `except:` does; that
    is why an attempt is judged by its inquiry's `missing` and not by what comes out of it.
    """


class Inquiry:
    """The questions of one check in one attempt."""

    def __init__(self, answers: Answers, timeout: float) -> None:
        self._answers = answers
        self._timeout = timeout
        self._abandoned = False
        self._heard: dict[Question, Answer] = {}
        self.missing: list[Question] = []
        """Questions without an answer yet. When there is one, the attempt says nothing."""
        self.doubts: list[Text] = []
        """Why the attempt's result may not be called `ok`, whatever the check made of it."""

    @property
    def timeout(self) -> float:
        return self._timeout

    @property
    def seconds(self) -> float:
        """How long the answers took."""
        return sum(answer.seconds for answer in self._heard.values())

    def abandon(self) -> None:
        """Nobody waits for this attempt any more: its next question ends it."""
        self._abandoned = True

    def answer(self, question: Question, kind: type[Kind]) -> Kind:
        """The answer, of the kind that belongs to the question.

        Raises:
            Suspended: it is not known yet.
        """
        found = None if self._abandoned else self._answers.find(question)
        if found is None:
            if len(self.missing) < QUESTIONS:
                self.missing.append(question)
            raise Suspended
        if not isinstance(found, kind):
            raise TypeError(f"a {type(question).__name__} was answered with a {type(found).__name__}")
        self._heard[question] = found
        return found

    def command(self, text: str) -> CommandAnswer:
        """What the command wrote, which ended by itself.

        Raises:
            Suspended: it is not known yet.
            CannotTell: the command did not end by itself.
        """
        command = Command(text, self._timeout)
        answer = self.answer(command, CommandAnswer)
        if answer.end is not CommandEnd.EXITED or answer.rc is None:
            raise _unfinished(command, answer)
        if answer.capped:
            self.doubts.append(
                Text("命令输出过长，只看到前面部分", "a command wrote too much; only its beginning was seen")
            )
        return answer


def _unfinished(command: Command, answer: CommandAnswer) -> CannotTell:
    written = str((answer.stdout + answer.stderr)[-EVIDENCE:], "utf-8", "replace")
    return CannotTell(_reason(command, answer.end), f"$ {command.text[:EVIDENCE]}\n{written}".rstrip())


def _reason(command: Command, end: CommandEnd) -> Text:
    match end:
        case CommandEnd.TIMED_OUT:
            return Text(
                f"命令在 {command.timeout:g} 秒内没有结束",
                f"a command did not end within {command.timeout:g} s",
            )
        case CommandEnd.NOT_STARTED:
            return Text(
                "连接中断，命令没有执行", "the connection was lost before the command could be started"
            )
    return Text(
        "命令使执行它的 shell 终止，结果无法得知",
        "a command ended its own shell, so its result can't be known",
    )
