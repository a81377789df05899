"""What a study is: its files, annotators, priors and estimator settings.

A study is a directory. `load_study` reads its ``study.yaml`` (or another configuration handed
over by path, or by the name of a bundled one in ``studies/``), finds the files, and returns an
immutable `Study`. Files that the configuration does not name are looked for by their usual
names. Mistakes are reported as `InputError` with the file and the key that are to be mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, StrictBool, ValidationError, model_validator

from .annotator_entry import AnnotatorEntry, Name, Section
from .errors import InputError
from .keywords_entry import KeywordsEntry
from .model.priors import Priors
from .model.settings import ESTIMATORS, EstimatorSettings
from .text.filters import KeywordFilters, published_filters
from .text.keywords import KeywordSettings

CONFIG_NAME = "study.yaml"

#: Folders of raw profiles and of batch results, where the configuration names no others.
PROFILES_FOLDER, LABELS_FOLDER = "profiles", "labels"

#: Extensions that the readers understand. The text formats may also be gzipped (".csv.gz").
TEXT_EXTENSIONS = (".csv", ".tsv", ".jsonl")
BINARY_EXTENSIONS = (".parquet", ".xlsx")
EXTENSIONS = (*TEXT_EXTENSIONS, *(f"{e}.gz" for e in TEXT_EXTENSIONS), *BINARY_EXTENSIONS)

BetaParameter = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class CompanyColumns(Section):
    """Names of the company table's columns. Only the id and the headcount have to exist."""

    company_id: Name = "company_id"
    headcount: Name = "headcount"
    name: Name = "name"
    headquarters: Name = "headquarters"
    country: Name = "country"
    cohort: Name = "cohort"


class CompaniesFile(Section):
    """The company table.

    `hits` maps a keyword filter to the column that counts its hits among all employees; without
    it every column called ``<filter>_hits`` is taken.
    """

    path: Path
    columns: CompanyColumns = CompanyColumns()
    hits: Mapping[Name, Name] | None = None


class ValidationColumns(Section):
    """Names of the columns of the rated CVs that are no annotators."""

    is_expert: Name = "is_expert"
    rated_id: Name = "rated_id"


class ValidationFile(Section):
    """The rated CVs: one row a CV, the raters' verdict and one column per annotator."""

    path: Path
    columns: ValidationColumns = ValidationColumns()


class ProfileLabelColumns(Section):
    """Names of the columns of the profile labels that are no annotators."""

    company_id: Name = "company_id"
    profile_id: Name = "profile_id"


class ProfileLabelsFile(Section):
    """The labels of real profiles: one row a profile, one column per annotator."""

    path: Path
    columns: ProfileLabelColumns = ProfileLabelColumns()


class ProfileColumns(Section):
    """Names of the fields of raw profiles that hold no text.

    A record without the field of the profile's id goes by its ``id``. `snapshot` is the time at
    which the record was taken: of several records of one person, the newest counts.
    """

    profile_id: Name = "linkedin_id"
    snapshot: Name = "timestamp"


class ProfilesSource(Section):
    """Raw profiles: one file, or a folder of files that are read in the order of their names."""

    path: Path
    columns: ProfileColumns = ProfileColumns()


class LabelsFolder(Section):
    """Results of LLM batch jobs: a folder with a subfolder of .jsonl files per annotator."""

    path: Path


class StudyFiles(Section):
    """Where a study's data are; paths are absolute once the study is loaded.

    People come as `profiles`, which the study's own annotators label (results of batch jobs, if
    there are any, being under `labels`), or as labels made elsewhere, in `profile_labels`.
    """

    companies: CompaniesFile
    validation: ValidationFile
    profile_labels: ProfileLabelsFile | None = None
    profiles: ProfilesSource | None = None
    labels: LabelsFolder | None = None

    @model_validator(mode="after")
    def _people_come_in_one_way(self) -> Self:
        if (self.profiles is None) == (self.profile_labels is None):
            raise ValueError("give either 'profiles' or 'profile_labels'")
        if self.labels is not None and self.profiles is None:
            raise ValueError("'labels' are of 'profiles', which the study has none of")
        return self


class PriorsEntry(Section):
    """Beta parameters of the prevalence, by headcount band and by cohort (which wins)."""

    bands: Mapping[Name, tuple[BetaParameter, BetaParameter]] = {}
    cohorts: Mapping[Name, tuple[BetaParameter, BetaParameter]] = {}


