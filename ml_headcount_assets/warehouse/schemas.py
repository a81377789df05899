"""What every table of the warehouse looks like.

A table's columns are declared once, as a pandera schema; the DDL and the Arrow types in which
rows travel are generated from it. Columns that may be missing are declared so; everything else
is NOT NULL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow

from ml_headcount_assets.errors import ComputeError
from ml_headcount_assets.model.priors import SIZE_BANDS
from ml_headcount_assets.model.settings import ESTIMATORS
from ml_headcount_assets.text.keywords import LISTS

__all__ = ["KEYWORD_TABLES", "TABLES", "Table"]


@dataclass(frozen=True)
class _Type:
    """One column type in the three worlds it passes through."""

    sql: str
    arrow: pyarrow.DataType
    pandas: str
    nullable_pandas: str


_TEXT = _Type("VARCHAR", pyarrow.string(), "str", "str")
_TINYINT = _Type("TINYINT", pyarrow.int8(), "int8", "Int8")
_INTEGER = _Type("INTEGER", pyarrow.int32(), "int32", "Int32")
_BIGINT = _Type("BIGINT", pyarrow.int64(), "int64", "Int64")
_DOUBLE = _Type("DOUBLE", pyarrow.float64(), "float64", "float64")
_BOOLEAN = _Type("BOOLEAN", pyarrow.bool_(), "bool", "boolean")
_INTEGERS = _Type("INTEGER[]", pyarrow.list_(pyarrow.int32()), "object", "object")
_BIGINTS = _Type("BIGINT[]", pyarrow.list_(pyarrow.int64()), "object", "object")
_TEXTS = _Type("VARCHAR[]", pyarrow.list_(pyarrow.string()), "object", "object")
_DOUBLES = _Type("DOUBLE[]", pyarrow.list_(pyarrow.float64()), "object", "object")
_TYPES = {
    t.sql: t
    for t in (
        *(_TEXT, _TINYINT, _INTEGER, _BIGINT, _DOUBLE, _BOOLEAN),
        *(_TEXTS, _INTEGERS, _BIGINTS, _DOUBLES),
    )
}


@dataclass(frozen=True)
class Table:
    """One table: its columns, what identifies a row, and by which column parts are replaced.

    Attributes
    ----------
    name
        Name of the table, which is the name of the asset.
    schema
        Columns with their types, checks and meanings.
    key
        Columns that identify a row; rows are sorted by them when read.
    part
        Column whose values are the parts that can be replaced on their own ("company"), or None.
    """

    name: str
    schema: pa.DataFrameSchema
    key: tuple[str, ...]
    part: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.schema.columns)

    def sql_type(self, column: str) -> str:
        """Return the DuckDB type of a column."""
        return self.schema.columns[column].metadata["sql"]

    def ddl(self) -> str:
        """Return the statement that creates the table if it is not there."""
        lines = [
            f'"{name}" {self.sql_type(name)}{"" if column.nullable else " NOT NULL"}'
            for name, column in self.schema.columns.items()
        ]
        return f'CREATE TABLE IF NOT EXISTS "{self.name}" ({", ".join(lines)})'

    def arrow_schema(self, columns: Sequence[str] | None = None) -> pyarrow.Schema:
        """Return the Arrow types in which rows are handed to DuckDB and taken from it."""
        names = self.columns if columns is None else columns
        return pyarrow.schema([(name, _TYPES[self.sql_type(name)].arrow) for name in names])

    def pandas_types(self, columns: Sequence[str] | None = None) -> dict[str, str]:
        """Return the pandas type of each column in frames that are read."""
        names = self.columns if columns is None else columns
        return {
            name: _pandas_type(_TYPES[self.sql_type(name)], self.schema.columns[name].nullable)
            for name in names
        }

    def validate(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the declared types, or refuse it.

        Raises
        ------
        ComputeError
            With the columns and checks that fail and how many rows; never with their values.
        """
        try:
            return self.schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as error:
            findings = "; ".join(_findings(error.failure_cases))
            raise ComputeError(f"Table {self.name}: {findings}. Nothing was stored.") from None


