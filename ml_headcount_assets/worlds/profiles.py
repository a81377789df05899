"""Plausible text for simulated people, which says just what their labels say.

A text is put together from ready-made paragraphs. Which keywords it has follows from the labels
of the keyword filters, so that the published filters, applied to the text, return these labels
exactly. What it says about the person's work follows from the labels of the LLMs. People have
ids and no names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import yaml

from .label_model import FILTERS, LLMS

__all__ = ["phrases", "simulated_cvs"]

#: Which lists of keywords a text may draw on, by what the two filters say of it.
_KEYWORDS: Mapping[tuple[int, int], Sequence[Sequence[str]]] = {
    (1, 1): [("machine_learning", "research")],
    (1, 0): [("machine_learning", "research", "business")],
    (0, 1): [("machine_learning",)],
    (0, 0): [
        *[()] * 6,
        *[("business",)] * 3,
        ("research",),
        ("research", "business"),
        ("machine_learning", "business"),
    ],
}
#: Share of those whom no LLM accepts who at least use models.
_APPLIED = 0.3

_PARAGRAPHS, _VARIANTS, _ENDINGS = 3_000, 300, 500
_SENTENCES = (6, 8)
_POSTS = (3, 6)
_YEARS_PER_POST = 3
_THIS_YEAR = 2025


@cache
def phrases() -> Mapping[str, Any]:
    """Return the phrases that texts are made of, as phrases.yaml has them."""
    text = (resources.files(__package__) / "phrases.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def simulated_cvs(
    labels: pd.DataFrame, employers: Sequence[str], rng: np.random.Generator
) -> Iterator[str]:
    """Write a CV for each row of labels.

    Parameters
    ----------
    labels
        A column per drawn annotator: the two filters (0 or 1) and the LLMs (0, 1 or missing).
    employers
        For each row the JSON members that name the company of the current post.
    rng
        Source of all that the labels leave open.

    Yields
    ------
    str
        JSON members, without braces: position, about, experience, education, certifications.
    """
    posts = rng.integers(_POSTS[0], _POSTS[1] + 1, len(labels))
    # Person p's parts, about and one a post, stand at first[p] to first[p + 1].
    first = np.concatenate([[0], np.cumsum(posts + 1)])
    parts = _pick(_paragraphs(rng), int(first[-1]), rng)
    person, sentences = _telling_sentences(labels, rng)
    places = first[person] + rng.integers(posts[person] + 1)
    for place, sentence in zip(places.tolist(), sentences, strict=True):
        parts[place] += " " + sentence
    titles = _pick([_escaped(title) for title in phrases()["titles"]], len(parts), rng)
    endings = _pick(_endings(rng), len(labels), rng)
    bounds = first.tolist()
    for row, (employer, ending) in enumerate(zip(employers, endings, strict=True)):
        start, stop = bounds[row], bounds[row + 1]
        jobs = map(_POST_FORMS.__getitem__, range(stop - start - 1))
        told = zip(jobs, titles[start + 1 : stop], parts[start + 1 : stop], strict=True)
        experience = ",".join([form % (title, part) for form, title, part in told])
        yield (
            f'"position":"{titles[start + 1]}","about":"{parts[start]}",'
            f'"experience":[{{{employer},{experience}],{ending}'
        )


def _post_forms() -> list[str]:
    """Return JSON of the posts, the current one first, to be filled with title and description.

    The employer of the current post is put before the rest of it.
    """
    forms = []
    for post in range(_POSTS[1]):
        start = _THIS_YEAR - _YEARS_PER_POST * (post + 1)
        told = f'"title":"%s","description":"%s","start_date":"{start}"'
        end = f'"end_date":"{start + _YEARS_PER_POST}"'
        forms.append(f'{{"company":"Former employer",{told},{end}}}' if post else f"{told}}}")
    return forms


_POST_FORMS = _post_forms()


def _telling_sentences(
    labels: pd.DataFrame, rng: np.random.Generator
) -> tuple[np.ndarray, list[str]]:
    """Return the sentences that make the labels true, and the person each is about."""
    first, second = (labels[name].to_numpy(dtype=np.int8) for name in FILTERS)
    accepts = sum(labels[name].fillna(0).to_numpy(dtype=np.int8) for name in LLMS)
    uses = (accepts == 0) & (rng.random(len(labels)) < _APPLIED)
    people, kinds = [np.repeat(np.arange(len(labels)), accepts), np.flatnonzero(uses)], []
    kinds = [["creating"] * len(people[0]), ["applied"] * len(people[1])]
    for verdict, options in _KEYWORDS.items():
        members = np.flatnonzero((first == verdict[0]) & (second == verdict[1]))
        option = rng.integers(len(options), size=len(members))
        for number, lists in enumerate(options):
            for kind in lists:
                people.append(members[option == number])
                kinds.append([kind] * len(people[-1]))
    pools = {kind: _variants(kind, rng) for kind in ("creating", "applied", *phrases()["keywords"])}
    choice = rng.integers(_VARIANTS, size=sum(map(len, people))).tolist()
    named = [kind for each in kinds for kind in each]
    sentences = [pools[kind][number] for kind, number in zip(named, choice, strict=True)]
    return np.concatenate(people), sentences


def _variants(kind: str, rng: np.random.Generator) -> list[str]:
    """Return ready-made sentences of a kind, or with keywords of that list."""
    bank = phrases()
    templates = bank["keywords"].get(kind) or bank[kind]
    return [_escaped(_filled(template, rng)) for template in _pick(templates, _VARIANTS, rng)]


def _paragraphs(rng: np.random.Generator) -> list[str]:
    paragraphs = []
    for length in rng.integers(_SENTENCES[0], _SENTENCES[1] + 1, _PARAGRAPHS):
        chosen = _pick(phrases()["everyday"], length, rng)
        paragraphs.append(_escaped(" ".join(_filled(template, rng) for template in chosen)))
    return paragraphs


def _filled(template: str, rng: np.random.Generator) -> str:
    return re.sub(r"\{(\w+)\}", lambda slot: rng.choice(phrases()[slot[1]]), template)


def _endings(rng: np.random.Generator) -> list[str]:
    """Return JSON members with education and certifications."""
    bank = phrases()
    endings = []
    for _ in range(_ENDINGS):
        school, degree, subject = (rng.choice(bank[k]) for k in ("schools", "degrees", "fields"))
        courses = rng.choice(bank["courses"], size=rng.integers(3), replace=False)
        members = {
            "education": [{"title": school, "degree": degree, "field": subject}],
            "certifications": [{"title": course} for course in courses],
        }
        endings.append(json.dumps(members, ensure_ascii=False)[1:-1])
    return endings


def _pick(pool: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    return [pool[number] for number in rng.integers(len(pool), size=count).tolist()]


def _escaped(text: str) -> str:
    """Return the inside of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
