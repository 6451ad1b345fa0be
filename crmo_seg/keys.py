"""Names that several layers share: heads, sequences, file names. Constants only."""

from __future__ import annotations

from typing import Final

EDEMA: Final = "edema"
"""The head whose components are lesions; its column in a manifest is ``label_edema``."""

BONES: Final = "bones"
"""The head of unsided bone classes; its column in a manifest is ``label_bones``."""

STIR: Final = "stir"
"""The sequence that the default model reads; its column in a manifest is ``image_stir``."""

MINIMUM_LESION_ML: Final = 0.1
"""Components below this volume are no lesions, in predictions and in references alike."""

RESEARCH_ONLY: Final = "Research use only. Not a medical device, not for diagnosis."