class Study(Section):
    """A study: the files it consists of and how it is to be estimated.

    The first of `estimators` is the headline. `annotators` is None when they are to be inferred
    from the columns of the files. `filters` are the rules by which the annotators of kind
    "filter" label raw profiles; without it, those of the published study apply. `keywords` says
    how others are to be discovered. `spending_cap` is the most that asking LLMs may cost, over
    all runs, in the currency of their prices.
    """

    directory: Path
    name: Name
    files: StudyFiles
    annotators: tuple[AnnotatorEntry, ...] | None = None
    filters: KeywordFilters | None = None
    keywords: KeywordsEntry = KeywordsEntry()
    estimators: tuple[Name, ...] = Field(ESTIMATORS, min_length=1)
    preset: Name | None = None
    draws: int = Field(1000, ge=2, strict=True)
    seed: int = Field(0, ge=0, strict=True)
    level: float = Field(0.8, gt=0, lt=1)
    layers: tuple[Name, ...] | None = None
    priors: PriorsEntry | None = None
    six_dimensional: StrictBool | None = None
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
    def _hits_belong_to_filters(self) -> Self:
        hits, entries = self.files.companies.hits, self.annotators
        if hits is None or entries is None:
            return self
        filters = {entry.name for entry in entries if entry.kind == "filter"}
        for name in hits:
            if name not in filters:
                raise ValueError(
                    f"files.companies.hits: {name!r} is not an annotator of kind 'filter';"
                    f" those are {sorted(filters)}"
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
    def headline(self) -> str:
        """The estimator whose numbers are shown first."""
        return self.estimators[0]


def _refuse_repeats(key: str, names: tuple[str, ...] | list[str]) -> None:
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise ValueError(f"{key}: {', '.join(map(repr, repeated))} is listed more than once")


def bundled_studies() -> tuple[str, ...]:
    """Names of the configurations that ship with the package."""
    folder = resources.files(__package__) / "studies"
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_study(directory: Path | str, config: Path | str | None = None) -> Study:
    """Read a study's configuration and find its files.

    Parameters
    ----------
    directory
        Folder with the data. Relative paths in the configuration start here.
    config
        Configuration to use in place of the folder's own ``study.yaml``: a path, or the name of
        a bundled one (`bundled_studies`). With neither, the files are found by name and the
        annotators are inferred from their columns.

    Raises
    ------
    InputError
        The folder, the configuration or a data file is missing or cannot be used.
    """
    directory = Path(directory).resolve()
    if not directory.is_dir():
        raise InputError(f"{directory}: there is no such study directory. Check the path.")
    source, raw = _read_config(directory, config)
    unsettled = {key: raw[key] for key in raw if key != "files"}
    unsettled["files"] = _locate_files(directory, raw.get("files"), source)
    if "annotators" in raw:
        unsettled["annotators"] = _locate_labels(directory, raw["annotators"], source)
    unsettled.setdefault("name", directory.name)
    if "directory" in raw:
        raise InputError(f"{source}: key 'directory' is unknown; correct or remove it.")
    try:
        study = Study(directory=directory, **unsettled)
        study.settings()
        study.keyword_settings()
    except ValidationError as error:
        raise InputError(_describe(error, source)) from error
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    return study


def _read_config(directory: Path, config: Path | str | None) -> tuple[str, dict[str, Any]]:
    """Return the configuration's name for messages and its content."""
    if config is None:
        path = directory / CONFIG_NAME
        if not path.is_file():
            return f"{directory.name} (no {CONFIG_NAME})", {}
        return CONFIG_NAME, _parse(path.read_bytes(), CONFIG_NAME)
    if Path(config).is_file():
        return Path(config).name, _parse(Path(config).read_bytes(), Path(config).name)
    if str(config) in bundled_studies():
        bundled = resources.files(__package__) / "studies" / str(config)
        return str(config), _parse(bundled.read_bytes(), str(config))
    raise InputError(
        f"{config}: there is no such configuration file. Give a path, or the name of a bundled"
        f" one: {', '.join(bundled_studies())}."
    )


class _UniqueKeyLoader(yaml.SafeLoader):
    """A YAML loader that refuses a key given twice, where the standard keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # refused below, since it is no name
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _parse(content: bytes, source: str) -> dict[str, Any]:
    try:
        raw = yaml.load(content, Loader=_UniqueKeyLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise InputError(f"{source}: {line}{error.problem}. Correct the YAML.") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        raise InputError(f"{source}: is not readable as YAML. Correct the file.") from error
    if raw is None:
        return {}
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise InputError(f"{source}: the file has to be a mapping of keys such as 'files:'.")
    return raw


def _locate_files(directory: Path, files: Any, source: str) -> Any:
    """Fill in the paths that the configuration leaves out, and make all of them absolute."""
    if files is None:
        files = {}
    if not isinstance(files, dict):
        return files  # the model says what is wrong with it
    named = dict(files)
    for role in ("companies", "validation"):
        named.setdefault(role, None)
    if "profiles" not in named and "profile_labels" not in named:
        named[_role_of_people(directory)] = None
    if "profiles" in named and (directory / LABELS_FOLDER).is_dir():
        named.setdefault("labels", None)
    return {role: _with_path(directory, role, entry, source) for role, entry in named.items()}


def _locate_labels(directory: Path, annotators: Any, source: str) -> Any:
    """Make the paths of labels of rated CVs absolute."""
    if not isinstance(annotators, list):
        return annotators  # the model says what is wrong with it
    return [_with_labels(directory, entry, source) for entry in annotators]


def _with_labels(directory: Path, entry: Any, source: str) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get("rated_labels"), str):
        return entry
    path = directory / entry["rated_labels"]
    if not path.is_file():
        raise InputError(
            f"{source}: annotators: {entry.get('name')}: there is no file"
            f" {entry['rated_labels']!r} in the study directory. It has what this filter says of"
            " rated CVs that it was not learned on: restore it, or remove the annotator."
        )
    return {**entry, "rated_labels": path}


def _role_of_people(directory: Path) -> str:
    """Return as which of the two the folder has its people: raw profiles, or labels."""
    roles = [role for role in ("profiles", "profile_labels") if _candidates(directory, role)]
    if len(roles) == 1:
        return roles[0]
    problem = "there are both" if roles else "there is neither"
    raise InputError(
        f"{directory.name}: {problem} profiles (a folder {PROFILES_FOLDER}/, or a file profiles.*)"
        " and labels of profiles (a file profile_labels.*). Supply one of the two, or name it"
        f" under files.profiles.path or files.profile_labels.path in {CONFIG_NAME}."
    )


def _with_path(directory: Path, role: str, entry: Any, source: str) -> Any:
    """Return a section of `files` with an absolute path, looked for if it names none."""
    entry = {} if entry is None else entry
    known = role in StudyFiles.model_fields
    if not known or not isinstance(entry, dict) or not isinstance(entry.get("path", ""), str):
        return entry  # the model says what is wrong with it
    if "path" not in entry:
        return {**entry, "path": _discover(directory, role)}
    path = directory / entry["path"]
    exists = path.is_dir() if role == "labels" else path.is_file()
    if not exists and not (role == "profiles" and path.is_dir()):
        kind = "folder" if role == "labels" else "file"
        raise InputError(
            f"{source}: files.{role}.path: there is no {kind} {entry['path']!r} in the"
            f" study directory. Correct the path or add the {kind}."
        )
    return {**entry, "path": path}


def _candidates(directory: Path, role: str) -> list[Path]:
    """Return what could be meant by a role, going by its name."""
    folders = {"profiles": PROFILES_FOLDER, "labels": LABELS_FOLDER}
    folder = directory / folders.get(role, "")
    files = [directory / f"{role}{extension}" for extension in EXTENSIONS]
    found = [path for path in files if path.is_file()]
    return [folder, *found] if role in folders and folder.is_dir() else found


def _discover(directory: Path, role: str) -> Path:
    """Find the one file called ``<role>`` with an extension that the readers understand."""
    found = _candidates(directory, role)
    if not found:
        raise InputError(
            f"{directory.name}: no file {role}.* ({', '.join(EXTENSIONS)}). Add it, or name it"
            f" under files.{role}.path in {CONFIG_NAME}."
        )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(
            f"{directory.name}: {names} could all be the file of files.{role}. Remove all but"
            f" one, or name the right one under files.{role}.path in {CONFIG_NAME}."
        )
    return found[0]


def _describe(error: ValidationError, source: str) -> str:
    """Put pydantic's findings into one message that names each key."""
    findings = []
    for finding in error.errors(include_url=False, include_context=False):
        key = ".".join(str(part) for part in finding["loc"])
        if finding["type"] == "extra_forbidden":
            findings.append(f"key {key!r} is unknown; correct or remove it")
        elif finding["type"] == "missing":
            findings.append(f"key {key!r} is missing; add it")
        else:
            text = finding["msg"].removeprefix("Value error, ")
            findings.append(f"key {key!r}: {text}" if key else text)
    return f"{source}: {'; '.join(findings)}."