def _pandas_type(kind: _Type, nullable: bool) -> str:
    return kind.nullable_pandas if nullable else kind.pandas


_FINDINGS = {
    "not_nullable": "is missing in",
    "multiple_fields_uniqueness": "together with the rest of the key occurs more than once in",
}


def _findings(failures: pd.DataFrame) -> Iterator[str]:
    """Say what failed by column and check. Values stay out: they may be somebody's."""
    for check, meaning in (("column_in_dataframe", "missing"), ("column_in_schema", "unknown")):
        for name in failures.loc[failures["check"] == check, "failure_case"]:
            yield f"column {name!r} is {meaning}"
    of_values = failures[~failures["check"].str.startswith(("column_in_", "dtype("))]
    for (column, check), rows in of_values.groupby(["column", "check"], sort=False).size().items():
        yield f"column {column!r} {_FINDINGS.get(check, f'fails {check} in')} {rows} rows"


def _column(kind: _Type, meaning: str, *checks: pa.Check, nullable: bool = False) -> pa.Column:
    return pa.Column(
        _pandas_type(kind, nullable),
        list(checks),
        nullable=nullable,
        description=meaning,
        metadata={"sql": kind.sql},
    )


def _table(
    name: str, columns: Mapping[str, pa.Column], key: Sequence[str], part: str | None = None
) -> Table:
    schema = pa.DataFrameSchema(
        dict(columns), name=name, strict=True, coerce=True, unique=list(key) or None
    )
    return Table(name, schema, tuple(key), part)


_not_negative = pa.Check.ge(0)
_positive = pa.Check.gt(0)
_a_label = pa.Check.isin([0, 1])
_a_share = pa.Check.in_range(0, 1)
_a_correlation = pa.Check.in_range(-1, 1)
_a_pattern = pa.Check.str_matches(r"^[01-]*$")


def _lists_of_one_length(lists: pd.Series) -> bool:
    return lists.map(len).nunique() <= 1


def _finite(lists: pd.Series) -> pd.Series:
    return lists.map(lambda values: bool(np.isfinite(np.asarray(values, dtype=float)).all()))


_same_length = pa.Check(_lists_of_one_length, name="lists_of_one_length")
_all_finite = pa.Check(_finite, name="all_finite")

_COMPANY = {
    "company": _column(_TEXT, "Partition key: a stable ASCII slug of the company id"),
    "company_id": _column(_TEXT, "Id of the company in the study's files, normalised"),
}
_ESTIMATOR = {"estimator": _column(_TEXT, "Estimator", pa.Check.isin(ESTIMATORS))}
_ANNOTATOR = {"annotator": _column(_TEXT, "Name of the annotator")}
_INTERVAL = {
    "mean": _column(_DOUBLE, "Mean of the draws", _not_negative, nullable=True),
    "sd": _column(_DOUBLE, "Standard deviation of the draws", _not_negative, nullable=True),
    "q10": _column(_DOUBLE, "Lower end of the interval", _not_negative, nullable=True),
    "q50": _column(_DOUBLE, "Median of the draws", _not_negative, nullable=True),
    "q90": _column(_DOUBLE, "Upper end of the interval", _not_negative, nullable=True),
}
_EVIDENCE = _column(
    _TEXT, "What the estimate rests on", pa.Check.isin(["profiles", "aggregates", "none"])
)
_FLAGS = _column(_TEXT, "What was noticed about the company, separated by ';'")
_HEADCOUNT = _column(_BIGINT, "Employees of the company", _positive, nullable=True)
_PROFILES = _column(_BIGINT, "Profiles with labels", _not_negative)

_PROFILE = {**_COMPANY, "profile_id": _column(_TEXT, "Id of the profile within the company")}
_RATED_ID = {"rated_id": _column(_TEXT, "Id of the rated CV")}
_LABEL = {
    **_ANNOTATOR,
    "label": _column(_TINYINT, "Label; missing if it could not be had", _a_label, nullable=True),
    "missing": _column(_TEXT, "Why there is no label", nullable=True),
    "recipe": _column(_TEXT, "Recipe of the text that was labelled", nullable=True),
    "model": _column(_TEXT, "Model, or fingerprint of the keyword rule", nullable=True),
    "prompt": _column(_TEXT, "Version of the prompt", nullable=True),
    "labelled_at": _column(_TEXT, "When an LLM gave it (UTC, ISO 8601)", nullable=True),
}
_PROFILE_LABEL = {**_PROFILE, **_LABEL}
_LABEL_KEY = ["company", "profile_id", "annotator"]

