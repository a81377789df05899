"""Invented records in the form of each vendor: one person, at Acme or gone from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Record = dict[str, Any]

PAGE = "https://www.linkedin.com/company/acme"


def bright_data(person: str, title: str, about: str = "", *, left: bool = False) -> Record:
    post = {
        "title": title,
        "company": "Acme",
        "company_id": "acme",
        "url": f"{PAGE}?trk=public_profile",
        "location": "Somewhere",
        "start_date": "Jan 2020",
        "end_date": "Mar 2023" if left else "Present",
        "description": about or None,
        "description_html": about or None,
    }
    current = {"name": "Acme", "company_id": "acme", "link": PAGE, "location": None}
    return {
        "id": person,
        "linkedin_id": person,
        "linkedin_num_id": "123456",
        "name": "Ada Example",
        "city": "Somewhere",
        "country_code": "XX",
        "position": title,
        "about": None,
        "url": f"https://xx.linkedin.com/in/{person}",
        "current_company": None if left else current,
        "current_company_company_id": None if left else "acme",
        "current_company_name": None if left else "Acme",
        "experience": [post, {**post, "company": "Old", "company_id": "old", "end_date": "2019"}],
        "education": [{"title": "A University", "degree": "MSc", "field": "Law"}],
        "educations_details": "A University",
        "certifications": None,
        "timestamp": "2025-06-01T10:00:00.000Z",
    }


def bright_data_flat(person: str, title: str, about: str = "", *, left: bool = False) -> Record:
    return {
        "linkedin_id": person,
        "position": title,
        "about": about or None,
        "current_company_name": None if left else "Acme",
        "current_company_company_id": None if left else "acme",
        "educations_details": "A University",
        "timestamp": "2025-06-01",
    }


def people_data_labs(person: str, title: str, about: str = "", *, left: bool = False) -> Record:
    company = {"name": "acme", "id": "acme", "linkedin_url": "linkedin.com/company/acme"}
    now = not left
    return {
        "id": f"{person}_0000",
        "full_name": "ada example",
        "linkedin_username": person,
        "linkedin_url": f"linkedin.com/in/{person}",
        "headline": None,
        "summary": about or None,
        "job_title": title if now else None,
        "job_company_id": "acme" if now else None,
        "job_company_name": "acme" if now else None,
        "job_company_linkedin_url": company["linkedin_url"] if now else None,
        "job_last_verified": "2025-06-01",
        "skills": ["reading"],
        "experience": [
            {
                "company": company,
                "title": {"name": title, "role": "any", "sub_role": None, "levels": []},
                "start_date": "2020-01",
                "end_date": "2023-03" if left else None,
                "is_primary": now,
                "summary": None,
            }
        ],
        "education": [{"school": {"name": "a university"}, "degrees": ["msc"], "majors": ["law"]}],
    }


def proxycurl(person: str, title: str, about: str = "", *, left: bool = False) -> Record:
    return {
        "public_identifier": person,
        "full_name": "Ada Example",
        "occupation": f"{title} at Acme",
        "headline": title,
        "summary": about or None,
        "country_full_name": "Nowhere",
        "experiences": [
            {
                "starts_at": {"day": 1, "month": 1, "year": 2020},
                "ends_at": {"day": 31, "month": 3, "year": 2023} if left else None,
                "company": "Acme",
                "company_linkedin_profile_url": PAGE,
                "title": title,
                "description": None,
                "location": "Somewhere",
            }
        ],
        "education": [{"school": "A University", "degree_name": "MSc", "field_of_study": "Law"}],
        "accomplishment_courses": [{"name": "Reading", "number": "1"}],
        "volunteer_work": [],
        "last_updated": "2025-06-01T10:00:00Z",
    }


def coresignal_base(person: str, title: str, about: str = "", *, left: bool = False) -> Record:
    return {
        "id": int.from_bytes(person.encode()[-6:]),
        "full_name": "Ada Example",
        "headline": title,
        "summary": about or None,
        "profile_url": f"https://www.linkedin.com/in/{person}",
        "updated_at": "2025-06-01",
        "deleted": 0,
        "experience": [
            {
                "title": title,
                "company_id": 999,
                "company_name": "Acme",
                "company_url": PAGE,
                "date_from": "January 2020",
                "date_to": "March 2023" if left else None,
                "duration": "3 years",
                "order_in_profile": 1,
                "deleted": 0,
            }
        ],
        "education": [{"title": "A University", "subtitle": "MSc, Law", "deleted": 0}],
    }


def coresignal_multi_source(
    person: str, title: str, about: str = "", *, left: bool = False
) -> Record:
    return {
        "id": int.from_bytes(person.encode()[-6:]),
        "is_deleted": 0,
        "updated_at": "2025-06-01",
        "linkedin_url": f"https://www.linkedin.com/in/{person}",
        "headline": title,
        "summary": about or None,
        "is_working": int(not left),
        "active_experience_title": None if left else title,
        "active_experience_company_id": None if left else 999,
        "inferred_skills": ["reading"],
        "experience": [
            {
                "active_experience": int(not left),
                "position_title": title,
                "company_id": 999,
                "company_name": "Acme",
                "company_linkedin_url": PAGE,
                "date_from": "January 2020",
                "date_from_year": 2020,
                "date_from_month": 1,
                "date_to": "March 2023" if left else None,
                "date_to_year": 2023 if left else None,
                "date_to_month": 3 if left else None,
                "order_in_profile": 1,
            }
        ],
        "education": [{"degree": "MSc, Law", "institution_name": "A University"}],
    }


def apify(person: str, title: str, about: str = "", *, left: bool = False) -> Record:
    end = {"month": "Mar", "year": 2023, "text": "Mar 2023"} if left else {"text": "Present"}
    return {
        "linkedinUrl": f"https://www.linkedin.com/in/{person}",
        "publicIdentifier": person,
        "firstName": "Ada",
        "lastName": "Example",
        "headline": title,
        "about": about or None,
        "currentPosition": [] if left else [{"companyName": "Acme"}],
        "experience": [
            {
                "position": title,
                "companyName": "Acme",
                "companyLinkedinUrl": f"{PAGE}/",
                "companyUniversalName": "acme",
                "employmentType": "Full-time",
                "startDate": {"month": "Jan", "year": 2020, "text": "Jan 2020"},
                "endDate": end,
                "description": None,
                "skills": ["Reading"],
            }
        ],
        "education": [{"schoolName": "A University", "degree": "MSc", "fieldOfStudy": "Law"}],
    }


def apify_flags(person: str, title: str, about: str = "", *, left: bool = False) -> Record:
    return {
        "linkedinUrl": f"https://www.linkedin.com/in/{person}",
        "fullName": "Ada Example",
        "headline": title,
        "about": about or None,
        "companyName": "Acme",
        "companyLinkedin": "linkedin.com/company/acme",
        "addressWithCountry": "Somewhere",
        "experiences": [
            {
                "title": title,
                "companyName": "Acme",
                "companyLink1": f"{PAGE}/",
                "jobStartedOn": "1-2020",
                "jobEndedOn": "3-2023" if left else None,
                "jobStillWorking": not left,
                "jobDescription": None,
            }
        ],
        "educations": [{"title": "A University", "subtitle": "MSc, Law"}],
    }


def apify_captions(person: str, title: str, about: str = "", *, left: bool = False) -> Record:
    return {
        "linkedinUrl": f"https://www.linkedin.com/in/{person}",
        "fullName": "Ada Example",
        "headline": title,
        "about": about or None,
        "experiences": [
            {
                "companyId": "1",
                "companyLink1": PAGE,
                "title": title,
                "subtitle": "Acme · Full-time",
                "caption": "Jan 2020 - Mar 2023 · 3 yrs" if left else "Jan 2020 - Present · 5 yrs",
                "metadata": "Somewhere",
                "breakdown": False,
                "subComponents": [{"description": [{"type": "textComponent", "text": "Work"}]}],
            }
        ],
        "educations": [{"title": "A University", "subtitle": "MSc, Law"}],
    }


def generic(person: str, title: str, about: str = "", *, left: bool = False) -> Record:
    return {
        "id": person,
        "bio": about or None,
        "work_history": [
            {"employer": PAGE, "role": title, "from": "2020", "to": "2023" if left else None}
        ],
    }


#: By the name of the form that is to be guessed, and of the variant.
MAKERS: dict[str, Callable[..., Record]] = {
    "bright_data": bright_data,
    "bright_data/flat": bright_data_flat,
    "people_data_labs": people_data_labs,
    "proxycurl": proxycurl,
    "coresignal_base": coresignal_base,
    "coresignal_multi_source": coresignal_multi_source,
    "apify": apify,
    "apify/flags": apify_flags,
    "apify/captions": apify_captions,
    "generic": generic,
}
