"""Small studies on disk, of which a test spoils one file at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ml_headcount_assets.study import Study, load_study

COMPANIES = """company_id,name,headcount,headquarters,cohort,filter_a_hits
acme,Acme,120,"Paris, France",consulting,7
globex,Globex,40,Japan,consulting,0
"""
VALIDATION = """is_expert,llm_x,filter_a
1,1,1
1,1,0
0,0,1
0,0,0
"""
PROFILE_LABELS = """company_id,filter_a,llm_x
acme,0,1
globex,1,
acme,1,0
"""

MakeStudy = Callable[..., Study]


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Write the three files, or what is given in their place, and load the study."""

    def make(
        companies: str | bytes = COMPANIES,
        validation: str | bytes = VALIDATION,
        profile_labels: str | bytes = PROFILE_LABELS,
        config: str | None = None,
    ) -> Study:
        for name, content in (
            ("companies.csv", companies),
            ("validation.csv", validation),
            ("profile_labels.csv", profile_labels),
            ("study.yaml", config),
        ):
            if content is not None:
                data = content.encode() if isinstance(content, str) else content
                (tmp_path / name).write_bytes(data)
        return load_study(tmp_path)

    return make
