"""Release of evidence: what a contrast may say once its small numbers are hidden."""

from dataclasses import replace

import pandas as pd

from evaluation.evidence import AfterService, ContrastEvidence, Evidence, estimate_ids
from evaluation.evidence.baseline import baseline_equivalence
from evaluation.evidence.effect_sizes import EffectSize
from evaluation.evidence.event_effects import number_needed_to_serve
from evaluation.reporting.disclosure.contrasts import ReleasedEffects
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.numerals import SUPPRESSED

VALUES = ["estimate", "se", "ci_low", "ci_high", "p", "p_adjusted"]
TOO_FEW = "its numbers are too small to be released"


def release_evidence(
    evidence: Evidence, released: ReleasedEffects, exact: pd.DataFrame, rule: Disclosure
) -> Evidence:
    """Weigh again what may be shown.

    Nothing is concluded from a contrast whose estimates are hidden, and the effect
    after the end of service is hidden where few children or events stand behind it, or
    lie between it and the whole follow-up.

    Parameters
    ----------
    evidence : Evidence
        With exact numbers.
    released : ReleasedEffects
        The effects as they may be shown.
    exact : pandas.DataFrame
        The effects table they come from, for the ids of its rows.
    rule : Disclosure
        The rule of the release.

    Returns
    -------
    Evidence
    """
    if not rule.on:
        return evidence
    shown = released.table.assign(id=estimate_ids(exact).to_numpy()).set_index("id")
    return evidence.with_contrasts(
        _release(contrast, shown, released, rule) for contrast in evidence.contrasts
    )


def _release(
    contrast: ContrastEvidence, shown: pd.DataFrame, released: ReleasedEffects, rule: Disclosure
) -> ContrastEvidence:
    rows = shown.loc[list(contrast.estimate_ids)]
    hidden = bool((rows[VALUES] == SUPPRESSED).to_numpy().any())
    hidden |= (contrast.service, contrast.outcome) in released.withheld
    kept = {
        name: rule.shown(n)
        for name, n in contrast.counts.items()
        if rows[name].iloc[0] != SUPPRESSED
    }
    contrast = replace(
        contrast,
        counts=kept,
        baseline=_baseline(contrast, released.balance),
        after_service=_after(contrast, rule, hidden),
    )
    if not hidden:
        return _rounded(contrast) if rule.rounds else contrast
    return replace(
        contrast,
        counts={},
        effects=(),
        needed=None,
        p=None,
        p_adjusted=None,
        attrition=None,
        attrition_unknown=TOO_FEW,
        withheld=True,
    )


def _rounded(contrast: ContrastEvidence) -> ContrastEvidence:
    """Keep two decimals of effect sizes, p values and the number needed."""
    effects = tuple(_two_decimals(effect) for effect in contrast.effects)
    needed = None
    if contrast.needed is not None:
        difference = next(e for e in effects if e.measure == "risk_difference")
        needed = number_needed_to_serve(difference) if difference.value else None
    after = contrast.after_service
    if after is not None and after.difference is not None:
        after = replace(after, difference=_two_decimals(after.difference), counts={})
    p, adjusted = (None if p is None else round(p, 2) for p in (contrast.p, contrast.p_adjusted))
    return replace(
        contrast, effects=effects, needed=needed, p=p, p_adjusted=adjusted, after_service=after
    )


def _two_decimals(effect: EffectSize) -> EffectSize:
    names = ("value", "se", "ci_low", "ci_high")
    return replace(effect, **{name: round(getattr(effect, name), 2) for name in names})


def _baseline(contrast: ContrastEvidence, balance: pd.DataFrame) -> pd.DataFrame:
    if contrast.baseline.empty:
        return contrast.baseline
    same = balance["service"].eq(contrast.service) & balance["outcome"].eq(contrast.outcome)
    own = balance[same].assign(after=pd.to_numeric(balance.loc[same, "after"], errors="coerce"))
    adjusted = contrast.baseline.loc[contrast.baseline["adjusted"], "covariate"]
    return baseline_equivalence(own, {name.split("[")[0] for name in adjusted})


def _after(contrast: ContrastEvidence, rule: Disclosure, hidden: bool) -> AfterService | None:
    after = contrast.after_service
    if after is None:
        return None
    between = [
        contrast.counts[name] - after.counts[name] for name in after.counts if contrast.counts
    ]
    if hidden or any(rule.hides(n) for n in (*after.counts.values(), *between)):
        return AfterService(after.landmark, after.horizon, None, {}, why_not=TOO_FEW)
    return replace(after, why_not=rule.conceal(after.why_not))
