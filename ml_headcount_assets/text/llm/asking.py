"""Asking one annotator about one text, until there is a label or a reason why there is none."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from ...errors import ComputeError, InputError
from .annotator import LlmAnnotator
from .answers import read_answer
from .budget import Budget
from .cost import most_tokens, usual_tokens
from .dialect import Dialect
from .exchange import Failure, Reply, Usage, send
from .instructions import gives_instructions
from .limits import RateLimits
from .missing import Missing
from .prompt import new_request_id
from .store import AnswerStore, Question

__all__ = ["Asker", "Retries", "Tally"]

#: An endpoint is given up for this run when it fails with so many texts in a row (if it has never
#: been reached, with the first),
_MOST_FAILURES = 20
#: or when it wants to be left alone for longer than so many seconds.
_LONGEST_PAUSE = 900.0


@dataclass(frozen=True)
class Retries:
    """How persistently to ask.

    Attributes
    ----------
    attempts
        Most requests about one text, if the endpoint fails.
    answers
        Most answers about one text, if they cannot be used; each of them is paid for.
    first_wait, longest_wait
        Seconds before the second request, and the most seconds between two. The wait doubles
        from request to request, and is drawn evenly from between nothing and that.
    """

    attempts: int = 8
    answers: int = 2
    first_wait: float = 1.0
    longest_wait: float = 60.0

    def wait(self, attempt: int) -> float:
        """Return the seconds to wait after the given attempt, counted from 1."""
        return random.random() * min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1))


@dataclass
class Tally:
    """What one annotator has done in a run.

    Attributes
    ----------
    labels
        Labels obtained.
    missing
        Texts without a label, by reason.
    requests
        Requests sent.
    input_tokens, output_tokens
        Tokens that the endpoint counted.
    cost
        What the requests have cost, or may have.
    """

    labels: int = 0
    missing: Counter[Missing] = field(default_factory=Counter)
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class _Request:
    """A request that has been entered in the store, and may be sent.

    Attributes
    ----------
    number
        Under which it was entered.
    text_hash
        The text it is about.
    request_id
        The id that the answer has to repeat.
    body
        What is sent.
    tokens
        Tokens that it was estimated to take.
    most_input
        The most tokens that the body can be.
    """

    number: int
    text_hash: str
    request_id: str
    body: bytes
    tokens: int
    most_input: int


class Asker:
    """Asks one annotator about texts, and keeps every answer the moment it arrives.

    Parameters
    ----------
    annotator, question
        Who is asked, and what.
    session
        The HTTP connections.
    store
        Where answers are kept.
    budget
        Where the money comes from.
    retries
        How persistently to ask.
    """

    def __init__(
        self,
        annotator: LlmAnnotator,
        question: Question,
        session: aiohttp.ClientSession,
        store: AnswerStore,
        budget: Budget,
        retries: Retries,
    ) -> None:
        self.annotator = annotator
        self.question = question
        self.tally = Tally()
        self.dialect = Dialect()
        self._session, self._store, self._budget = session, store, budget
        self._retries = retries
        self._limits = RateLimits(annotator.requests_per_minute, annotator.tokens_per_minute)
        self._is_understood = False
        self._has_labelled = store.has_labels(question)
        self._is_out_of_money = False
        self._failures_in_a_row = 0

    async def label(self, text_hash: str, text: str) -> None:
        """Obtain the label of one text, or the reason why there is none, and keep it.

        Raises
        ------
        HeadcountError
            There is no point in asking this annotator any further in this run.
        """
        if not text.strip():
            self._keep(text_hash, Missing.NO_TEXT)
            return
        if gives_instructions(text):
            self._keep(text_hash, Missing.INSTRUCTIONS)
            return
        result = await self._ask_persistently(text_hash, text)
        if not isinstance(result, Missing):
            return
        self._keep(text_hash, result)
        if result is Missing.CAP:
            self._is_out_of_money = True
            return
        self._failures_in_a_row += 1
        unreachable = result is Missing.UNREACHABLE and not self._is_understood
        if unreachable or self._failures_in_a_row >= _MOST_FAILURES:
            raise self._give_up(result)

    async def _ask_persistently(self, text_hash: str, text: str) -> int | Missing:
        attempts = answers = 0
        while not self._is_out_of_money:
            result = await self._ask(text_hash, text)
            if result is None:
                continue
            if not isinstance(result, Missing) or result in (Missing.CAP, Missing.REJECTED):
                return result
            attempts, answers = attempts + 1, answers + result.is_of_answer
            if attempts == self._retries.attempts or answers == self._retries.answers:
                return result
            await asyncio.sleep(self._retries.wait(attempts))
        return Missing.CAP

    async def _ask(self, text_hash: str, text: str) -> int | Missing | None:
        """Send one request; keep the label if there is one.

        Returns None if the endpoint did not understand it, and will be asked otherwise now.
        """
        request_id, dialect = new_request_id(), self.dialect
        body = dialect.body(self.annotator, text, request_id)
        tokens = round(usual_tokens(len(body))) + self.annotator.max_output_tokens
        await self._limits.take(tokens)
        most_input = most_tokens(body)
        most_cost = self.annotator.cost(most_input, self.annotator.max_output_tokens)
        number = await self._budget.reserve(self.question, text_hash, most_cost)
        if number is None:
            return Missing.CAP
        request = _Request(number, text_hash, request_id, body, tokens, most_input)
        # Once it is paid for, the answer is awaited and kept, also if the work is to be stopped.
        sent = asyncio.ensure_future(self._send(request))
        try:
            outcome = await asyncio.shield(sent)
        except asyncio.CancelledError:
            await sent
            raise
        return self._cope(outcome, dialect) if isinstance(outcome, Failure) else outcome

    async def _send(self, request: _Request) -> int | Missing | Failure:
        """Send a request that has been entered, keep the label, and settle the cost."""
        outcome = await send(self._session, self.annotator, request.body)
        self.tally.requests += 1
        if isinstance(outcome, Failure):
            cost = None if outcome.may_be_billed else 0.0
            await self._settle(request, cost, outcome.missing)
            return outcome
        self._is_understood = True
        result = self._read(outcome, request.request_id)
        usage = self._believed(request, outcome.usage)
        if not isinstance(result, Missing):
            self._keep(request.text_hash, result, usage)
        await self._settle(request, self._count(request, usage), result)
        return result

    def _believed(self, request: _Request, usage: Usage | None) -> Usage | None:
        """Return what an endpoint says was used; None if it is more than was possible.

        Then what was reserved is counted: a service's count can use up no more of the cap.
        """
        if usage is None or usage.input > request.most_input:
            return None
        return usage if usage.output <= self.annotator.max_output_tokens else None

    def _read(self, reply: Reply, request_id: str) -> int | Missing:
        if isinstance(reply.content, Missing):
            return reply.content
        return read_answer(reply.content, request_id)

    def _cope(self, failure: Failure, dialect: Dialect) -> Missing | None:
        """Do what a failure calls for; return it, or None if the request is to be put otherwise."""
        name = self.annotator.name
        if failure.advice is not None:
            raise InputError(f"{name}: {failure.advice} What has been answered is kept.")
        if failure.wait is not None:
            if failure.wait > _LONGEST_PAUSE:
                raise ComputeError(
                    f"{name}: the endpoint wants to be left alone for {failure.wait / 60:.0f}"
                    " minutes. Run again after that: what has been answered is kept."
                )
            self._limits.pause(failure.wait)
        if failure.missing is not Missing.REJECTED:
            return failure.missing
        if dialect == self.dialect:  # else, another request has found the same meanwhile
            adapted = None if self._is_understood else dialect.without(failure.complaint)
            if adapted is None:
                return failure.missing
            self.dialect = adapted
        return None

    async def _settle(self, request: _Request, cost: float | None, result: int | Missing) -> None:
        outcome = result.value if isinstance(result, Missing) else "labelled"
        self.tally.cost += await self._budget.settle(request.number, cost, outcome)

    def _count(self, request: _Request, usage: Usage | None) -> float | None:
        """Count the tokens that were used; return what they cost, or None if nobody knows."""
        if usage is None:
            return None
        self.tally.input_tokens += usage.input
        self.tally.output_tokens += usage.output
        self._limits.correct(request.tokens, usage.input + usage.output)
        return self.annotator.cost(usage.input, usage.output)

    def _keep(self, text_hash: str, result: int | Missing, usage: Usage | None = None) -> None:
        if isinstance(result, Missing):
            self.tally.missing[result] += 1
            # Until the model has given a label, it is likelier the settings that are wrong.
            final = result.is_of_text or (result.is_final and self._has_labelled)
        else:
            self.tally.labels += 1
            self._failures_in_a_row, self._has_labelled, final = 0, True, True
        self._store.record(self.question, text_hash, result, final=final, usage=usage)

    def _give_up(self, missing: Missing) -> ComputeError:
        name, kept = self.annotator.name, "then run again: what has been answered is kept."
        if missing is Missing.UNREACHABLE:
            return ComputeError(
                f"{name}: {missing.value}. Check 'endpoint' in study.yaml and the network, {kept}"
            )
        return ComputeError(
            f"{name}: {_MOST_FAILURES} texts in a row got no label; the last time, {missing.value}."
            " Check that the endpoint works and that 'model' and 'max_output_tokens' suit it,"
            f" {kept}"
        )
