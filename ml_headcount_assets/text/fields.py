"""Under which names profiles and CVs tell of work and education, whoever delivers them.

Names are compared without case, separators and the prefixes of localised fields: ``field_of_study``,
``fieldOfStudy`` and ``Field of study`` are one. What stands here is read by `text.recipe`; a field
with text that is neither here nor known to say nothing of work is reported as not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

__all__ = [
    "ENTRY_TEXT",
    "GROUPED_POSTS",
    "LOCALES",
    "SECTIONS",
    "TOP_TEXT",
    "names_company",
    "says_nothing_of_work",
    "squashed",
]

#: Keys of a text that is given in several languages.
LOCALES = re.compile(r"[a-z]{2}(?:[_-][A-Za-z]{2,4})?")

_OTHER = re.compile(r"[\W_]+")
_LOCALISED = re.compile(r"^(?:multilocale|localized|localised)(?=.)")


@lru_cache(maxsize=100_000)
def squashed(name: str) -> str:
    """Return a field's name without case, separators and the prefix of localised fields."""
    return _LOCALISED.sub("", _OTHER.sub("", str(name)).casefold())


def _ranks(first: int, *names: str) -> dict[str, int]:
    """Rank names in their order; those in one string have one rank."""
    return {name: first + rank for rank, same in enumerate(names) for name in same.split()}


#: Texts of the record itself: headlines come before the current employer, the rest behind it.
TOP_TEXT: Mapping[str, int] = {
    **_ranks(
        0,
        *("position", "headline", "title", "jobtitle", "occupation", "generatedheadline"),
        *("tagline", "usergeneratedheadline", "currentjobtitle", "currentcompanytitle", "role"),
        *("activeexperiencetitle", "currentposition0title", "subtitle", "expertise"),
    ),
    **_ranks(
        40,
        *("about abouthtml", "summary summaryhtml", "description descriptionhtml", "bio"),
        *("biography", "aboutme", "professionalsummary", "profilesummary", "jobsummary"),
        *("activeexperiencedescription", "services", "cv", "resume", "overview"),
    ),
}

#: Fields with entries: the place in the text, and what an entry is: the current employer, a post,
#: or something else.
SECTIONS: Mapping[str, tuple[int, str]] = {
    name: (rank, kind)
    for rank, kind, names in (
        (30, "employer", "currentcompany currentcompanies currentemployer currentpositions"),
        (31, "employer", "currentposition currentjob"),
        (60, "post", "experience experiences memberexperiencecollection workexperience"),
        (61, "post", "workexperiences workhistory employmenthistory employment positions jobs"),
        (62, "post", "positionhistory career jobhistory fullpositions"),
        (70, "other", "education educations memberEducationcollection educationhistory schools"),
        (71, "other", "educationsdetails educationdetails degrees academics"),
        (72, "other", "certifications certification membercertificationscollection certificates"),
        (73, "other", "licensesandcertificates licenseandcertificates licenses"),
        (73, "other", "licensesandcertifications"),
        (74, "other", "courses accomplishmentcourses membercoursescollection"),
        (75, "other", "projects accomplishmentprojects memberprojectscollection"),
        (76, "other", "publications accomplishmentpublications memberpublicationscollection"),
        (77, "other", "patents accomplishmentpatents memberpatentscollection"),
        (78, "other", "skills skill topskills inferredskills historicalskills skillset"),
        (78, "other", "memberskillscollection topskillsbyendorsements specialties specialities"),
        (79, "other", "honorsandawards honorawards honors awards accomplishmenthonorsawards"),
        (79, "other", "memberawardscollection honoursandawards"),
        (80, "other", "organizations organisations accomplishmentorganisations"),
        (80, "other", "memberorganizationscollection accomplishmentorganizations memberships"),
        (81, "other", "volunteerexperience volunteering volunteerwork volunteerexperiences"),
        (81, "other", "membervolunteeringpositionscollection volunteer"),
        (82, "other", "interests research researchinterests theses thesis languagesandtools tools"),
        (83, "other", "accomplishments achievements highlights"),
    )
    for name in names.casefold().split()
}

#: Texts of an entry. Of those with one rank the first that says something is taken.
ENTRY_TEXT: Mapping[str, int] = _ranks(
    0,
    *("title titletext", "positiontitle", "jobtitle", "position", "role", "name", "headline"),
    *("skill memberskilllist", "school schoolname", "institution institutionname", "degree"),
    *("degreename", "degrees", "field", "fieldofstudy fieldsofstudy", "fields", "majors major"),
    *("minors minor", "subtitle", "coursename", "coursetitle", "cause", "grade"),
    *("activities activitiesandsocieties", "summary summaryhtml"),
    *("description descriptionhtml descriptiontext", "jobdescription", "text", "details"),
    *("responsibilities", "achievements", "abstract", "skills", "keywords", "technologies"),
)

#: Fields of an entry that hold the single posts at one company.
GROUPED_POSTS = frozenset({"positions", "subcomponents", "roles", "positiongroup", "titles"})

_COMPANY = frozenset(
    [
        "company",
        "companyname",
        "employer",
        "employername",
        "organization",
        "organisation",
        "organizationname",
        "organisationname",
        "currentcompanyname",
        "currentcompany0name",
        "jobcompanyname",
        "firm",
        "currentemployer",
        "activeexperiencecompanyname",
        "currentcompanycompanyid",
        "companyuniversalname",
        "companyid",
        "currentorganization",
        "currentorganisation",
    ]
)


def names_company(key: str, kind: str = "") -> bool:
    """Whether a field names an employer; in some kinds of entry, further ones do.

    Parameters
    ----------
    key
        The field's name, `squashed`.
    kind
        Of the section the field stands in: "employer", "post", "other", or "" for the record.
    """
    if key in _COMPANY:
        return True
    return (kind == "employer" and key in ("name", "id")) or (kind == "post" and key == "subtitle")


# Ends of names by which a field is known to be an id, an address, a place, a date, a count.
_NOT_OF_WORK = re.compile(
    r".*(?:url|link|links|uri|image|photo|picture|pic|avatar|logo|banner|img|icon|id|ids|urn|hash"
    r"|slug|date|dates|at|on|year|month|day|time|timestamp|duration|count|counts|number|score"
    r"|size|email|emails|phone|phones|mobile|name|names|username|identifier|country|city|state"
    r"|region|location|locations|address|locality|continent|geo|headquarters|founded|gender|sex"
    r"|birth|salary|currency|status|version|error|warning|code|locale|language|languages|level"
    r"|levels|type|types|class|industry|industries|revenue|range|funding|website|domain|ticker"
    r"|meta|metadata|caption|raw|source|sources|input|period|issuer|authority|publisher|flag"
    r"|countryfull|withcountry|withoutcountry|proficiency|credential|profiles|viewed|similar"
    r"|connections|followers|authors|inventors|profile)\d*"
    r"|(?:is|has|num|total|people|company|location|geo|street|job|profile|member|activeexperience"
    r"|experiencechange|recentexperience)[a-z]*"
    r"|text|groups|contact|contacts|websites|networks|follower|similarlynamedprofiles|birthday"
    r"|timeperiod|extra|employmenttype|workplacetype|department|timezone|currentcompany.*"
)


@lru_cache(maxsize=100_000)
def says_nothing_of_work(key: str) -> bool:
    """Whether a field is known to hold names, places, dates, addresses, counts and the like."""
    return _NOT_OF_WORK.fullmatch(key) is not None
