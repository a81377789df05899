"""Proxycurl's person profiles, and those who deliver the same form: Enrich Layer, NinjaPear, ...

`experiences` are entries with `starts_at` and `ends_at`, objects of day, month and year; an end
that is null means that the post goes on. The company is known by
`company_linkedin_profile_url`. There is no field for the current employer. Results of searches
and of bulk jobs have the record under `profile`. Scrapin's form, which has
`positions.positionHistory`, is read as well.
"""

from .form import VendorForm

__all__ = ["PROXYCURL"]

PROXYCURL = VendorForm(
    name="proxycurl",
    title="Proxycurl",
    marked_by=(
        *("public_identifier", "experiences", "experiences[].company_linkedin_profile_url"),
        *("experiences[].starts_at", "experiences[].ends_at", "occupation", "country_full_name"),
        *("background_cover_image_url", "accomplishment_publications", "accomplishment_projects"),
        *("accomplishment_courses", "accomplishment_organisations", "similarly_named_profiles"),
        *("accomplishment_honors_awards", "accomplishment_patents", "volunteer_work"),
        *("positions.positionHistory", "schools.educationHistory", "profile_pic_url"),
    ),
    profile_id=("public_identifier", "linkedin_profile_url", "profile_url"),
    snapshot=("last_updated", "last_updated_at"),
    current_first=False,
)
