"""Coresignal, base employee data: records of the collection, with nothing added.

A record that is no longer public has `deleted` 1, and so has an entry that is no longer in the
profile. An entry of `experience` (`member_experience_collection` before 2025) has `date_from`
and `date_to`, which is null while the post goes on, `order_in_profile`, and a `company_id` that
is Coresignal's own number; `company_url` has the id of LinkedIn.
"""

from ..post_fields import Role
from .form import VendorForm

__all__ = ["CORESIGNAL_BASE"]

CORESIGNAL_BASE = VendorForm(
    name="coresignal_base",
    title="Coresignal (base)",
    marked_by=(
        *("experience[].date_from", "experience[].date_to", "experience[].deleted", "deleted"),
        *("experience[].order_in_profile", "experience[].company_name", "parent_id"),
        *("public_profile_id", "member_experience_collection", "profile_url", "checked_at"),
        *("member_skills_collection", "member_education_collection", "last_response_code"),
        *("member_experience_collection[].date_to", "user_generated_headline", "canonical_url"),
        *(
            "education[].subtitle",
            "recommendations_count",
            "updated_at",
            "experience[].company_url",
        ),
    ),
    profile_id=("id",),
    snapshot=("updated_at", "last_updated", "checked_at"),
    current_first=False,
    post_roles={"subtitle": None, "memberid": None, "id": None, "parentid": None},
    current_roles={"company": Role.OTHER, "companyname": Role.OTHER},
)
