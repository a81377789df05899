"""Adding to YAML that a person has written: all of theirs stays, and nothing else is meant."""

import pytest
import yaml

from ml_headcount_assets.study.yaml_insertion import insert

WRITTEN = """\
# My study.
name: "my study"   # quoted on purpose

annotators:
  # the first one
  - {name: a, kind: llm}
  - name: b        # in a block
    kind: filter

# What fires.
filters:
    terms:
        ml: [ML, "deep learning"]  # short
    rules: {f: {all_of: [ml]}}

draws: 100
"""
ITEM = {"name": "new", "kind": "filter"}


def test_lines_are_only_added():
    additions = [
        (("annotators",), [ITEM]),
        (("filters", "terms"), {"new_yes": ["no", "a: b", "naïve bayes"]}),
        (("filters", "rules"), {"new": {"all_of": ["new_yes"]}}),
        ((), {"seed": 3}),
    ]
    text = insert(WRITTEN, additions)
    assert [line for line in WRITTEN.splitlines() if line not in text.splitlines()] == [
        "    rules: {f: {all_of: [ml]}}"
    ]
    assert "    kind: filter\n  - {name: new, kind: filter}\n\n# What fires." in text
    assert "# short\n        new_yes:\n        - 'no'\n" in text
    assert "rules: {f: {all_of: [ml]}, new: {all_of: [new_yes]}}" in text
    assert text.endswith("draws: 100\nseed: 3\n")
    content = yaml.safe_load(text)
    assert content["annotators"][-1] == ITEM
    assert content["filters"]["terms"]["new_yes"] == ["no", "a: b", "naïve bayes"]


@pytest.mark.parametrize(
    ("text", "path", "addition", "expected"),
    [
        ("", (), {"a": 1}, "a: 1\n"),
        ("# only a comment", (), {"a": 1}, "# only a comment\na: 1\n"),
        ("{a: 1}", (), {"b": 2}, "{a: 1, b: 2}"),
        ("a: []\n", ("a",), [1], "a: [1]\n"),
        ("a: [1, 2, ]\n", ("a",), [3], "a: [1, 2,  3]\n"),
        ("a:\n- x\n- y", ("a",), ["z"], "a:\n- x\n- y\n- z\n"),
        ("a:\n-   x\nb: 1\n", ("a",), ["z"], "a:\n-   x\n-   z\nb: 1\n"),
        ("a:\r\n  - x\r\nb: 1\r\n", ("a",), ["z"], "a:\r\n  - x\r\n  - z\r\nb: 1\r\n"),
        ("a: [\n  1,\n  2 # two\n]\n", ("a",), [3], "a: [\n  1,\n  2 # two\n, 3]\n"),
        ("a: {b: [x]}\nc: 1\n", ("a", "b"), ["y"], "a: {b: [x, y]}\nc: 1\n"),
        ("a: |\n  text\nb:\n", (), {"c": "d"}, "a: |\n  text\nb:\nc: d\n"),
        ("a:\n  - b: |\n      text\n\nc: 1\n", ("a",), ["d"], None),
    ],
)
def test_layouts(text, path, addition, expected):
    found = insert(text, [(path, addition)])
    if expected is not None:
        assert found == expected
    place = yaml.safe_load(found)
    for key in path:
        place = place[key]
    if isinstance(addition, dict):
        assert {key: place[key] for key in addition} == addition
    else:
        assert place[-len(addition) :] == addition


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: &x [1]\nb: *x\n", ("b",)),  # adding to the alias would change the other, too
        ("a: 1\n", ("a",)),
        ("a: null\n", ("a",)),
        ("a: [b # , c]\n  ]\nd: 1\n", ("d",)),
    ],
)
def test_what_cannot_be_added_to_is_refused(text, path):
    with pytest.raises(ValueError):  # noqa: PT011
        insert(text, [(path, [2])])
