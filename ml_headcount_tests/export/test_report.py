"""What the report says, and to whom it gives nothing away."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.export import StudyResults, write_report
from ml_headcount_assets.model.flags import FLAG_MEANINGS
from ml_headcount_assets.study import Study

from .conftest import LEVEL, Read, tables


def page(
    results: StudyResults, study: Study, directory: Path, truth: pd.DataFrame | None = None
) -> str:
    write_report(results, study, directory / "report.html", truth=truth)
    return (directory / "report.html").read_text()


@pytest.fixture
def report(results: StudyResults, study: Study, tmp_path: Path) -> str:
    return page(results, study, tmp_path)


def section(report: str, name: str) -> str:
    start = report.index(f'<section id="{name}">')
    return report[start : report.index("</section>", start)]


def words(html: str) -> str:
    """Return what a reader sees of a piece without scripts."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_headline_is_the_total_with_its_interval(report: str) -> None:
    start = report.index('<p class="headline">')
    said = words(report[start : report.index('<div class="tiles">')])
    assert said.startswith("1,267 (1,042 to 1,503) experts in 3 companies")
    assert "median and 95 % interval of the sum by independent" in said
    assert "1 more has no evidence: nothing is known about it, and it is in no total" in said


def test_every_company_has_its_row_the_largest_first(report: str) -> None:
    table = report[report.index('<table id="table">') : report.index("</table>")]
    rows = [
        [words(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        for row in table.split("<tr")[2:]
    ]
    assert [row[0] for row in rows] == [
        *("=Acme &lt;b&gt;&amp; Sons&lt;/b&gt;", "core", "Bits\x0bInc".replace("\x0b", " ")),
        "Dusk",
    ]
    assert rows[0][1:5] == ["120", "40", "90", "6.7 %"]
    assert rows[0][7:10] == ["Japan", "100", "900"]
    assert rows[3][1:] == ["–", "–", "–", "–", "no evidence", "", "", "0", "–", "headcount_missing"]


def test_a_company_has_a_page_of_its_own(report: str) -> None:
    kept = report[report.index('id="data-companies-pages">') :]
    content = json.loads(kept[kept.index(">") + 1 : kept.index("</script>")])
    assert content["level"] == "95 %"
    acme = content["pages"]["acme"]
    assert acme["label"] == "=Acme <b>& Sons</b>"  # written as text, never as markup
    assert acme["sentence"].startswith(
        "120 experts, 6.7 % of the employees; 95 % interval 40 to 90"
    )
    assert ["five_layer", 40.0, 60.0, 90.0] in acme["estimates"]
    dusk = content["pages"]["dusk"]
    assert "not the same as zero" in dusk["sentence"]
    assert dusk["estimates"][0][1:] == [None, None, None]
    assert dusk["flags"] == [f"headcount_missing: {FLAG_MEANINGS['headcount_missing']}"]


def test_figures_are_numbered_told_and_have_their_numbers(report: str) -> None:
    figures = re.findall(r'<figure id="figure-(\w+)">(.*?)</figure>', report, re.DOTALL)
    assert len(figures) > 10
    for number, (name, figure) in enumerate(figures, start=1):
        assert f"Figure {number}. " in figure
        (told,) = re.findall(r'role="img" aria-label="([^"]+)"', figure)
        assert len(told) > 30, name
        assert "<tbody>" in figure
        drawn = figure[figure.index("application/json") :]
        content = json.loads(drawn[drawn.index(">") + 1 : drawn.index("</script>")])
        assert content["data"], name
        assert not content["layout"].get("title"), "the page writes it, where lines can be broken"


def test_what_speaks_against_it_comes_first(read: Read, study: Study, tmp_path: Path) -> None:
    doubt = {"estimator": "independent", "measure": "m", "subject": "s", "value": 3.0}
    doubt |= {"threshold": 2.0, "verdict": "doubtful", "because": "Chains disagree <a>."}
    said = page(read(diagnostics=pd.DataFrame([{**doubt, "would_help": ""}])), study, tmp_path)
    assert said.index("Chains disagree &lt;a&gt;.") < said.index('<section id="companies">')


def test_names_and_reasons_are_no_markup(report: str) -> None:
    assert "<b>& Sons" not in report
    assert "the &lt;row&gt; is empty" in report


def test_flags_are_explained_and_rejects_counted(report: str) -> None:
    said = words(section(report, "flags"))
    assert "headcount_missing 2 The company table has no headcount" in said
    assert "labels.csv label 2 lines 3, 9 2 is no label" in said


def test_headquarters_that_name_no_country_are_listed(
    read: Read, study: Study, tmp_path: Path
) -> None:
    companies = tables()["companies"].assign(
        headquarters=["Tokyo, Japan", "Xanadu <x>", None, "Atlantis"],
        country=["Japan", None, None, None],
    )
    said = words(section(page(read(companies=companies), study, tmp_path), "flags"))
    assert "2 companies are in no country's total" in said
    assert "Atlantis; Xanadu <x>" in said or "Atlantis; Xanadu &lt;x&gt;" in said


def test_headquarters_that_occur_often_are_listed_once(
    read: Read, study: Study, tmp_path: Path
) -> None:
    companies = tables()["companies"].assign(headquarters="Remote", country=None)
    said = words(section(page(read(companies=companies), study, tmp_path), "flags"))
    assert "4 companies are in no country's total" in said
    assert "What they have: Remote (4 times)." in said


def test_the_share_is_of_those_whose_headcount_is_known(
    read: Read, study: Study, tmp_path: Path
) -> None:
    draws = {"acme": range(50, 150), "bits": [0] * 100, "core": [800] * 100}
    rows = pd.DataFrame({"company": list(draws), "draws": list(draws.values())})
    shown = page(read(headcount_draws=rows.assign(estimator="independent")), study, tmp_path)
    # 52 to 147 of 950 employees: core, whose headcount nobody knows, is in neither.
    said = words(section(shown, "headline"))
    assert "That is 10 % of their 950 employees (5.5 % to 15 %)" in said
    assert "told of the 2 whose headcount is known" in said


def test_what_checks_warn_of_comes_first_too(read: Read, study: Study, tmp_path: Path) -> None:
    check = {"asset": "rejects", "check": "few_rows_are_rejected", "looks_for": "", "numbers": "{}"}
    check |= {"passed": False, "severity": "WARN", "description": "b.json is <left> out."}
    said = page(read(checks=pd.DataFrame([check])), study, tmp_path)
    assert said.index("b.json is &lt;left&gt; out.") < said.index('<section id="companies">')
    assert "Nothing that was measured speaks against" not in said


def test_names_are_written_as_they_are(report: str) -> None:
    assert "&amp;amp;" not in report
    assert "&amp;lt;" not in report


def test_most_are_in_no_unknown_country(read: Read, study: Study, tmp_path: Path) -> None:
    totals = tables()["portfolio_intervals"]
    country = totals[totals["grouping"] == "country"]
    other = country.assign(group_name="unknown", median=9_000.0, high=9_999.0)
    shown = page(read(portfolio_intervals=pd.concat([totals, other])), study, tmp_path)
    assert "Most are in companies based in Japan: 1,267" in words(shown)
    assert "headcount unknown (3)" not in shown


def test_runs_by_different_estimators_are_told_apart(
    read: Read, study: Study, tmp_path: Path
) -> None:
    days = ["2026-01-01T00:00:00", "2026-02-01T00:00:00"]
    run = {"run": ["one", "two"], "estimator": ["log_debias", "independent"], "level": [0.8, LEVEL]}
    ends = {"low": [1.0, 4.0], "median": [2.0, 5.0], "high": [3.0, 6.0]}
    same = {"package_version": "1", "model_version": "4", "code": "c", "content": "c"}
    same |= {"settings": "{}", "inputs": "{}", "companies": 3}
    runs = pd.DataFrame({**run, **ends, "finished": days, **same})
    history = pd.DataFrame({**run, **ends, "company_id": "ACME"})
    shown = page(read(runs=runs, history=history), study, tmp_path)
    assert "changed by +3 with the last run (by independent; before it was by log_debias)" in shown
    assert "changed most: +3 experts (by independent; before it was by log_debias)" in shown
    assert "2026-01-01 00:00 (log_debias, 80 %)" in shown
    assert '"2026-02-01 00:00"' in shown


def test_nothing_odd_is_said_too(read: Read, study: Study, tmp_path: Path) -> None:
    sound = tables()["headcount_intervals"].assign(flags="")
    said = words(
        section(
            page(read(headcount_intervals=sound, rejects=tables()["rejects"][:0]), study, tmp_path),
            "flags",
        )
    )
    assert "No company is flagged." in said
    assert "Every row of every file was used." in said
    assert "no country" not in said


def test_without_any_evidence_there_is_no_number(read: Read, study: Study, tmp_path: Path) -> None:
    nothing = tables()["portfolio_intervals"].assign(
        companies=0, companies_without_evidence=4, mean=None, sd=None, low=None, median=None,
        high=None,
    )  # fmt: skip
    empty = tables()["headcount_intervals"].assign(
        evidence="none", confidence="no evidence", low=None, median=None, high=None, mean=None
    )
    numbers = {name: "float" for name in ("low", "median", "high", "mean")}
    said = page(
        read(
            portfolio_intervals=nothing.astype({**numbers, "sd": "float"}),
            headcount_intervals=empty.astype(numbers),
        ),
        study,
        tmp_path,
    )
    assert "None of 4 companies has labelled profiles" in said


def test_figures_are_left_out_where_there_is_nothing_to_draw(
    read: Read, study: Study, tmp_path: Path
) -> None:
    whole = page(read(), study, tmp_path)
    assert 'id="figure-checks"' in whole
    assert 'id="figure-correlations"' in whole
    assert 'id="keywords-figures"' not in whole
    tables_now = tables()
    less = page(
        read(
            predictive_checks=tables_now["predictive_checks"][:0],
            annotator_correlations=tables_now["annotator_correlations"][:0],
        ),
        study,
        tmp_path,
    )
    assert 'id="figure-checks"' not in less
    assert 'id="figure-correlations"' not in less


def test_true_counts_are_drawn_beside_the_estimates(
    results: StudyResults, study: Study, tmp_path: Path
) -> None:
    truth = pd.DataFrame({"company_id": ["ACME", "bits", "core", "dusk"], "experts": [50, 0, 3, 1]})
    assert "true number" in page(results, study, tmp_path, truth=truth)
    assert "true number" not in page(results, study, tmp_path)


def test_the_report_needs_no_network(report: str) -> None:
    assert not re.findall(r'<(?:script|img|iframe)[^>]+src="http', report)
    assert "<link" not in report


def test_a_report_that_fails_leaves_the_last_one(
    results: StudyResults, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = page(results, study, tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        write_report(results, study, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == before
