"""Verdicts are kept as they are given, and set aside when what they are about has changed."""

import stat

import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.warehouse.beside import ratings_path
from ml_headcount_assets.warehouse.ratings import (
    RatingStore,
    SheetRow,
    Verdict,
    imported_verdicts,
    ratings_version,
    with_standing,
)
from ml_headcount_assets.warehouse.schemas import TABLES

GIVEN = Verdict("ann", "acme", "p1", "yes", ("own method", "trains"), "hash-1", "2026-01-01")


def test_drafts_count_once_they_are_imported(tmp_path):
    with RatingStore(tmp_path) as store:
        store.add([GIVEN], imported=False)
        assert store.of_rater("ann") == [GIVEN]
        assert store.imported() == []
        assert ratings_version(tmp_path) == {}
        store.add([GIVEN._replace(verdict="no")], imported=False)
        assert store.drafts() == 1
        assert store.import_drafts() == 1
    assert imported_verdicts(tmp_path) == [GIVEN._replace(verdict="no")]
    assert ratings_version(tmp_path)
    assert stat.S_IMODE(ratings_path(tmp_path).stat().st_mode) == 0o600


def test_what_is_taken_back_or_forgotten_is_gone_from_the_file(tmp_path):
    with RatingStore(tmp_path) as store:
        store.add([GIVEN, GIVEN._replace(profile_id="zz-marked")], imported=True)
        store.take_back("ann", "acme", "p1")
        assert store.ids() == ["zz-marked"]
        store.remember_sheet([SheetRow("k1", "acme", "zz-marked-too", "hash-2")])
        assert store.sheet_rows(["k1", "k2"])["k1"].profile_id == "zz-marked-too"
        assert set(store.ids()) == {"zz-marked", "zz-marked-too"}
        assert store.forget(store.ids()) == 1
        assert store.sheet_rows(["k1"]) == {}
    assert b"zz-marked" not in ratings_path(tmp_path).read_bytes()


def test_nobody_has_rated_and_no_file_is_made(tmp_path):
    assert imported_verdicts(tmp_path) == []
    assert not ratings_path(tmp_path).exists()


def test_another_file_is_refused(tmp_path):
    ratings_path(tmp_path).write_text("not SQLite, and long enough to be read as a header" * 40)
    with pytest.raises(InputError, match="verdicts"), RatingStore(tmp_path):
        pass


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({}, "counts"),
        ({"verdict": "unsure"}, "unsure"),
        ({"text_hash": "older"}, "text has changed"),
        ({"text_hash": ""}, "counts"),  # rated elsewhere, by another text or a CV
        ({"profile_id": "p9"}, "profile is gone"),
    ],
)
def test_standing_of_a_verdict(change, standing):
    today = pd.DataFrame(
        [("acme", "Acme", "p1", "hash-1")],
        columns=["company", "company_id", "profile_id", "text_hash"],
    )
    rows = TABLES["rated_profiles"].validate(with_standing([GIVEN._replace(**change)], today))
    assert rows["standing"].tolist() == [standing]
    assert rows["company_id"].tolist() == ["Acme"]
