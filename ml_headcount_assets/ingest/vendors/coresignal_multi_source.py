"""Coresignal, multi-source employee data.

A record that is deleted or private has `is_deleted` 1. An entry of `experience` has
`active_experience` 1 while the post goes on, `date_to` (null as long), `order_in_profile`, a
`company_id` that is Coresignal's own number, and the page's address under
`company_linkedin_url` or `company_professional_network_url`. The flat `active_experience_*`
fields repeat one of them.
"""

from .form import VendorForm

__all__ = ["CORESIGNAL_MULTI_SOURCE"]

CORESIGNAL_MULTI_SOURCE = VendorForm(
    name="coresignal_multi_source",
    title="Coresignal (multi-source)",
    marked_by=(
        *("is_deleted", "is_parent", "active_experience_title", "active_experience_company_id"),
        *("experience[].active_experience", "experience[].position_title", "is_working"),
        *("experience[].date_from", "experience[].date_to", "experience[].date_from_year"),
        *("experience[].date_to_year", "experience[].order_in_profile", "inferred_skills"),
        *("professional_network_url", "professional_network_shorthand_names", "is_decision_maker"),
        *("experience[].company_professional_network_url", "experience[].company_linkedin_url"),
        *("linkedin_shorthand_names", "historical_skills", "education[].institution_name"),
        *("experience[].company_name", "changed_at", "active_experience_description"),
        "experience_change_last_identified_at",
    ),
    profile_id=("id",),
    snapshot=("updated_at", "checked_at", "changed_at"),
    current_first=False,
)