_CONFIDENCE = ["probable", "possible", "non-zero", "not detected", "no evidence"]
_GROUPINGS = ["all", "cohort", "size_band", "country", "confidence"]


def _share_summary(of: str) -> dict[str, pa.Column]:
    return {
        f"{of}_mean": _column(_DOUBLE, f"Mean {of}", _a_share),
        f"{of}_q10": _column(_DOUBLE, f"Lower end of the interval of the {of}", _a_share),
        f"{of}_q90": _column(_DOUBLE, f"Upper end of the interval of the {of}", _a_share),
    }


_INGEST = [
    _table(
        "companies",
        {
            **_COMPANY,
            "name": _column(_TEXT, "Name of the company", nullable=True),
            "headcount": _HEADCOUNT,
            "size_band": _column(_TEXT, "Band of the headcount", pa.Check.isin(SIZE_BANDS)),
            "cohort": _column(_TEXT, "Cohorts, separated by ';'", nullable=True),
            "headquarters": _column(_TEXT, "Where the company is based", nullable=True),
            "country": _column(_TEXT, "Country of the headquarters", nullable=True),
        },
        key=["company"],
        part="company",
    ),
    _table(
        "company_hits",
        {
            **_COMPANY,
            **_ANNOTATOR,
            "hits": _column(_BIGINT, "Employees found by the keyword filter", _not_negative),
        },
        key=["company", "annotator"],
        part="company",
    ),
    _table(
        "rated_cvs",
        {
            **_RATED_ID,
            "is_expert": _column(_TINYINT, "The raters' verdict", _a_label),
        },
        key=["rated_id"],
    ),
    _table(
        "rated_labels",
        {
            **_RATED_ID,
            **_ANNOTATOR,
            "label": _column(
                _TINYINT, "Label; missing if it could not be had", _a_label, nullable=True
            ),
        },
        key=["rated_id", "annotator"],
    ),
    _table(
        "annotators",
        {
            **_ANNOTATOR,
            "kind": _column(_TEXT, "What kind of classifier", pa.Check.isin(["llm", "filter"])),
            "derived": _column(_TEXTS, "Annotators of whose labels it is the logical AND"),
        },
        key=["annotator"],
    ),
    _table(
        "profiles",
        {
            **_PROFILE,
            "snapshot": _column(_TEXT, "When it was taken (UTC, ISO 8601)", nullable=True),
            "text": _column(_TEXT, "What it says about work and education"),
            "text_hash": _column(_TEXT, "Hash by which the text is known"),
            "recipe": _column(_TEXT, "Version of the recipe that the text is made by"),
        },
        key=["company", "profile_id"],
        part="company",
    ),
    _table(
        "rejects",
        {
            "reader": _column(
                _TEXT,
                "Which reader set it aside",
                pa.Check.isin(
                    ["companies", "rated_cvs", "profiles", "llm_labels", "profile_labels"]
                ),
            ),
            "source_file": _column(_TEXT, "File in the study directory"),
            "line": _column(_BIGINT, "Line of the file", nullable=True),
            "field": _column(_TEXT, "Field that cannot be used", nullable=True),
            "reason": _column(_TEXT, "Why, and what was done"),
            "value_digest": _column(_TEXT, "Digest of the value, never the value", nullable=True),
        },
        key=[],
        part="reader",
    ),
]

