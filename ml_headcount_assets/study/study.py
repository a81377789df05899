"""What a study is: its files, annotators, priors and estimator settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PositiveInt, StrictBool, model_validator

from ..errors import InputError
from ..model.estimators import ESTIMATORS
from ..model.intervals import LEVEL, check_level
from ..model.priors import Priors
from ..model.settings import EstimatorSettings
from ..section import Name, Section
from ..text.filters import KeywordFilters, published_filters
from ..text.keywords import KeywordSettings
from .annotators import AnnotatorEntry
from .files import StudyFiles
from .keywords import KeywordsEntry
from .validity import ValidityEntry

BetaParameter = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class PriorsEntry(Section):
    """Beta parameters of the prevalence, by headcount band and by cohort (which wins)."""

    bands: Mapping[Name, tuple[BetaParameter, BetaParameter]] = {}
    cohorts: Mapping[Name, tuple[BetaParameter, BetaParameter]] = {}


class EffortEntry(Section):
    """How much work the sampler of `hierarchical` does; see `model.effort`."""

    look: PositiveInt | None = None
    search: PositiveInt | None = None
    particles: PositiveInt | None = None
    chains: PositiveInt | None = None
    warmup: PositiveInt | None = None
    kept: PositiveInt | None = None
    leaps: PositiveInt | None = None


class Study(Section):
    """A study: the files it consists of and how it is to be estimated.

    The first of `estimators` is the headline. `annotators` is None when they are to be inferred
    from the columns of the files. `filters` are the rules by which the annotators of kind
    "filter" label raw profiles; without it, those of the published study apply. `keywords` says
    how others are to be discovered, `validity` which scenarios the estimators are to be tried on.
    `spending_cap` is the most that asking LLMs may cost, over
    all runs, in the currency of their prices.
    """

    directory: Path
    name: Name
    files: StudyFiles
    annotators: tuple[AnnotatorEntry, ...] | None = None
    filters: KeywordFilters | None = None
    keywords: KeywordsEntry = KeywordsEntry()
    estimators: tuple[Name, ...] = Field(tuple(ESTIMATORS), min_length=1)
    preset: Name | None = None
    draws: int = Field(1000, ge=2, strict=True)
    seed: int = Field(0, ge=0, strict=True)
    level: float = Field(LEVEL, gt=0, lt=1)
    layers: tuple[Name, ...] | None = None
    priors: PriorsEntry | None = None
    six_dimensional: StrictBool | None = None
    ratings_are_random: StrictBool = False
    effort: EffortEntry = EffortEntry()
    validity: ValidityEntry = ValidityEntry()
    spending_cap: float | None = Field(None, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _annotators_fit_together(self) -> Self:
        entries = self.annotators
        if entries is None:
            return self
        if not entries:
            raise ValueError("annotators: the list is empty; name some, or leave the key out")
        names = [entry.name for entry in entries]
        _refuse_repeats("annotators", names)
        _refuse_repeats("annotators: column", [entry.source_column for entry in entries])
        basic = {entry.name for entry in entries if not entry.derived}
        for entry in entries:
            if entry.derived and len(set(entry.derived)) < 2:
                raise ValueError(
                    f"annotators: {entry.name}: 'derived' needs two or more different annotators"
                )
            for part in entry.derived:
                if part not in basic:
                    raise ValueError(
                        f"annotators: {entry.name} is derived from {part!r}, which is not a"
                        " listed annotator that is itself not derived"
                    )
        return self

    @model_validator(mode="after")
    def _learned_filters_have_rules(self) -> Self:
        for entry in self.annotators or ():
            if entry.rated_labels is None:
                continue
            if self.files.profiles is None:
                raise ValueError(
                    f"annotators: {entry.name} has 'rated_labels', but the study has no raw"
                    " profiles that its rule could label; remove it"
                )
            if entry.name not in self.keyword_filters.rules:
                raise ValueError(
                    f"annotators: {entry.name} has 'rated_labels', but no rule of that name is"
                    " under 'filters'; add the rule, or remove the annotator"
                )
        return self

    @model_validator(mode="after")
    def _spending_is_capped(self) -> Self:
        asked = [entry for entry in self.annotators or () if entry.endpoint is not None]
        if asked and self.files.profiles is None:
            raise ValueError(
                f"annotators: {asked[0].name} has an 'endpoint', but the study has no raw profiles"
                " to ask about; remove it, or give 'profiles' in place of 'profile_labels'"
            )
        _refuse_repeats("annotators: model", [entry.model or "" for entry in asked])
        for entry in asked:
            price = entry.price_per_million
            if self.spending_cap is None and price is not None and not price.is_free:
                raise ValueError(
                    f"spending_cap: {entry.name} costs money; say how much may be spent in all"
                )
        return self

    @model_validator(mode="after")
    def _counts_belong_to_annotators(self) -> Self:
        if self.annotators is None:
            return self
        known = [entry.name for entry in self.annotators]
        companies = self.files.companies
        for key, counted in (("hits", companies.hits), ("accepted", companies.accepted)):
            for name in counted or ():
                if name not in known:
                    raise ValueError(
                        f"files.companies.{key}: {name!r} is not an annotator; there are {known}"
                    )
        return self

    @model_validator(mode="after")
    def _filters_have_rules(self) -> Self:
        if self.files.profiles is None or self.annotators is None:
            return self
        rules = self.keyword_filters.rules
        for entry in self.annotators:
            if entry.kind == "filter" and entry.name not in rules:
                raise ValueError(
                    f"annotators: {entry.name!r} is a keyword filter without a rule; add it under"
                    f" filters.rules. There are {', '.join(sorted(rules))}"
                )
        return self

    @model_validator(mode="after")
    def _estimators_are_known(self) -> Self:
        _refuse_repeats("estimators", self.estimators)
        for estimator in self.estimators:
            if estimator not in ESTIMATORS:
                raise ValueError(
                    f"estimators: {estimator!r} is unknown; there are {', '.join(ESTIMATORS)}"
                )
        return self

    @model_validator(mode="after")
    def _draws_can_tell_the_level(self) -> Self:
        try:
            check_level(self.level, self.draws)
        except InputError as error:
            raise ValueError(f"draws, level: {error}") from error
        return self

    def settings(self) -> EstimatorSettings:
        """Return the estimator's settings: those of the preset, changed by what is given here.

        Priors that are given replace those of their band or cohort; the others stay.

        Raises
        ------
        InputError
            Unknown preset, layer or headcount band.
        """
        base = EstimatorSettings.preset(self.preset) if self.preset else EstimatorSettings.default()
        changes: dict[str, Any] = {}
        if self.priors is not None:
            changes["priors"] = Priors(
                bands={**base.priors.bands, **self.priors.bands},
                cohorts={**base.priors.cohorts, **self.priors.cohorts},
            )
        if self.six_dimensional is not None:
            changes["six_dimensional"] = self.six_dimensional
        changes["ratings_are_random"] = self.ratings_are_random
        effort = self.effort.model_dump(exclude_none=True)
        if effort:
            changes["effort"] = replace(base.effort, **effort)
        return replace(base, **changes).with_layers(self.layers)

    @property
    def keyword_filters(self) -> KeywordFilters:
        """The rules of the study's keyword filters: its own, or the published ones."""
        return self.filters or published_filters()

    def keyword_settings(self) -> KeywordSettings:
        """Return how keywords are to be discovered.

        Raises
        ------
        InputError
            Choices that do not go together.
        """
        return self.keywords.settings()

    @property
    def held_out(self) -> dict[str, Path]:
        """Where the rated CVs' labels of filters that were learned on them are, by filter."""
        return {e.name: e.rated_labels for e in self.annotators or () if e.rated_labels}

    @property
    def when_drifting(self) -> dict[str, str]:
        """What is to be done with annotators that drift, by name."""
        return {entry.name: entry.when_drifting for entry in self.annotators or ()}

    @property
    def headline(self) -> str:
        """The estimator whose numbers are shown first."""
        return self.estimators[0]


def _refuse_repeats(key: str, names: tuple[str, ...] | list[str]) -> None:
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise ValueError(f"{key}: {', '.join(map(repr, repeated))} is listed more than once")
