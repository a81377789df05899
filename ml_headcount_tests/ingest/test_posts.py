"""Whether a post has ended, under every name and in every form of its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.ingest.post_fields import POST_ROLES
from ml_headcount_assets.ingest.posts import State, read_posts

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def _states(entry: dict[str, Any], *, null_is_open: bool = True) -> list[str]:
    entry = {"company": "A", "title": "Eng", **entry}
    found = read_posts([entry], POST_ROLES, NOW, null_is_open=null_is_open)
    return [post.state.value for post in found]


ENDED = [
    *({"end_date": "Mar 2018"}, {"endDate": "2016-05"}, {"ends_at": {"year": 2016, "month": 5}}),
    *({"date_to": "May 2016"}, {"End Date": 2016}, {"finished_on": "2016"}, {"until": "2016"}),
    *({"end_year": 2016, "end_month": 5}, {"date_to_year": 2016}, {"jobEndedOn": "05-2016"}),
    *({"is_current": False}, {"jobStillWorking": "false"}, {"active_experience": 0}),
    *({"deleted": 1, "end_date": None}, {"is_past": True}, {"ended": True}),
    *({"endDate": {"text": "May 2016"}}, {"dateRange": "Jan 2012 - May 2016"}),
    *({"caption": "Jan 2012 - May 2016 · 4 yrs"}, {"period": {"start": "2012", "end": "2016"}}),
    {"timePeriod": {"startDate": {"year": 2012}, "endDate": {"year": 2016}}},
    {"startEndDate": {"start": {"year": 2012}, "end": {"year": 2016}}},
    {"end_date": "2016", "is_current": True},
    {"end_date": "Jan 2012 - May 2016"},
    *({"end_date": "no longer present"}, {"end_date": "Not current"}, {"end_date": "2 years ago"}),
    *({"status": "Former"}, {"left_company": "Y"}, {"fecha_fin": "2016"}, {"end_date": "3/5/16"}),
    *({"duration": "2012-2016"}, {"duration": "2012/04-2016/03"}, {"end_date": [2016, 3]}),
    *({"duration": "Jan 2012 - Mar 2016 (4 yrs)"}, {"duration": "von Jan 2012 bis Mär 2016"}),
    {"duration": "2012年4月 – 2016年3月 4年"},
]
OPEN = [
    *({"end_date": None}, {"ends_at": None}, {"date_to": ""}, {"end_date": "Present"}),
    *({"endDate": {"text": "Present"}}, {"end_date": "至今"}, {"end_date": "Dec 2099"}),
    *({"is_current": True}, {"jobStillWorking": True, "jobEndedOn": None}),
    *({"active_experience": 1}, {"dateRange": "Jan 2020 - Present"}, {"end_year": None}),
    *({"ended": False}, {"timePeriod": {"startDate": {"year": 2012}}}, {"end_date": "null"}),
    {"ends_at": {"day": None, "month": None, "year": None}},
    {"end_date": {"year": 2025, "month": 7}},
    *({"end_date": "31.12.9999"}, {"end_date": "—"}, {"status": "current"}),
    *({"duration": "since 2019"}, {"duration": "2019 –"}, {"end_date": "Actualité"}),
]
UNTOLD = [
    *({}, {"start_date": "2012"}, {"end_date": "*** ****"}, {"end_date": "some time ago"}),
    *({"end_date": "1970-01-01"}, {"end_date": "0001-01-01"}, {"end_date": "1900-01-01"}),
    *({"end_date": {"year": 1970, "month": 1, "day": 1}},),
    *({"duration": "3 years"}, {"gone": "2016-05"}, {"released": {"year": 2016}}),
]


AHEAD = [
    *({"start_date": "2025-07", "end_date": None}, {"dateRange": "Sep 2025 - Present"}),
    *({"starts_at": {"year": 2026}, "ends_at": None}, {"start_date": "2025-06-02"}),
    *({"start_year": 2025, "start_month": 9}, {"start_date": "2025-08", "is_current": True}),
    {"timePeriod": {"startDate": {"year": 2025, "month": 10}}},
    {"start_date": "2025-08", "end_date": "2026-08"},
]
BEGUN = [
    *({"start_date": "2025-06", "end_date": None}, {"start_date": "2025", "end_date": None}),
    *({"start_date": "05/06/2025", "end_date": None}, {"dateRange": "Jun 2025 - Present"}),
]


@pytest.mark.parametrize("entry", ENDED)
def test_ended(entry: dict[str, Any]) -> None:
    assert _states(entry) == ["ended"]


@pytest.mark.parametrize("entry", OPEN)
def test_open(entry: dict[str, Any]) -> None:
    assert _states(entry) == ["open"]


@pytest.mark.parametrize("entry", UNTOLD)
def test_not_told(entry: dict[str, Any]) -> None:
    assert _states(entry) == ["untold"]


@pytest.mark.parametrize("entry", AHEAD)
def test_what_begins_later_does_not_go_on_yet(entry: dict[str, Any]) -> None:
    assert _states(entry) == ["ahead"]


@pytest.mark.parametrize("entry", BEGUN)
def test_what_may_have_begun_goes_on(entry: dict[str, Any]) -> None:
    assert _states(entry) == ["open"]


def test_a_group_that_begins_later_has_no_post_yet() -> None:
    group = {"company": "A", "start_date": "2025-09", "positions": [{"title": "a", "end": None}]}
    (post,) = read_posts([group], POST_ROLES, NOW, null_is_open=True)
    assert (post.state, post.employer) == (State.AHEAD, None)


def test_a_null_means_what_the_vendor_means_by_it() -> None:
    assert _states({"end_date": None}, null_is_open=False) == ["untold"]


def test_a_field_that_may_tell_of_the_end_is_named() -> None:
    (post,) = read_posts([{"company": "A", "gone": "2016"}], POST_ROLES, NOW, null_is_open=True)
    assert (post.state, post.suspect) == (State.UNTOLD, "gone")
    (post,) = read_posts([{"company": "A", "end_date": "?"}], POST_ROLES, NOW, null_is_open=True)
    assert post.suspect == "end_date"
    # Otherwise it would be open in a file that tells of other ends.
    entry = {"company": "A", "duration": "2012 perhaps 2016"}
    (post,) = read_posts([entry], POST_ROLES, NOW, null_is_open=True)
    assert (post.state, post.suspect) == (State.UNTOLD, "duration")


def test_posts_in_a_group_have_its_company() -> None:
    positions = [{"title": "a", "end_date": "2018"}, {"title": "b", "end_date": "Present"}]
    group = {"company": "A", "company_id": "acme", "positions": positions}
    posts = read_posts([group], POST_ROLES, NOW, null_is_open=True)
    assert [post.state.value for post in posts] == ["ended", "open"]
    assert posts[1].employer is not None
    assert posts[1].employer.ids == ("acme",)
    over = read_posts([{**group, "end_date": "2020"}], POST_ROLES, NOW, null_is_open=True)
    assert {post.state for post in over} == {State.ENDED}


def test_entries_may_be_in_an_object() -> None:
    inside = {
        "positionHistory": [{"companyName": "A", "endDate": None}],
        "count": 1,
        "status": "ok",
    }
    assert len(read_posts(inside, POST_ROLES, NOW, null_is_open=True)) == 1
    assert read_posts(["A", 3, None], POST_ROLES, NOW, null_is_open=True) == []
    assert read_posts("A", POST_ROLES, NOW, null_is_open=True) == []


_NAMES = ["end_date", "ends_at", "is_current", "positions", "company", "period", "end_year", "x"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner),
    max_leaves=8,
)


@given(_JSON)
def test_any_json_gives_posts_or_none(value: Any) -> None:
    for post in read_posts(value, POST_ROLES, NOW, null_is_open=True):
        assert isinstance(post.state, State)
