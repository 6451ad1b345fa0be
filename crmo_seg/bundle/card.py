"""The model card, ``README.md`` of a bundle."""

from __future__ import annotations

from crmo_seg.bundle.model import ModelBundle
from crmo_seg.keys import EDEMA, RESEARCH_ONLY


def model_card(bundle: ModelBundle) -> str:
    """Markdown: what the model reads and marks, its threshold, and how well it does on its validation cases."""
    heads = "\n".join(f"- `{head.name}`: {', '.join(head.classes)}" for head in bundle.heads)
    metrics = [(part.provenance or {}).get("metrics") or {} for part in (bundle, *bundle.parts)]
    table = "\n".join(f"| {name} | {value:.3f} |" for each in metrics for name, value in each.items())
    threshold = f"Threshold of {EDEMA}: {bundle.threshold}; lesions from {bundle.minimum_lesion_ml} ml."
    if bundle.minimum_peak_probability:
        threshold += f" A lesion reaches a probability of {bundle.minimum_peak_probability} somewhere."
    if bundle.other_weights:
        threshold += f" The mean of {len(bundle.members)} networks."
    return f"""# {bundle.name}

{RESEARCH_ONLY}

Reads: {", ".join(bundle.sequences)}. Marks:

{heads}

{threshold}

## On its validation cases

| metric | value |
|---|---|
{table}

Training data, configuration and versions stand in `bundle.yaml`. Where the training data were phantoms,
the figures are phantom figures and say nothing about patients.
"""