_ANNOTATE = [
    _table("keyword_labels", _PROFILE_LABEL, key=_LABEL_KEY, part="company"),
    _table("llm_labels", _PROFILE_LABEL, key=_LABEL_KEY, part="company"),
    _table("rated_llm_labels", {**_RATED_ID, **_LABEL}, key=["rated_id", "annotator"]),
    _table("profile_labels", _PROFILE_LABEL, key=_LABEL_KEY, part="company"),
    _table(
        "pattern_counts",
        {
            **_COMPANY,
            "pattern": _column(_TEXT, "One of '0', '1', '-' per annotator, by name", _a_pattern),
            "n_profiles": _column(_BIGINT, "Profiles with this pattern", _positive),
        },
        key=["company", "pattern"],
        part="company",
    ),
]

_CALIBRATE = [
    _table(
        "annotator_fit",
        {
            **_ESTIMATOR,
            "draw": _column(_INTEGER, "Number of the draw, from 0", _not_negative),
            "rated": _column(_BIGINTS, "Rated non-experts and experts", _same_length),
            "positive_rates": _column(
                _DOUBLES, "P(label 1 | class), class by annotator", _same_length, _all_finite
            ),
            "correlations": _column(
                _DOUBLES, "Latent correlation matrix per class", _same_length, _all_finite
            ),
            "pattern_probabilities": _column(
                _DOUBLES, "P(pattern | class); empty where undefined", _all_finite
            ),
            "repair_distance": _column(
                _DOUBLES, "How far each matrix was moved", _same_length, _all_finite
            ),
        },
        key=["estimator", "draw"],
    ),
    _table(
        "annotator_summary",
        {
            **_ESTIMATOR,
            **_ANNOTATOR,
            **_share_summary("sensitivity"),
            **_share_summary("specificity"),
        },
        key=["estimator", "annotator"],
    ),
    _table(
        "annotator_correlations",
        {
            **_ESTIMATOR,
            "is_expert": _column(_TINYINT, "Class", _a_label),
            "annotator_a": _column(_TEXT, "First annotator"),
            "annotator_b": _column(_TEXT, "Second annotator"),
            "mean": _column(_DOUBLE, "Mean latent correlation", _a_correlation),
            "q10": _column(_DOUBLE, "Lower end of the interval", _a_correlation),
            "q90": _column(_DOUBLE, "Upper end of the interval", _a_correlation),
        },
        key=["estimator", "is_expert", "annotator_a", "annotator_b"],
    ),
    _table(
        "cohort_fit",
        {
            **_ESTIMATOR,
            "draw": _column(_INTEGER, "Number of the draw, from 0", _not_negative),
            "scale": _column(
                _DOUBLE, "Experts found from profiles over those found from counts", _positive
            ),
            "filters": _column(_TEXTS, "Keyword filters of the copula", _same_length),
            "correlations": _column(
                _DOUBLES, "Their latent correlation matrix", _same_length, _all_finite
            ),
            "companies_with_profiles": _column(
                _BIGINT, "Companies the correlations rest on", _not_negative
            ),
            "companies_with_both": _column(_BIGINT, "Companies the scale rests on", _not_negative),
        },
        key=["estimator", "draw"],
    ),
    _table(
        "predictive_checks",
        {
            **_ESTIMATOR,
            "is_expert": _column(_TINYINT, "Class", _a_label),
            "pattern": _column(
                _TEXT, "One of '0', '1', '-' per annotator of the likelihood", _a_pattern
            ),
            "observed": _column(_BIGINT, "Rated CVs with this pattern", _not_negative),
            "expected": _column(_DOUBLE, "Held-out prediction", _not_negative),
            "q10": _column(_DOUBLE, "Lower end of the prediction", _not_negative),
            "q90": _column(_DOUBLE, "Upper end of the prediction", _not_negative),
            "within": _column(_BOOLEAN, "Whether the prediction covers the observed count"),
        },
        key=["estimator", "is_expert", "pattern"],
    ),
]

