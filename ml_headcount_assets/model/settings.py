"""How an estimate is to be made: one immutable record of every choice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

from ..errors import InputError
from .annotators import Annotator
from .effort import Effort
from .priors import DEFAULT_PRIORS, PAPER_PRIORS, Priors

__all__ = ["LAYERS", "MODEL_VERSION", "PRESETS", "EstimatorSettings"]

# Part of every cache key: raise it with any change that moves a number.
MODEL_VERSION = "4"

LAYERS = ("rated_cvs", "prevalence", "employees", "correlations", "truth")
PRESETS = ("paper-2026",)


@dataclass(frozen=True)
class EstimatorSettings:
    """Every choice of an estimate but the data, the seed and the number of draws.

    Attributes
    ----------
    layers
        The sources of uncertainty that are on, of `LAYERS`.
    priors
        Beta priors of the share of experts.
    six_dimensional
        Keep derived annotators in the likelihood (the published form).
    smoothing
        Added to the flagged and to the unflagged when a rate is estimated; 0.5 is Jeffreys'
        prior, 0 takes raw frequencies.
    continuity_correction
        Added to zero cells before a tetrachoric correlation is taken.
    shrink_correlations
        Shrink tetrachoric correlations towards their block's mean (empirical Bayes).
    repair
        ``"nearest"`` correlation matrix (Higham 2002), or ``"clip"`` eigenvalues.
    unseen
        How employees without a profile are filled in: ``"polya"`` urn, or ``"resample"`` all
        employees from the seen profiles.
    missing_as_zero
        Read a label that could not be obtained as "not an expert". Biased downwards; only there
        to reproduce the published study.
    orthant_points
        Most nodes per pattern of an orthant table. 512 err by about 1e-5 where Gauss rules do
        and 1e-4 where Sobol points have to, a hundredth of the sampling error of a rate measured
        on a few hundred rated CVs; nearly singular matrices, as clipped eigenvalues leave them,
        need more.
    min_profiles, max_headcount_ratio
        A company has profile evidence with at least so many labelled profiles (or all its
        employees, if fewer) and at most so many employees per profile.
    aggregate_scale
        Correct companies with keyword counts only by the ratio found on companies that have
        both kinds of evidence.
    ratings_are_random
        Ratings of deployed profiles are a random sample, and count as further rated CVs where
        error rates are measured on rated CVs alone. `hierarchical` needs no such promise: it
        takes each verdict given company and labels.
    effort
        How much work the sampler of `hierarchical` does.
    annotators
        Kinds and derivations of all annotators, for `estimate_headcount`; None infers them from
        the rated CVs (`annotators.infer_annotators`).

    Examples
    --------
    >>> EstimatorSettings.preset("paper-2026").repair
    'clip'
    >>> EstimatorSettings.default().with_layers(["truth"]).layers
    ('truth',)
    """

    layers: tuple[str, ...] = LAYERS
    priors: Priors = DEFAULT_PRIORS
    six_dimensional: bool = False
    smoothing: float = 0.5
    continuity_correction: float = 0.5
    shrink_correlations: bool = True
    repair: str = "nearest"
    unseen: str = "polya"
    missing_as_zero: bool = False
    orthant_points: int = 512
    min_profiles: int = 5
    max_headcount_ratio: float = 3.0
    aggregate_scale: bool = True
    ratings_are_random: bool = False
    effort: Effort = field(default_factory=Effort)
    annotators: tuple[Annotator, ...] | None = None

    def __post_init__(self) -> None:
        unknown = [layer for layer in self.layers if layer not in LAYERS]
        if unknown:
            raise InputError(f"Unknown layer {unknown[0]!r}; there are {', '.join(LAYERS)}.")
        for name, allowed in (("repair", ("nearest", "clip")), ("unseen", ("polya", "resample"))):
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}."
                )

    @classmethod
    def default(cls) -> EstimatorSettings:
        """Return this package's recommendation."""
        return cls()

    @classmethod
    def preset(cls, name: str) -> EstimatorSettings:
        """Return the choices that go by `name`.

        ``"paper-2026"`` is Schons et al. 2026 (arXiv 2603.00062): six-dimensional probit, raw
        frequencies, tetrachoric without continuity correction, clipped eigenvalues, the
        published priors, resampling with replacement up to the headcount. That missing labels
        count as 0 is inferred: it brings the published table closer.

        Raises
        ------
        InputError
            If there is no such preset.
        """
        if name not in PRESETS:
            raise InputError(f"Unknown preset {name!r}; there are {', '.join(PRESETS)}.")
        return cls(
            priors=PAPER_PRIORS,
            six_dimensional=True,
            smoothing=0.0,
            continuity_correction=0.0,
            shrink_correlations=False,
            repair="clip",
            unseen="resample",
            missing_as_zero=True,
            orthant_points=2048,
        )

    def with_layers(self, layers: Iterable[str] | None) -> EstimatorSettings:
        """Return a copy with only `layers` on; None keeps what is on now.

        Raises
        ------
        InputError
            If there is no such layer.
        """
        if isinstance(layers, str):
            raise InputError(f"layers must be a list of names, not {layers!r}.")
        return self if layers is None else replace(self, layers=tuple(layers))

    def has(self, layer: str) -> bool:
        """Return whether `layer` is on."""
        return layer in self.layers

    def fingerprint(self) -> str:
        """Return a stable hash of every choice and of the model's version."""
        record = {"model": MODEL_VERSION, **asdict(self)}
        record["layers"] = sorted(self.layers)
        if self.annotators is None:
            del record["annotators"]  # nothing was chosen, as ever
        if not self.ratings_are_random:
            del record["ratings_are_random"]  # the same
        text = json.dumps(record, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
