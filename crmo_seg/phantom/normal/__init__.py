"""What looks like a lesion and is none: red marrow, foci of growing bones, vessels, fluid, lymph nodes."""

from crmo_seg.phantom.normal.finding import FINDING_KINDS, Finding, grade

__all__ = ["FINDING_KINDS", "Finding", "grade"]
