"""One annotator in a study's configuration: what it is called, and who is to be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from ..section import Name, Section
from ..text.service import PricePerMillion, is_this_machine

__all__ = ["DROP", "KEEP", "STOP", "WHEN_DRIFTING", "AnnotatorEntry"]

#: What is to be done with an annotator that drifts: estimate with it, without it, or not at all.
KEEP: Final = "keep"
DROP: Final = "drop"
STOP: Final = "stop"
WHEN_DRIFTING = (KEEP, DROP, STOP)


Whole = Annotated[int, Field(ge=1, strict=True)]


#: Keys that only mean something when there is an endpoint to ask.
_SERVICE_KEYS = (
    "api_key_env",
    "requests_per_minute",
    "tokens_per_minute",
    "concurrency",
    "price_per_million",
    "max_output_tokens",
)

#: Those of them that a batch has, too.
_BATCH_KEYS = frozenset({"price_per_million", "max_output_tokens"})


class AnnotatorEntry(Section):
    """One annotator: an LLM or a keyword filter.

    `column` is given when the files call it otherwise; `derived` names the annotators whose
    conjunction (logical AND) this one is by definition.

    `threshold` is for a column of probabilities: from there up the label is 1, below it is 0.

    `rated_labels` is for a keyword filter that was learned on the study's rated CVs: a file with
    what it says of each of them when it is learned without that CV. Its own rule, which has
    seen them, labels the profiles only. The path is absolute once the study is loaded.

    An LLM with an `endpoint` is asked for the labels that it has not given yet. The endpoint is
    the address of a service that speaks the OpenAI chat-completions protocol, up to and without
    ``/chat/completions``; `model` is the name under which the service knows the model, and
    `api_key_env` the environment variable that holds the key. At most `concurrency` requests
    are open at a time, and within the limits per minute if those are given. `max_output_tokens`
    covers what a reasoning model thinks before it answers.

    An LLM with `batch` is asked by batch jobs of the service of that form: requests are written
    (``label --to-batch``), and the results are put under ``labels/<name>/``.
    `when_drifting` is what happens if no share of experts explains what it does to the companies'
    profiles: estimates "keep" it, "drop" it, or the run ends there ("stop").
    """

    name: Name
    kind: Literal["llm", "filter"]
    column: Name | None = None
    derived: tuple[Name, ...] = ()
    threshold: float | None = Field(None, gt=0, le=1, allow_inf_nan=False)
    rated_labels: Path | None = None
    when_drifting: Literal["keep", "drop", "stop"] = KEEP
    model: Name | None = None
    endpoint: Name | None = None
    batch: Literal["openai", "anthropic", "gemini"] | None = None
    api_key_env: Name | None = None
    requests_per_minute: Whole | None = None
    tokens_per_minute: Whole | None = None
    concurrency: Whole = 8
    price_per_million: PricePerMillion | None = None
    max_output_tokens: Whole = 2000

    @property
    def source_column(self) -> str:
        """The column of the data files that holds this annotator's labels."""
        return self.column or self.name

    @model_validator(mode="after")
    def _keys_belong_together(self) -> Self:
        given = self.model_fields_set
        if self.kind != "llm" and given & {"model", "endpoint", "batch", *_SERVICE_KEYS}:
            raise ValueError(f"{self.name}: a keyword filter has no model and no endpoint")
        if self.rated_labels is not None and (self.kind != "filter" or self.derived):
            raise ValueError(
                f"{self.name}: 'rated_labels' are of keyword filters that are not derived"
            )
        if self.batch is not None and self.endpoint is not None:
            raise ValueError(f"{self.name}: asked by 'batch' or at an 'endpoint'; remove one")
        if self.batch is not None and (self.model is None or self.price_per_million is None):
            raise ValueError(
                f"{self.name}: a 'batch' needs a 'model', and 'price_per_million' as"
                " {input: ..., output: ...}; give the batch's price, or zeros"
            )
        if self.endpoint is None:
            allowed = _BATCH_KEYS if self.batch is not None else frozenset()
            strays = sorted(given.intersection(_SERVICE_KEYS) - allowed)
            if strays:
                raise ValueError(f"{self.name}: {strays[0]!r} needs an 'endpoint'")
            return self
        if self.derived:
            raise ValueError(f"{self.name}: a derived annotator is not asked; no 'endpoint'")
        if self.model is None:
            raise ValueError(f"{self.name}: an 'endpoint' needs a 'model'")
        if self.price_per_million is None:
            raise ValueError(
                f"{self.name}: an 'endpoint' needs 'price_per_million', as"
                " {input: ..., output: ...}; give zeros if it costs nothing"
            )
        _refuse_address(self.name, self.endpoint, has_key=self.api_key_env is not None)
        return self


def _refuse_address(name: str, endpoint: str, *, has_key: bool) -> None:
    """Raise a ValueError for an address that is none, or that would give a secret away."""
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname
        _ = parts.port  # raises if it is no number
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(
            f"{name}: the 'endpoint' has to be an address such as https://api.example.com/v1"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(
            f"{name}: the 'endpoint' must hold no user, password or query; the key belongs in the"
            " environment variable that 'api_key_env' names"
        )
    if has_key and parts.scheme == "http" and not is_this_machine(host):
        raise ValueError(
            f"{name}: the key would travel unencrypted; use https, or leave 'api_key_env' out"
        )