_ESTIMATE = [
    _table(
        "headcount_draws",
        {
            **_COMPANY,
            **_ESTIMATOR,
            "evidence": _EVIDENCE,
            "flags": _FLAGS,
            "n_profiles": _PROFILES,
            "headcount": _HEADCOUNT,
            "draws": _column(
                _INTEGERS, "Experts in each joint draw; -1 without evidence", _same_length
            ),
        },
        key=["company", "estimator"],
        part="company",
    ),
    _table(
        "synthetic_counts",
        {
            **_COMPANY,
            **_ESTIMATOR,
            "pattern": _column(_TEXT, "One of '0', '1', '-' per annotator, by name", _a_pattern),
            "mean_count": _column(_DOUBLE, "Mean number of employees", _not_negative),
            "q10": _column(_DOUBLE, "Lower end of the interval", _not_negative),
            "q90": _column(_DOUBLE, "Upper end of the interval", _not_negative),
        },
        key=["company", "estimator", "pattern"],
        part="company",
    ),
    _table(
        "headcount_intervals",
        {
            **_COMPANY,
            **_ESTIMATOR,
            "n_profiles": _PROFILES,
            "headcount": _HEADCOUNT,
            "evidence": _EVIDENCE,
            **_INTERVAL,
            "share_q50": _column(
                _DOUBLE, "Median share of the employees", _not_negative, nullable=True
            ),
            "confidence": _column(_TEXT, "Confidence", pa.Check.isin(_CONFIDENCE)),
            "flags": _FLAGS,
        },
        key=["company", "estimator"],
        part="company",
    ),
    _table(
        "portfolio_intervals",
        {
            **_ESTIMATOR,
            "grouping": _column(_TEXT, "What the group is made by", pa.Check.isin(_GROUPINGS)),
            "group_name": _column(_TEXT, "Name of the group"),
            "companies": _column(_BIGINT, "Companies in the group", _not_negative),
            "companies_without_evidence": _column(
                _BIGINT, "Those that the total leaves out", _not_negative
            ),
            **_INTERVAL,
        },
        key=["estimator", "grouping", "group_name"],
    ),
]

_FILTER = {"filter": _column(_TEXT, "Name of the proposed filter")}
_JUDGED = {
    "judged": _column(
        _TEXT,
        "On which CVs: on others than it was learned on, or on the very same",
        pa.Check.isin(["cross_validated", "same_cvs"]),
    )
}
_DOCUMENTS = _column(_BIGINT, "Rated CVs of the class that have the phrase", _not_negative)
_THRESHOLD = pa.Check.isin(["strict", "broad"])


def _measured(meaning: str, *checks: pa.Check) -> pa.Column:
    """Return a column of what may be undefined, as the precision of what never fires is."""
    return _column(_DOUBLE, meaning, *checks, nullable=True)


def _rate_with_interval(rate: str) -> dict[str, pa.Column]:
    return {
        rate: _column(_DOUBLE, rate.capitalize(), _a_share),
        f"{rate}_low": _column(_DOUBLE, "Lower end of its 95 % interval", _a_share),
        f"{rate}_high": _column(_DOUBLE, "Upper end of its 95 % interval", _a_share),
    }


