"""People Data Labs, person records: data licence, enrichment and search API.

The current employer is in the flat `job_company_*` fields. An entry of `experience` has objects
`company` and `title`, an `end_date` that is null while the post goes on, and `is_primary` for
the main one. Ids of companies are the last part of their LinkedIn page's address; numbers are
further ids.
"""

from .form import VendorForm

__all__ = ["PEOPLE_DATA_LABS"]

PEOPLE_DATA_LABS = VendorForm(
    name="people_data_labs",
    title="People Data Labs",
    marked_by=(
        *("job_company_id", "job_company_name", "job_company_linkedin_url", "linkedin_username"),
        *("job_title", "job_title_role", "job_title_levels", "job_last_updated", "dataset_version"),
        *("experience[].is_primary", "experience[].company", "experience[].location_names"),
        *("education[].majors", "education[].degrees", "version_status", "job_company_size"),
        *("job_company_linkedin_id", "job_start_date", "job_last_verified", "job_last_changed"),
    ),
    profile_id=("id", "linkedin_username", "linkedin_url", "linkedin_id"),
    snapshot=("job_last_verified", "job_last_updated", "last_updated"),
)
