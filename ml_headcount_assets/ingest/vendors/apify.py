"""Apify's common scrapers of LinkedIn profiles, which share most names.

Posts are under `experience` or `experiences`, with `companyName` and the page's address under
`companyLinkedinUrl`, `companyLink1` or the id under `companyId` and `companyUniversalName`. An
end is `endDate`, a text or an object `{month, year, text}` whose text is "Present" while the
post goes on, or `jobEndedOn` beside `jobStillWorking`, or part of a `caption` ("Jan 2020 -
Present"); several posts at one company are in `subComponents`. `companyName` of the record
itself repeats the post that stands first, which may have ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .form import Person, VendorForm

__all__ = ["APIFY"]

_BETWEEN = " · "


@dataclass(frozen=True)
class _Apify(VendorForm):
    """A scraper that shows what a page shows has the employer in a subtitle, with other things."""

    def person(self, record: Mapping[str, Any]) -> Person:
        """Read a record, whatever is in it."""
        posts = record.get("experiences")
        if isinstance(posts, list) and any(
            isinstance(post, dict) and "caption" in post and "companyName" not in post
            for post in posts
        ):
            record = {**record, "experiences": [_named(post) for post in posts]}
        return super().person(record)


def _named(post: Any) -> Any:
    """Return a post with the name of its company in a field of its own."""
    if not isinstance(post, dict) or post.get("companyName"):
        return post
    grouped = bool(post.get("breakdown")) and isinstance(post.get("subComponents"), list)
    shown = post.get("title" if grouped else "subtitle")
    name = shown.split(_BETWEEN)[0].strip() if isinstance(shown, str) else None
    rest = {key: value for key, value in post.items() if key != "subtitle"}
    if grouped:
        rest["title"] = None
        # Of a single post, the part that is shown below it repeats nothing but its description.
    elif isinstance(post.get("subComponents"), list):
        rest["description"] = [
            part.get("description") for part in post["subComponents"] if isinstance(part, dict)
        ]
        del rest["subComponents"]
    return {**rest, "companyName": name}


APIFY = _Apify(
    name="apify",
    title="Apify",
    marked_by=(
        *("publicIdentifier", "linkedinUrl", "linkedinPublicUrl", "currentPosition", "jobTitle"),
        *("experience[].companyLinkedinUrl", "experience[].companyName", "companyLinkedin"),
        *("experiences[].companyName", "experiences[].companyLink1", "experiences[].subComponents"),
        *("experiences[].jobStartedOn", "experiences[].jobStillWorking", "addressWithCountry"),
        *("experience[].endDate", "experience[].companyId", "experience[].companyUniversalName"),
        *("educations[].companyLink1", "objectUrn", "licenseAndCertificates", "topSkills"),
        *("experience[].position", "experiences[].caption", "companyLinkedinUrl", "profilePic"),
        *("experiences[].companyLinkedinUrl", "education[].schoolName", "fullName"),
    ),
    profile_id=("publicIdentifier", "linkedinUrl", "linkedinPublicUrl", "profileUrl", "id"),
    snapshot=("scrapedAt", "processedAt", "lastUpdated"),
    current_first=False,
)
