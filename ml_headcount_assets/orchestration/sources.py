"""What a study's assets come from besides tables, as the UI shows it.

Versions of it, and what reads it, do not belong here: see `versions`.
"""

from collections.abc import Iterator, Mapping

import dagster as dg

from ml_headcount_assets.study import Study

from .partitions import beta_features
from .resources import StudyResource
from .stages import STUDY
from .versions import FILES, source_versions

__all__ = ["observations", "study_sources"]

_DESCRIPTIONS: Mapping[str, str] = {
    "companies_file": "Companies: ids, headcounts, keyword hits.",
    "validation_file": "CVs that people rated and annotators labelled.",
    "profile_files": "Profiles of people as they come from a vendor.",
    "label_files": "Results of LLM batch jobs, if there are any.",
    "profile_labels_file": "Labels of profiles that were made before.",
    "keyword_filters": "Terms and rules of the keyword filters.",
    "annotator_settings": "Who labels, and how LLMs are asked.",
    "study_settings": "Estimators, priors, layers, draws, seed.",
    "keyword_settings": "How keywords are to be discovered.",
    "validity_settings": "Which scenarios of the validity suite are to be tried.",
}


def observations(study: Study) -> list[dg.AssetObservation]:
    """Return what is to be reported about the sources, so that the UI sees what has changed."""
    return [
        dg.AssetObservation(asset_key=source, tags={"dagster/data_version": version})
        for source, version in source_versions(study).items()
    ]


def _observe(study: StudyResource) -> Iterator[dg.ObserveResult]:
    for source, version in source_versions(study.load()).items():
        yield dg.ObserveResult(asset_key=source, data_version=dg.DataVersion(version))


def _source(name: str, description: str) -> dg.AssetSpec:
    kind = "file" if name in FILES.values() else "yaml"
    return dg.AssetSpec(name, description=description, **STUDY.attributes({kind}, "study"))


with beta_features():
    #: Hashes of the study's files and settings, by which the UI shows what has changed.
    study_sources = dg.multi_observable_source_asset(
        name="observe_study", specs=[_source(*each) for each in _DESCRIPTIONS.items()]
    )(_observe)
