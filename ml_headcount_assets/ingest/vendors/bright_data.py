"""Bright Data, LinkedIn people profiles: data sets, scraper API, and flat fields of its filter API.

The current employer is `current_company`, or the flat `current_company_company_id` and
`current_company_name`; the company's id is the last part of its page's address. Posts have
`end_date`, which is "Present", null or absent while they go on; several posts at one company
are grouped under `positions`. Since November 2025 most records have nothing but the employer's
name.
"""

from .form import VendorForm

__all__ = ["BRIGHT_DATA"]

BRIGHT_DATA = VendorForm(
    name="bright_data",
    title="Bright Data",
    marked_by=(
        *("linkedin_id", "linkedin_num_id", "current_company", "current_company_company_id"),
        *("current_company_name", "educations_details", "input_url", "memorialized_account"),
        *(
            "default_avatar",
            "bio_links",
            "experience[].company_id",
            "experience[].description_html",
        ),
        *("experience[].company_logo_url", "recommendations_count", "volunteer_experience"),
        *("position", "about", "country_code", "current_company.company_id"),
    ),
    profile_id=("linkedin_id", "id"),
    snapshot=("timestamp",),
)
