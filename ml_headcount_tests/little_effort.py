"""The least work of the sampler that still finds the posterior's neighbourhood.

For tests of everything around a fit: what reaches it, what is made of it. Tests of the numbers
themselves ask for more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ml_headcount_assets.model.effort import Effort
from ml_headcount_assets.study.study import EffortEntry

__all__ = ["AS_SETTING", "LITTLE", "ask_for_little"]

LITTLE = Effort(look=5, search=15, particles=40, chains=8, warmup=3, kept=4, leaps=3, rounds=1)
#: What of it a study can ask for.
AS_SETTING: dict[str, Any] = {name: getattr(LITTLE, name) for name in EffortEntry.model_fields}


def ask_for_little(study: Path) -> None:
    """Write it into a study's settings, unless these name an effort already."""
    config = study / "study.yaml"
    content = (yaml.safe_load(config.read_text()) if config.is_file() else None) or {}
    content.setdefault("effort", AS_SETTING)
    config.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
