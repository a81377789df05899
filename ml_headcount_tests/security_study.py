"""A small study of raw profiles in a field that the published filters know nothing of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ml_headcount_tests.text.keywords.worlds import planted_cvs

__all__ = ["COMPANIES", "CONFIG", "write_security_study"]

COMPANIES = ("acme", "bits", "core", "dusk")

#: As a person writes it: with comments, quotes and a layout of its own.
CONFIG = """\
# Security experts of four companies.
name: security
annotators:
  - {name: llm_a, kind: llm}      # asked by batch job
  # Our own first guess.
  - {name: filter_net, kind: filter}

# One list for now.
filters:
  terms:
    net: ["network", browser]
  rules:
    filter_net: {all_of: [net]}

estimators: [five_layer]  # quick
draws: 60
keywords:
  folds: 3
"""


def write_security_study(directory: Path, config: str | None = CONFIG, *, seed: int = 0) -> Path:
    """Write the study: 45 experts and 75 others are rated, 240 profiles have one in four."""
    rng = np.random.default_rng(seed)
    directory.mkdir(parents=True)
    (directory / "companies.csv").write_text(
        "company_id,headcount\n" + "".join(f"{name},100\n" for name in COMPANIES)
    )
    rated = planted_cvs(45, 75, seed=seed)
    deployed = planted_cvs(60, 180, seed=seed + 1)
    rated["llm_a"] = _told(rated["is_expert"].to_numpy(), rng)
    _write_lines(directory / "validation.jsonl", rated.to_dict("records"))
    profiles = [
        {"linkedin_id": f"p{number}", "text": text, "current_company": {"company_id": company}}
        for number, (text, company) in enumerate(
            zip(deployed["text"], rng.choice(COMPANIES[:3], len(deployed)), strict=True)
        )
    ]
    _write_lines(directory / "profiles" / "all.jsonl", profiles)
    verdicts = np.where(_told(deployed["is_expert"].to_numpy(), rng), "ACCEPT", "REJECT")
    answers = [
        {"linkedin_id": f"p{number}", "evaluation": str(verdict)}
        for number, verdict in enumerate(verdicts)
    ]
    _write_lines(directory / "labels" / "llm_a" / "batch.jsonl", [{"results": answers}])
    if config is not None:
        (directory / "study.yaml").write_text(config)
    return directory


def _told(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what somebody says who is wrong about one in five."""
    return np.where(rng.random(len(truth)) < 0.2, 1 - truth, truth)


def _write_lines(path: Path, records: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