_KEYWORDS = [
    _table(
        "keyword_phrases",
        {
            "phrase": _column(_TEXT, "Phrase that several rated CVs have"),
            "n_words": _column(_INTEGER, "Its words", _positive),
            "experts": _DOCUMENTS,
            "others": _DOCUMENTS,
            "tf_idf_experts": _column(_DOUBLE, "Mean TF-IDF in experts' CVs", _not_negative),
            "tf_idf_others": _column(_DOUBLE, "Mean TF-IDF in the others' CVs", _not_negative),
            "keybert_experts": _column(
                _BIGINT, "Experts' CVs for which KeyBERT names it", _not_negative
            ),
            "keybert_others": _column(
                _BIGINT, "Others' CVs for which KeyBERT names it", _not_negative
            ),
            "keybert_relevance": _measured("Mean cosine to the CVs that it is named for"),
            "log_odds": _column(_DOUBLE, "Shrunken log-odds ratio, experts against others"),
            "log_odds_sd": _column(_DOUBLE, "Its standard deviation", _not_negative),
            "z": _column(_DOUBLE, "Log-odds ratio in standard deviations"),
            "theme": _column(_INTEGER, "Theme; missing if it belongs to none", nullable=True),
            "x": _column(_DOUBLE, "Place on the map of the phrases"),
            "y": _column(_DOUBLE, "Place on the map of the phrases"),
            **{name: _column(_BOOLEAN, f"Whether it is on the list {name}") for name in LISTS},
        },
        key=["phrase"],
    ),
    _table(
        "keyword_themes",
        {
            "theme": _column(_INTEGER, "Number of the theme", _not_negative),
            "name": _column(_TEXT, "Its most central phrase"),
            "n_phrases": _column(_INTEGER, "Its phrases", _positive),
            "phrases": _column(_TEXTS, "Its phrases, the most central first"),
            "log_odds": _column(_DOUBLE, "Mean log-odds ratio of its phrases"),
        },
        key=["theme"],
    ),
    _table(
        "keyword_filters_found",
        {
            **_FILTER,
            "yes": _column(_TEXT, "Threshold of its yes list", _THRESHOLD),
            "no": _column(_TEXT, "Threshold of its no list", _THRESHOLD, nullable=True),
            **_JUDGED,
            "n": _column(_BIGINT, "Rated CVs it is judged on", _positive),
            **_rate_with_interval("sensitivity"),
            **_rate_with_interval("specificity"),
            "precision": _measured("Share of experts where it fires", _a_share),
            "recall": _column(_DOUBLE, "The sensitivity", _a_share),
            "information": _measured("Bits per CV, given the other annotators' labels"),
            "information_sd": _measured("Its standard deviation", _not_negative),
            "proposed": _column(_BOOLEAN, "Whether it tells the headcount model most"),
            "yes_terms": _column(_TEXTS, "The rule: one of these phrases has to be there"),
            "no_terms": _column(_TEXTS, "The rule: none of these may be there"),
        },
        key=["filter", "judged"],
    ),
    _table(
        "keyword_optimism",
        {
            **_FILTER,
            "measure": _column(_TEXT, "What is measured"),
            "same_cvs": _measured("Judged on the CVs it was learned on"),
            "cross_validated": _measured("Judged on CVs it has not seen"),
            "optimism": _measured("The difference"),
        },
        key=["filter", "measure"],
    ),
    _table(
        "keyword_precision_recall",
        {
            "list": _column(_TEXT, "Name of the list", pa.Check.isin(LISTS)),
            **_JUDGED,
            "threshold": _column(_INTEGER, "How many of its phrases a CV has", _not_negative),
            "precision": _measured("Share of the list's class among such CVs", _a_share),
            "recall": _measured("Share of the class that such CVs are", _a_share),
        },
        key=["list", "judged", "threshold"],
    ),
    _table(
        "keyword_folds",
        {
            **_RATED_ID,
            **_FILTER,
            "fold": _column(_INTEGER, "Fold that the CV was held out in", _not_negative),
            "label": _column(_TINYINT, "What the filter says, learned without it", _a_label),
        },
        key=["rated_id", "filter"],
    ),
    _table(
        "keyword_reach",
        {
            "kind": _column(_TEXT, "What fires", pa.Check.isin(["phrase", "filter"])),
            "name": _column(_TEXT, "The phrase, or the name of the filter"),
            "profiles": _column(_BIGINT, "Profiles that it fires on", _not_negative),
            "of_profiles": _column(_BIGINT, "Profiles with a text", _positive),
            "share": _column(_DOUBLE, "Share of them", _a_share),
            "companies": _column(_BIGINT, "Companies that have such profiles", _not_negative),
            "of_companies": _column(_BIGINT, "Companies that have profiles", _positive),
            "top_companies": _column(_TEXTS, "Ids of those that have most, the first first"),
            "top_profiles": _column(_BIGINTS, "How many each of them has"),
        },
        key=["kind", "name"],
    ),
]

#: Tables of keyword discovery, which is a job of its own: they may be absent.
KEYWORD_TABLES: tuple[str, ...] = tuple(table.name for table in _KEYWORDS)

#: Every table by name, in the order of the journey.
TABLES: Mapping[str, Table] = {
    table.name: table for table in (*_INGEST, *_ANNOTATE, *_CALIBRATE, *_ESTIMATE, *_KEYWORDS)
}
