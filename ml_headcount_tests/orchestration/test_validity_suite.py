"""The validity suite as an asset: what a study asks for, world by world, and no more than once."""

from __future__ import annotations

import yaml

from ml_headcount_assets.orchestration.on_request import LEFT
from ml_headcount_assets.warehouse.beside import suite_path
from ml_headcount_assets.warehouse.store import TableStore

from .test_on_request import materialize

LITTLE = {
    "scenarios": ["matched"],
    "methods": ["oracle", "five_layer"],
    "worlds": 1,
    "companies": 20,
    "profiles": 400,
    "draws": 50,
}


def ask_for(place, **choices) -> None:
    config = place.directory / "study.yaml"
    content = (yaml.safe_load(config.read_text()) if config.is_file() else None) or {}
    config.write_text(yaml.safe_dump(content | {"validity": LITTLE | choices}))


def test_scores_are_made_on_request_and_go_on_where_they_were(place):
    ask_for(place)
    told = materialize(place, ["validity_scores"])["validity_scores"]
    assert LEFT not in told
    scores = TableStore(place.warehouse).read("validity_scores").set_index("method")
    assert set(scores.index) == {"oracle", "five_layer"}
    assert scores.loc["oracle", "to_oracle"] == 1.0
    assert scores["worlds"].tolist() == [1, 1]
    before = suite_path(place.warehouse).read_text()
    # A second world is added to the first, which is not simulated again.
    ask_for(place, worlds=2)
    materialize(place, ["validity_scores"])
    after = suite_path(place.warehouse).read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == 2 * len(before.splitlines()) == 4
    assert TableStore(place.warehouse).read("validity_scores")["worlds"].tolist() == [2, 2]
