"""A study that has been run, opened for people in a notebook: frames, draws, totals, figures."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from numpy.typing import ArrayLike

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.figures.catalogue import StudyFigure
from ml_headcount_assets.figures.style import level_of
from ml_headcount_assets.ingest.subregions import subregions_of
from ml_headcount_assets.model import ESTIMATORS, HeadcountResult, estimator_of
from ml_headcount_assets.warehouse.meanings import meaning, unit
from ml_headcount_assets.warehouse.publish import Published, last_run, published_study
from ml_headcount_assets.warehouse.records import result_of
from ml_headcount_assets.warehouse.schemas import RUN_TABLES, TABLES
from ml_headcount_assets.wording import how_many, interval, percent

from .inference_data import inference_data
from .pictures import FORMATS, write_pictures
from .report import write_report
from .results import read_results
from .study_figures import company_figures, study_figures
from .tables import write_tables

if TYPE_CHECKING:
    from xarray import DataTree

__all__ = ["OpenedStudy", "open_study"]

_SHOWN = 10
_TABLES = {**TABLES, **RUN_TABLES}


def open_study(path: Path | str) -> OpenedStudy:
    """Open the published results of a study that has been run; nothing can be changed here.

    A run that publishes others meanwhile is not in the way: every look is at one finished run.

    Parameters
    ----------
    path
        The warehouse's folder, or the file results.duckdb by itself.

    Raises
    ------
    InputError
        There is no finished run.

    Examples
    --------
    >>> import ml_headcount_assets as mh
    >>> study = mh.open_study("warehouse/")                                # doctest: +SKIP
    >>> study.total("cohort == 'labs' and headcount >= 1000")["median"]    # doctest: +SKIP
    1234.0
    """
    published = Published(path)
    last_run(published)
    return OpenedStudy(published)


class OpenedStudy:
    """Read-only view of the published results of one study.

    Parameters
    ----------
    store
        The results.
    """

    def __init__(self, store: Published) -> None:
        self._store = store

    @property
    def path(self) -> Path:
        """The file."""
        return self._store.path

    @property
    def tables(self) -> list[str]:
        """Names of the tables that there are, in the order of the data's journey."""
        with self._store.snapshot() as snapshot:
            return [name for name in _TABLES if snapshot.has(name)]

    def table(self, name: str) -> pd.DataFrame:
        """Return a table.

        Raises
        ------
        InputError
            There is no such table.
        """
        if name not in _TABLES:
            raise InputError(f"There is no table {name!r}; there are {', '.join(self.tables)}.")
        return self._store.read(name)

    def columns(self, name: str) -> pd.DataFrame:
        """Return what the columns of a table mean: ``column, type, unit, meaning``."""
        if name not in _TABLES:
            raise InputError(f"There is no table {name!r}; there are {', '.join(self.tables)}.")
        spec = _TABLES[name]
        return pd.DataFrame(
            [
                (column, spec.sql_type(column), unit(name, column), meaning(name, column))
                for column in spec.columns
            ],
            columns=["column", "type", "unit", "meaning"],
        )

    def query(self, sql: str) -> pd.DataFrame:
        """Return what a SELECT over the tables finds; the file cannot be changed by it."""
        return self._store.query(sql)

    @property
    def estimators(self) -> list[str]:
        """The estimators that there are numbers of; the first is the headline."""
        rows = self.table("headcount_intervals")["estimator"].unique().tolist()
        return [name for name in ESTIMATORS if name in rows]

    @property
    def level(self) -> float:
        """Probability content of the stored intervals."""
        return level_of(self._store.read("headcount_intervals", columns=["level"]))

    def intervals(self, estimator: str | None = None) -> pd.DataFrame:
        """Return the companies' intervals as they are stored, with what else is known of each.

        Parameters
        ----------
        estimator
            Whose; None for the headline's.

        Returns
        -------
        DataFrame
            Rows of table headcount_intervals with ``name, cohort, size_band, country``.
        """
        rows = self.table("headcount_intervals")
        rows = rows[rows["estimator"] == self._chosen(estimator)]
        known = self.table("companies")[["company", "name", "cohort", "size_band", "country"]]
        return rows.merge(known, on="company", how="left").drop(columns="company")

    def draws(self, estimator: str | None = None) -> HeadcountResult:
        """Return the joint draws, of which any interval and total can be made.

        Parameters
        ----------
        estimator
            Whose; None for the headline's.
        """
        rows = self._store.read("headcount_draws")
        rows = rows[rows["estimator"] == self._chosen(estimator)].reset_index(drop=True)
        companies = self.table("companies")
        return result_of(rows, companies.assign(subregion=subregions_of(companies["country"])))

    def total(
        self,
        where: str | pd.Series | ArrayLike | None = None,
        level: float | None = None,
        estimator: str | None = None,
    ) -> dict[str, float]:
        """Summarise the total of any set of companies; see `HeadcountResult.total`.

        Parameters
        ----------
        where
            The companies that are meant; a query may ask for their ``subregion``, too (UN M49).
        level
            Probability content of the interval; None for that of the stored intervals.
        estimator
            Whose draws; None for the headline's.
        """
        return self.draws(estimator).total(where, self.level if level is None else level)

    def to_arviz(self, estimator: str | None = None) -> DataTree:
        """Return the joint draws as ArviZ takes them (``InferenceData``, now a DataTree).

        They are in one chain: each draw is of a state of any of the chains that the fit ran, in
        no order, so that ArviZ can tell nothing of convergence from them; table diagnostics does.

        Parameters
        ----------
        estimator
            Whose; None for the headline's.

        Returns
        -------
        DataTree
            Group ``posterior`` with ``experts`` (chain, draw, company) and their ``total``
            (chain, draw), and group ``constant_data`` with ``headcount`` (NaN if unknown) and
            ``n_profiles`` (company); all are numbers of people, of the companies with evidence.

        Raises
        ------
        InputError
            The optional dependency ``arviz`` is not installed.
        """
        name = self._chosen(estimator)
        run = last_run(self._store)
        return inference_data(
            self.draws(name),
            {"estimator": name, "study": run["study"], "created_at": run["finished"]},
        )

    def figures(self) -> Mapping[str, StudyFigure]:
        """Return the report's figures by name: each with its title, numbers and plotly figure."""
        return {figure.name: figure for figure in study_figures(read_results(self._store)).drawn}

    def company_figures(self, company_id: str) -> Mapping[str, StudyFigure]:
        """Return the figures of one company by name, as far as there is something to draw.

        Raises
        ------
        InputError
            The study has no such company.
        """
        companies = self.table("companies").set_index("company_id")["company"]
        if company_id not in companies.index:
            raise InputError(f"The study has no company {company_id!r}; see table companies.")
        drawn = company_figures(read_results(self._store), str(companies[company_id]))
        return {figure.name: figure for figure in drawn}

    def export(self, to: Path | str, figures: str | None = None) -> list[Path]:
        """Write tables and the report, as ``ml-headcount export`` does; see docs/report.md.

        Parameters
        ----------
        to
            The folder; made if it is not there. Files of the same names are replaced.
        figures
            ``"svg"``, ``"png"`` or ``"pdf"`` writes each figure as a file, too.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        InputError
            There is no such form of figures, or no browser that could draw them.
        ComputeError
            A figure could not be drawn.
        """
        if figures is not None and figures not in FORMATS:
            raise InputError(f"There are no figures as {figures!r}; choose {', '.join(FORMATS)}.")
        study = published_study(self._store)
        results = read_results(self._store, study.estimators)
        folder = Path(to)
        files = [*write_tables(results, folder), folder / "report.html"]
        write_report(results, study, files[-1])
        if figures is None:
            return files
        drawn = study_figures(results).drawn
        return files + write_pictures(drawn, folder / "figures", figures, lambda *_: None)

    def _chosen(self, estimator: str | None) -> str:
        return self.estimators[0] if estimator is None else estimator_of(estimator).name

    def _headline(self) -> str:
        total = self.query(
            "SELECT * FROM portfolio_intervals WHERE grouping = 'all'"
            f" AND estimator = '{self.estimators[0]}'"
        )
        if total.empty or not total["companies"].iloc[0]:
            return "no company with evidence"
        row: Any = next(total.itertuples())
        return (
            f"{how_many(row.median, 'expert')} ({percent(row.level)} interval "
            f"{interval(row.low, row.high)}) at {how_many(row.companies, 'company')} with"
            " evidence, "
            f"by {row.estimator}"
        )

    def __repr__(self) -> str:
        return f"Study in {self.path.name}: {self._headline()}; tables {', '.join(self.tables)}"

    def _repr_html_(self) -> str:
        shown = self.intervals().sort_values("median", ascending=False).head(_SHOWN)
        columns = ["company_id", "headcount", "low", "median", "high", "level", "confidence"]
        return (
            f"<p><b>{escape(self.path.name)}</b>: {escape(self._headline())}</p>"
            f"{shown[columns].to_html(index=False, na_rep='–', float_format='{:,.4g}'.format)}"
            f"<p>Tables: {escape(', '.join(self.tables))}</p>"
        )
