"""The stated rule by which answers of batch jobs are read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.text.llm.missing import Missing
from ml_headcount_assets.text.llm.verdicts import read_verdict


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        *(("ACCEPT", 1), ("REJECT", 0), (" accept ", 1), ("ACCEPTED", 1), ("Rejected.", 0)),
        *(("**ACCEPT**", 1), ("_reject_", 0), ("`ACCEPT`", 1), ("## REJECT", 0), ("- ACCEPT", 1)),
        *(("Yes.", 1), ("no", 0), ("TRUE", 1), ("false", 0), ("1", 1), ("0", 0), ('"ACCEPT"', 1)),
        ('{"verdict": "ACCEPT"}', 1),
        ('{"request_id": "x", "verdict": "REJECT"}', 0),
        ('```json\n{"verdict": "REJECT", "reason": "ACCEPT"}\n```', 0),
        ("```\nACCEPT\n```", 1),
        ('{"is_expert": true, "confidence": 0.2}', 1),
        ('{"label": 0}', 0),
        ('[{"decision": "yes"}]', 1),
        ('{"output": {"evaluation": "REJECT"}}', 0),
        ("ACCEPT: the profile describes own work.", 1),
        ("No, the profile describes MLOps.", 0),
        ("Reasoning about it.\n\n**ACCEPT**", 1),
        ("Final verdict: REJECT", 0),
        ("Verdict: **ACCEPT**\nReason: designs architectures", 1),
        ("Label: 1", 1),
        ("**Verdict:** ACCEPT", 1),
        ("The profile is strong.\n\n**Final verdict**: **REJECT**", 0),
        ("No, this person sells houses.", 0),
        ("<think>\nFirst look:\nACCEPT\nbut no.\n</think>\n\nREJECT: he sells houses", 0),
        ("Hm.\nACCEPT\n</think>\nREJECT", 0),
        *(
            ("accept\u200b", 1),
            ("ＲＥＪＥＣＴ", 0),
            ("ACCEPT ✅", 1),
            ("<b>REJECT</b>", 0),
        ),
        ("{'verdict': 'ACCEPT', 'sure': True}", 1),
        *((1, 1), (0, 0), (True, 1), (False, 0), (1.0, 1), ({"verdict": "no"}, 0)),
    ],
)
def test_verdicts(answer: Any, label: int) -> None:
    assert read_verdict(answer) == label


@pytest.mark.parametrize(
    "answer",
    [
        *("✅", "<a>ACCEPT</b>", "{'verdict': 'ACCEPT' * 9}", "{'reason': 'ACCEPT'}"),
        *("maybe", "I cannot accept this", "not accepted", "ACCEPT or REJECT", "ACCEPT\nREJECT"),
        *("No evidence of machine learning", "-1", "2", "10", "1. designs models\n2. trains them"),
        *("The text says ACCEPT", '{"verdict": "ACCEPT" "x"}', '{"verdict": null}', "[]", "{}"),
        *("No, I cannot evaluate real people.", "No - insufficient information."),
        *("ACCEPT: no\nREJECT: yes", "ACCEPT: 0\nREJECT: 1", "<think>\nACCEPT"),
        *('{"reason": "ACCEPT"}', '{"label": 0.7}', "acceptable", "“"),
        *(2, None, ["ACCEPT"], 0.5, {}, float("nan")),
    ],
)
def test_no_verdicts(answer: Any) -> None:
    assert read_verdict(answer) is Missing.NO_VERDICT


@pytest.mark.parametrize("answer", ["", " \n"])
def test_an_empty_answer_is_called_empty(answer: str) -> None:
    assert read_verdict(answer) is Missing.EMPTY


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_anything_is_a_label_or_a_reason(answer: Any) -> None:
    assert read_verdict(answer) in (0, 1, Missing.NO_VERDICT, Missing.EMPTY)
