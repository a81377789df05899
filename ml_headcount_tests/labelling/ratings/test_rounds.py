"""What a rater is shown, and what of a list cannot be."""

import stat

import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.labelling.ratings.blinding import blinded
from ml_headcount_assets.labelling.ratings.criteria import read_criteria
from ml_headcount_assets.labelling.ratings.rounds import read_round, share_of, write_list
from ml_headcount_assets.labelling.ratings.sitting import Sitting
from ml_headcount_assets.warehouse.ratings import RatingStore
from ml_headcount_assets.warehouse.store import TableStore

from .conftest import TEXT


def test_nobody_and_no_employer_is_named():
    shown = blinded(TEXT, ["Acme Robotics Inc.", "Acme Robotics", "acme"], "jane-doe-84b2")
    assert shown == (
        "Engineer | =HYPERLINK(1)\n|\nAs [name] I built nets for [employer] in 2020, see [address]"
        " or [address]"
    )
    assert blinded("Jane builds acme nets", ["Acme"], "person-17") == "Jane builds acme nets"


def test_a_round_is_shown_in_an_order_of_chance_and_says_what_it_leaves_out(warehouse, listed):
    subjects, rejects = read_round(listed, TableStore(warehouse))
    again, _ = read_round(listed, TableStore(warehouse))
    assert subjects == again
    ids = [each.profile_id for each in subjects]
    assert sorted(ids) == ["jane-doe-84b2", "p1", "p2", "p3", "p4"]
    assert ids != sorted(ids)
    assert not any("Doe" in each.text or "Acme" in each.text for each in subjects)
    found = rejects[["line", "field"]].to_numpy().tolist()
    assert found == [[7, "profile_id"], [8, "(row)"], [9, "profile_id"], [10, "company_id"]]
    assert [each.profile_id for each in share_of(subjects, 0.4)] == ids[:2]


def test_a_list_of_nobody_is_refused_with_the_reason(warehouse, tmp_path):
    path = tmp_path / "round.csv"
    path.write_text("company_id,profile_id\nacme,nobody\n")
    with pytest.raises(InputError, match="no profile of this id"):
        read_round(path, TableStore(warehouse))
    path.write_text("company,profile_id\nacme,p1\n")
    with pytest.raises(InputError, match="there is no column 'company_id'"):
        read_round(path, TableStore(warehouse))


def test_a_sitting_goes_on_where_it_ended(warehouse, listed, tmp_path):
    subjects, _ = read_round(listed, TableStore(warehouse))
    with RatingStore(warehouse) as store:
        sitting = Sitting(subjects, "ann", read_criteria(), store)
        sitting.rate(1, "yes", [])
        sitting.rate(1, "no", [])  # the key was pressed twice
        sitting.rate(2, "no", [])
    with RatingStore(warehouse) as store:
        sitting = Sitting(subjects, "ann", read_criteria(), store)
        assert (sitting.state()["done"], sitting.state()["number"]) == (2, 3)
        sitting.undo()
        assert sitting.state()["number"] == 2
        assert [each.verdict for each in store.of_rater("ann")] == ["yes"]
        store.import_drafts()
        assert not Sitting(subjects, "ann", read_criteria(), store).state()["can_undo"]
        assert Sitting(subjects, "bob", read_criteria(), store).state()["done"] == 0
        newer = [each._replace(text_hash="older") for each in store.of_rater("ann")]
        store.add(newer, imported=True)
        assert Sitting(subjects, "ann", read_criteria(), store).state()["done"] == 0
        with pytest.raises(InputError, match="yes, no, unsure"):
            sitting.rate(2, "perhaps", [])
        with pytest.raises(InputError, match="none of the criteria"):
            sitting.rate(2, "yes", ["made up"])


def test_lists_are_their_owners(warehouse, listed, tmp_path):
    import pandas as pd

    row = {"company": "acme", "company_id": "acme", "profile_id": "p1", "why": "raters disagree"}
    write_list(pd.DataFrame([row]), tmp_path / "third.csv")
    assert stat.S_IMODE((tmp_path / "third.csv").stat().st_mode) == 0o600
    subjects, rejects = read_round(tmp_path / "third.csv", TableStore(warehouse))
    assert [each.profile_id for each in subjects] == ["p1"]
    assert rejects.empty


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("question: q\naccept: a\notherwise: o\ncriteria: [x, x]", "listed twice"),
        ("question: q\naccept: a", "otherwise: Field required"),
        ("question: [", "cannot be read as YAML"),
        ("a: b", "question"),
    ],
)
def test_criteria_that_are_none_are_refused(tmp_path, content, told):
    path = tmp_path / "criteria.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=told):
        read_criteria(path)
