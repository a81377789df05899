"""What can be run: the whole study, the study up to its calibration, or single companies."""

import dagster as dg

#: Made of all companies together; refreshing one of them leaves these as they are, since draws
#: can be added up over companies only if all of them share the cohort's draws.
_CALIBRATE = dg.AssetSelection.groups("calibrate")
_FILES = dg.AssetSelection.groups("study")
_RATED = dg.AssetSelection.assets("rated_cvs", "rated_labels", "rated_llm_labels", "annotators")

whole_study = dg.define_asset_job(
    "whole_study",
    selection=dg.AssetSelection.all() - _FILES,
    description="Everything, for all companies in one run (or for the companies of a range).",
)

calibration = dg.define_asset_job(
    "calibration",
    selection=dg.AssetSelection.groups("ingest", "annotate", "calibrate"),
    description="What all companies share, which a single company's estimate needs.",
)

refresh_company = dg.define_asset_job(
    "refresh_company",
    selection=dg.AssetSelection.all() - _FILES - _CALIBRATE - _RATED,
    description="One company (or a range) anew, on the cohort's draws as they are, and the totals.",
)

ALL_JOBS = [whole_study, calibration, refresh_company]
