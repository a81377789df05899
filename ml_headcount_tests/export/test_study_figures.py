"""Every view, drawn from a study that has been run: its words, and its numbers."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from ml_headcount_assets.export import read_results, report, waterfalls
from ml_headcount_assets.export.study_figures import StudyFigures, company_figures, study_figures
from ml_headcount_assets.figures import VIEWS
from ml_headcount_assets.figures.catalogue import FAMILIES, Found, NothingToDrawError
from ml_headcount_assets.model.waterfall import company_waterfall
from ml_headcount_assets.warehouse.publish import Published, published_study
from ml_headcount_assets.warehouse.schemas import RUN_TABLES, TABLES
from ml_headcount_tests.browser import browsing, found_browser
from ml_headcount_tests.orchestration.conftest import heard, pristine  # noqa: F401

#: What a study without rated profiles, texts, sensitivities and earlier runs has nothing for.
NOT_HERE = {
    *("phrases", "themes", "recall", "optimism", "reach", "raters", "change", "history"),
    *("sensitivity", "budget", "company_budget", "rating_effect", "rejects"),
    *("cost", "tokens", "requests", "spent_by_day"),
}
#: Nor one without the estimator that learns.
LEARNED = {
    *("prior_posterior", "deployed_rates", "easy_people", "scales", "dispersion", "prevalences"),
    *("cohort_patterns", "diagnostics"),
}


@pytest.fixture(scope="module")
def published(pristine) -> Published:  # noqa: F811
    return Published(pristine[1])


@pytest.fixture(scope="module")
def figures(published) -> StudyFigures:
    truth = published.read("companies")[["company_id"]].assign(experts=range(12))
    return study_figures(read_results(published), truth)


def test_every_view_is_drawn_or_left_out_with_a_reason(figures) -> None:
    names = [view.name for view in VIEWS]
    assert len(names) == len(set(names)) >= 55
    assert {view.family for view in VIEWS} == set(FAMILIES)
    drawn = [figure.name for figure in figures.drawn]
    assert drawn == [name for name in names if name in drawn]
    assert set(drawn) | set(figures.left_out) == set(names)
    assert len(drawn) >= 30
    assert set(figures.left_out) - NOT_HERE - LEARNED <= {"synthetic", "by_cohort", "hits"}
    assert all(len(reason) > 15 for reason in figures.left_out.values())


def test_every_figure_says_what_is_seen_for_eyes_and_ears(figures) -> None:
    for figure in figures.drawn:
        assert 20 < len(figure.title) < 170, figure.name
        assert "nan" not in figure.title.split(), figure.title
        assert 30 < len(figure.alt) < 200, figure.name
        assert len(figure.numbers), figure.name
        assert figure.figure.layout.height >= 150, figure.name


def test_numbers_are_those_that_are_published(published, figures) -> None:
    shown = {figure.name: figure for figure in figures.drawn}
    intervals = published.read("headcount_intervals")
    headline = intervals[intervals["estimator"] == "five_layer"].set_index("company_id")
    forest = shown["companies"].numbers.set_index("company_id")
    for part in ("low", "median", "high"):
        pd.testing.assert_series_equal(
            forest[part].sort_index(), headline.loc[forest.index, part].sort_index()
        )
    totals = published.read("portfolio_intervals")
    total = totals[(totals["grouping"] == "all") & (totals["estimator"] == "five_layer")].iloc[0]
    assert shown["total_density"].title == (
        f"The total is {total['median']:,.0f}; 80 % of the draws lie from"
        f" {total['low']:,.0f} to {total['high']:,.0f}"
    )
    draws = published.read("headcount_draws")
    known = draws[(draws["estimator"] == "five_layer") & (draws["evidence"] != "none")]
    np.testing.assert_array_equal(
        shown["total_density"].numbers["total"], np.stack(known["draws"]).sum(axis=0)
    )
    top = shown["top_share"].numbers
    assert top["median"].is_monotonic_increasing
    assert shown["lorenz"].numbers["median"].iloc[-1] == pytest.approx(1)


def test_a_waterfall_ends_at_what_is_published(published) -> None:
    results = read_results(published)
    known = results.headline[results.headline["evidence"] != "none"]
    for row in known.head(2).itertuples():
        (figure,) = company_figures(results, row.company)
        last = figure.numbers.iloc[-1]
        for part in ("mean", "low", "median", "high", "level"):
            assert last[part] == pytest.approx(getattr(row, part), abs=1e-9), part
        assert figure.numbers["kind"].iloc[0] == "prior"
        assert row.label in figure.title


def test_a_waterfall_keeps_to_one_thread(published, monkeypatch) -> None:
    threads = []

    def looked_at(*given, **named):
        threads.extend(p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas")
        return company_waterfall(*given, **named)

    monkeypatch.setattr(waterfalls, "company_waterfall", looked_at)
    results = read_results(published)
    with threadpool_limits(2, user_api="blas"):
        next(company_figures(results, results.headline["company"].iloc[0]))
    assert set(threads) == {1}


def test_pages_of_the_largest_companies_show_how_their_evidence_led_there(
    published, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(report, "_WATERFALLS", 3)
    monkeypatch.setattr(report, "_WATERFALL_DRAWS", 20)
    results = read_results(published)
    report.write_report(results, published_study(published), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    kept = page.partition('id="data-companies-pages">')[2].partition("</script>")[0]
    pages = json.loads(kept)["pages"]
    known = results.headline[results.headline["evidence"] != "none"]
    for row in known.head(3).itertuples():
        steps = pages[row.company]["waterfall"]["steps"]
        assert steps[-1][2:] == [row.low, row.median, row.high]
        assert (steps[-1][1] > steps[0][1]) == any(s[0] == "unseen employees" for s in steps)
    assert not any(pages[company]["waterfall"] for company in known["company"].iloc[3:])


@pytest.mark.skipif(found_browser() is None, reason="needs Debian's chromium")
def test_a_waterfall_fits_a_phone(published, tmp_path) -> None:
    results = read_results(published)
    report.write_report(results, published_study(published), tmp_path / "report.html")
    largest = results.headline["company"].iloc[0]

    async def look() -> None:
        async with browsing(tmp_path) as page:
            address = f"{(tmp_path / 'report.html').as_uri()}#company={largest}"
            await page.open(address, 390, 900)
            await page.wait("document.querySelectorAll('#one .main-svg').length >= 2")
            assert await page.ask("document.documentElement.scrollWidth") <= 390
            assert "before its own evidence" in await page.ask("byId('one').textContent")
            await page.size(1300, 900)  # a phone is turned, and nothing is cut off below
            drawn = "[...document.querySelectorAll('#one .main-svg')].map(s => s.client"
            await page.wait(f"Math.max(...{drawn}Width)) > 800")
            assert min(await page.ask(f"{drawn}Height)")) >= 110
            assert page.told == []

    asyncio.run(look())


def test_of_a_company_without_evidence_there_is_no_figure(published) -> None:
    results = read_results(published)
    for company in results.headline.loc[results.headline["evidence"] == "none", "company"]:
        assert not list(company_figures(results, company))


def test_one_company_of_a_very_long_name_and_none_at_all_are_no_trouble(published) -> None:
    intervals = published.read("headcount_intervals")
    one = intervals.loc[intervals["evidence"] == "profiles", "company"].iloc[0]
    there = set(_tables(published))

    def of_one(table: str) -> pd.DataFrame | None:
        rows = published.read(table) if table in there else None
        if rows is not None and "company" in rows:
            rows = rows[rows["company"] == one].reset_index(drop=True)
        return rows.assign(name="شركة 研究所 " * 30) if table == "companies" else rows

    def empty(table: str) -> pd.DataFrame | None:
        return published.read(table)[:0] if table in there else None

    for read, least in ((of_one, 20), (empty, 0)):
        drawn = []
        for view in VIEWS:
            with suppress(NothingToDrawError):
                drawn.append(view.draw(Found("five_layer", 0.8, read)))
        assert len(drawn) >= least
        assert all(len(seen.title) < 200 for seen in drawn)


def _tables(published: Published) -> list[str]:
    with published.snapshot() as snapshot:
        return [name for name in (*TABLES, *RUN_TABLES) if snapshot.has(name)]


def test_chance_is_told_at_the_published_level(published) -> None:
    companies = published.read("companies")[["company_id"]].assign(experts=range(12))
    view = next(view for view in VIEWS if view.name == "covered")
    covered = view.draw(Found("five_layer", 0.5, published.read, companies)).figure
    names = [trace.name for trace in covered.data]
    assert "what chance gives (50 % of the time)" in names


def test_the_map_and_the_subregions_have_the_published_totals(published, figures) -> None:
    shown = {figure.name: figure for figure in figures.drawn}
    totals = published.read("portfolio_intervals")
    totals = totals[totals["estimator"] == "five_layer"]
    for name, grouping in (("map", "country"), ("by_subregion", "subregion")):
        stored = totals[totals["grouping"] == grouping].set_index("group_name")
        drawn = shown[name].numbers.set_index("group_name")
        assert len(drawn) >= 2
        for part in ("low", "median", "high"):
            assert (drawn[part] == stored.loc[drawn.index, part]).all()
    # The land, its circles and discs: nothing that would be fetched from anywhere.
    assert {trace.type for trace in shown["map"].figure.data} == {"scatter"}


def test_patterns_are_those_of_the_profiles(published, figures) -> None:
    shown = {figure.name: figure for figure in figures.drawn}
    counts = published.read("pattern_counts")
    said = shown["said"].numbers
    assert (
        said[["accepted", "refused", "no_label"]].sum(axis=1) == counts["n_profiles"].sum()
    ).all()
    agreement = shown["agreement"].numbers
    assert agreement["kappa"].between(-1, 1).all()
    one = counts["pattern"].str[0].repeat(counts["n_profiles"]).reset_index(drop=True)
    other = counts["pattern"].str[1].repeat(counts["n_profiles"]).reset_index(drop=True)
    both = (one != "-") & (other != "-")
    first, second = (labels[both] == "1" for labels in (one, other))
    agreed = (first == second).mean()
    chance = first.mean() * second.mean() + (~first).mean() * (~second).mean()
    names = sorted(published.read("annotators")["annotator"])
    pair = agreement[
        (agreement["annotator_a"] == names[1]) & (agreement["annotator_b"] == names[0])
    ]
    assert pair["kappa"].iloc[0] == pytest.approx((agreed - chance) / (1 - chance))


def test_without_the_truth_nothing_is_said_of_it(published) -> None:
    left_out = study_figures(read_results(published)).left_out
    assert {"truth", "covered", "truth_ranks"} <= set(left_out)
