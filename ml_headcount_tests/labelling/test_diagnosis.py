"""What a look at a study's files tells, and whether it foresees what a run would do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.diagnosis import diagnosis_lines
from ml_headcount_assets.cli.main import main
from ml_headcount_assets.ingest import profile_look
from ml_headcount_assets.labelling import diagnosis
from ml_headcount_assets.labelling.diagnosis import Diagnosis, diagnose
from ml_headcount_assets.study import load_study

_COMPANIES = "company_id,name,headcount,filter_a_hits\nacme,Acme,120,7\nglobex,Globex,51-200,\n"
_RATED = "rated_id,is_expert,llm_x,filter_a\n" + "".join(
    f"cv{n},{int(n < 40)},{int(n < 30)},{int(n < 35 or n > 75)}\n" for n in range(80)
)
_LABELS = "company_id,llm_x,filter_a\n" + "acme,1,0\n" * 3 + "acme,,1\n" + "acne,1,1\n" * 2


def _study(folder: Path, **files: str | bytes) -> Path:
    given = {"companies.csv": _COMPANIES, "validation.csv": _RATED, "profile_labels.csv": _LABELS}
    for name, content in (given | {n.replace("__", "."): c for n, c in files.items()}).items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    return folder


def _raw(folder: Path, people: list[dict[str, object]], config: str = "") -> Path:
    rated = "".join(
        f'{{"rated_id": "c{n}", "is_expert": {int(n < 40)}, "text":'
        f' "{"machine learning" if n < 30 else "sales"}"}}\n'
        for n in range(80)
    )
    (folder / "validation.jsonl").write_text(rated)
    (folder / "companies.csv").write_text("company_id,name,headcount\nacme,Acme,120\nb,Beta,9\n")
    (folder / "profiles.jsonl").write_text("\n".join(map(json.dumps, people)))
    (folder / "study.yaml").write_text(
        "filters: {terms: {ml: [machine learning]}, rules: {filter_ml: {all_of: [ml]}}}\n"
        f"annotators:\n- {{name: filter_ml, kind: filter}}\n{config}"
    )
    return folder


def _diagnosed(folder: Path) -> Diagnosis:
    return diagnose(load_study(folder), environment={})


def _shown(found: Diagnosis) -> str:
    return "\n".join(line.plain for line in diagnosis_lines(found))


def test_a_study_of_labels(tmp_path: Path) -> None:
    found = _diagnosed(_study(tmp_path))
    assert found.would_run
    assert found.companies == "2: 1 with a headcount, 1 with a band of it"
    assert found.rated == "40 experts and 40 others"
    assert [(form.path, form.format, form.records) for form in found.files] == [
        ("companies.csv", "CSV", 2),
        ("validation.csv", "CSV", 80),
        ("profile_labels.csv", "CSV", 6),
    ]
    assert found.people is not None
    assert found.people.at_companies.to_dict() == {"acme": 4}
    assert [(each.annotator, each.kind) for each in found.labels] == [
        ("filter_a", "filter"),
        ("llm_x", "llm"),
    ]
    assert "75% of the profiles" in found.labels[1].source
    assert ["2 profiles of company 'acne'" in line for line in found.joins] == [True]
    assert "likeliest match 'acme'" in found.joins[0]
    assert found.supports == (
        "from profiles: 1 company",
        "from counts alone: 0",
        "none: 1",
    )
    assert _shown(found).splitlines()[0].startswith("Files      companies.csv: CSV, 2 records")


def test_forms_of_files_are_told(tmp_path: Path) -> None:
    table = "sep=;\r\ncompany_id;name;headcount;remark\r\ncafé;Café;5.000;x\r\n"
    found = _diagnosed(_study(tmp_path, companies__csv=table.encode("cp1252")))
    form = found.files[0]
    assert (form.encoding, form.delimiter, form.header_line) == ("Windows-1252", ";", 2)
    assert form.fields_unused == ("remark",)
    shown = _shown(found)
    assert "Windows-1252, separated by semicolons, header in line 2" in shown
    assert "not used: remark" in shown
    assert "companies.csv, headcount: '.' is read as a separator of thousands: 5.000" in shown


def test_all_problems_are_told_and_not_the_first_alone(tmp_path: Path) -> None:
    rated = _RATED.replace("is_expert", "expert")
    found = _diagnosed(
        _study(tmp_path, companies__csv="id,employees\na,1\n", validation__csv=rated)
    )
    assert not found.would_run
    assert len(found.problems) >= 2
    assert any("'company_id'" in problem for problem in found.problems)
    assert any("'is_expert'" in problem for problem in found.problems)


def test_swapped_labels_are_foreseen(tmp_path: Path) -> None:
    rated = "is_expert,llm_x,filter_a\n" + "1,0,1\n0,1,0\n" * 40
    found = _diagnosed(_study(tmp_path, validation__csv=rated))
    assert ["llm_x accepts rated experts no more often" in p for p in found.problems] == [True]


def test_raw_profiles(tmp_path: Path) -> None:
    people: list[dict[str, object]] = [
        {"linkedin_id": f"p{n}", "current_company": {"company_id": "acme"}, "about": "deep nets"}
        for n in range(5)
    ]
    people += [
        {"linkedin_id": "q", "current_company": {"name": "Acme"}, "about": "sales"},
        {"linkedin_id": "r", "current_company": {"company_id": "acne"}, "about": "x"},
        {"linkedin_id": "s", "about": "between jobs"},
        {"linkedin_id": "t", "current_company": {"company_id": "acme", "name": "Acme"}},
    ]
    found = _diagnosed(_raw(tmp_path, people))
    assert found.would_run, found.problems
    who = found.people
    assert who is not None
    assert (who.records, who.people, who.is_part) == (9, 9, False)
    assert (who.by_id, who.by_name) == (7, 1)
    assert who.at_companies.to_dict() == {"acme": 7}
    assert who.with_content == 6
    assert any("acne" in line and "likeliest match 'acme'" in line for line in found.joins)
    assert "Bright Data" in found.files[2].vendor
    assert [each.source for each in found.labels] == ["its keyword rule"]
    assert "8 with an employer (7 known by id, 1 by name)" in _shown(found)


def test_of_many_profiles_a_sample_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_look, "_MOST_RECORDS", 60)
    people: list[dict[str, object]] = [
        {"linkedin_id": f"p{n}", "current_company": "Acme", "about": "x"} for n in range(100)
    ]
    found = _diagnosed(_raw(tmp_path, people))
    assert found.people is not None
    assert (found.people.records, found.people.is_part) == (60, True)
    assert found.files[2].records is None
    shown = _shown(found)
    assert "60 in 60 records that were looked at" in shown
    assert "from profiles: at least 1 company" in shown


def test_a_large_file_is_looked_at_in_several_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_look, "_MOST_RECORDS", 80)
    monkeypatch.setattr(profile_look, "_FEWEST_AT_PLACE", 10)
    people: list[dict[str, object]] = [
        {"linkedin_id": f"p{n}", "current_company": "Acme" if n < 300 else "Beta", "about": "x"}
        for n in range(400)
    ]
    people[-4]["current_company"] = "Acne"
    people[-4:] *= 2  # the end of the file is a place, too
    found = _diagnosed(_raw(tmp_path, people))
    assert found.people is not None
    assert (found.people.records, found.people.is_part) == (80, True)
    # By size of the file: three quarters and one quarter of the places.
    assert 50 <= found.people.at_companies["acme"] <= 70
    assert 10 <= found.people.at_companies["b"] <= 30


def test_whatever_is_wrong_it_is_one_screen(tmp_path: Path) -> None:
    wide = "," + ",".join(f"column {n}" for n in range(500)) + "\n" + "," * 500 + "\n"
    folder = _study(tmp_path, companies__csv=wide, validation__csv=wide, profile_labels__csv=wide)
    _one_screen(_diagnosed(folder))
    people = [{"linkedin_id": f"p{n}", "current_company": f"Firm {n}"} for n in range(50)]
    people += [
        {"linkedin_id": f"q{n}", "current_company": "Acme", f"f{n}": "a b c"} for n in range(50)
    ]
    raw = tmp_path / "raw"
    raw.mkdir()
    _raw(raw, people)
    (raw / "profiles").mkdir()
    (raw / "profiles.jsonl").rename(raw / "profiles" / "a.jsonl")
    for n in range(50):
        (raw / "profiles" / f"{n}.csv").write_bytes(b"PK\x03\x04")
    _one_screen(_diagnosed(raw))


def _one_screen(found: Diagnosis) -> None:
    lines = _shown(found).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) < 1000


def test_profiles_without_content_are_a_warning(tmp_path: Path) -> None:
    people: list[dict[str, object]] = [
        {"linkedin_id": f"p{n}", "current_company": {"name": "Acme"}, "about": "***"}
        for n in range(9)
    ]
    people.append({"linkedin_id": "q", "current_company": {"name": "Acme"}, "about": "nets"})
    found = _diagnosed(_raw(tmp_path, people))
    assert ["9 of 10 profiles say nothing" in each for each in found.warnings] == [True]


def test_of_a_large_file_of_labels_the_beginning_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "_LARGEST_LABELS", 10)
    monkeypatch.setattr(diagnosis, "_LOOKED_AT_LINES", 4)
    found = _diagnosed(_study(tmp_path))
    assert found.people is not None
    assert (found.people.people, found.people.is_part) == (3, True)
    assert found.files[2].path == "profile_labels.csv"
    assert found.files[2].records is None


def test_batch_results_and_services(tmp_path: Path) -> None:
    people: list[dict[str, object]] = [
        {"linkedin_id": f"p{n}", "current_company": "Acme", "about": "x"} for n in range(3)
    ]
    config = (
        "- {name: llm_a, kind: llm}\n"
        "- {name: llm_b, kind: llm, model: m, endpoint: https://x.test/v1,"
        " api_key_env: NOT_SET, price_per_million: {input: 0, output: 0}}\n"
    )
    folder = _raw(tmp_path, people, config) / "labels" / "llm_a"
    folder.mkdir(parents=True)
    results = [{"linkedin_id": each, "evaluation": "ACCEPT"} for each in ("p0", "p1", "p77", "c1")]
    (folder / "1.jsonl").write_text(json.dumps({"results": results}))
    found = _diagnosed(tmp_path)
    assert [(each.annotator, each.source) for each in found.labels[1:]] == [
        ("llm_b", "to be asked: m (label-cost tells the price)"),
        ("llm_a", "results of batch jobs: 4 verdicts, 0 without one"),
    ]
    assert any("of 4 ids 1 is of no profile" in line for line in found.joins)
    assert any("NOT_SET is not set" in problem for problem in found.problems)


@pytest.mark.parametrize(
    ("ids", "whom"), [(("q0", "q1"), "profile_id"), (("p0",), "rated_id"), (("p0", "c1"), "")]
)
def test_results_of_nobody_are_a_problem(tmp_path: Path, ids: tuple[str, ...], whom: str) -> None:
    people: list[dict[str, object]] = [
        {"linkedin_id": "p0", "current_company": "Acme", "about": "x"}
    ]
    folder = _raw(tmp_path, people, "- {name: llm_a, kind: llm}\n") / "labels" / "llm_a"
    folder.mkdir(parents=True)
    results = [{"linkedin_id": each, "evaluation": "ACCEPT"} for each in ids]
    (folder / "1.jsonl").write_text(json.dumps({"results": results}))
    told = [each for each in _diagnosed(tmp_path).problems if "ids that are wanted" in each]
    assert [f"({whom})" in each for each in told] == ([True] if whom else [])


def test_the_exit_status_says_whether_a_run_would_do(tmp_path: Path) -> None:
    good = _study(tmp_path)
    result = CliRunner().invoke(main, ["doctor", "--study", str(good)])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("A run would do")
    (good / "validation.csv").write_text(_RATED.replace("0.5", "").replace(",1,", ",0,"))
    result = CliRunner().invoke(main, ["doctor", "--study", str(good)])
    assert result.exit_code == 2
    assert "Problem" in result.output
    missing = CliRunner().invoke(main, ["doctor", "--study", str(tmp_path / "nowhere")])
    assert missing.exit_code == 2


def test_nobody_is_named(tmp_path: Path) -> None:
    people: list[dict[str, object]] = [
        {"linkedin_id": "p1", "name": "Jane Doe", "current_company": "Acme", "about": "secret"},
        {"linkedin_id": "p2", "name": "Jane Doe", "current_company": "Jane Doe Ltd"},
    ]
    shown = _shown(_diagnosed(_raw(tmp_path, people)))
    assert "Jane" not in shown
    assert "secret" not in shown


def test_fields_that_decide_are_used(tmp_path: Path) -> None:
    person = {"current_company": {"company_id": "acme"}, "about": "x", "deleted": 0, "remark": "y"}
    people = [{"linkedin_id": f"p{n}", "seen_on": "2025-06-01", **person} for n in range(3)]
    config = "files: {profiles: {path: profiles.jsonl, columns: {snapshot: seen_on}}}"
    (_, _, form) = _diagnosed(_raw(tmp_path, people, config)).files
    assert set(form.fields_used) == {
        *("linkedin_id", "seen_on", "current_company", "about", "deleted")
    }
    assert form.fields_unused == ("remark",)


def test_rows_with_the_same_fault_are_named(tmp_path: Path) -> None:
    companies = "company_id,headcount\nacme,120\n" + "".join(f"c{n},many\n" for n in range(5))
    found = _diagnosed(_study(tmp_path, companies__csv=companies))
    assert any(
        note.startswith("companies.csv, lines 3, 4, 5 and 2 more, headcount: the text there is no")
        for note in found.notes
    )


def test_after_a_problem_nothing_is_said_that_rests_on_it(tmp_path: Path) -> None:
    rated = _RATED.replace("is_expert", "expert")
    found = _diagnosed(_study(tmp_path, validation__csv=rated))
    assert len(found.problems) == 1
    assert found.supports == ()
    assert not any("no annotator" in note for note in found.notes)
    assert all(not form.fields_unused for form in found.files)
    assert "none:" not in _shown(found)


@pytest.mark.parametrize(
    ("estimator", "counted"),
    [("hierarchical", ("2 companies", "3", "1")), ("five_layer", ("1 company", "3", "2"))],
)
def test_estimates_are_told_by_the_rule_of_the_estimator(
    tmp_path: Path, estimator: str, counted: tuple[str, str, str]
) -> None:
    companies = (
        "company_id,headcount,filter_a_hits,llm_x_accepted,llm_x_labelled\n"
        "seen,10,,,\nfew,1000,7,,\nhits,50,3,,\nasked,50,,2,20\nunsized,,3,,\nmore,60,1,,\n"
    )
    labels = "company_id,llm_x,filter_a\n" + "seen,1,0\n" * 8 + "few,1,0\nhits,,\n"
    config = f"estimators: [{estimator}]\n"
    files = {"companies__csv": companies, "profile_labels__csv": labels, "study__yaml": config}
    found = _diagnosed(_study(tmp_path, **files))
    assert not found.problems
    told = [each.partition(": ")[2] for each in found.supports]
    assert tuple(told) == counted


def test_fields_of_later_records_are_told(tmp_path: Path) -> None:
    person = {"current_company": {"company_id": "acme"}, "position": "x"}
    people = [{"linkedin_id": f"p{n}", **person} for n in range(150)]
    people[-1] |= {"summary": "machine learning", "remark": "y"}
    (_, _, form) = _diagnosed(_raw(tmp_path, people)).files
    assert form.path == "profiles.jsonl"
    assert "summary" in form.fields_used
    assert "remark" in form.fields_unused
