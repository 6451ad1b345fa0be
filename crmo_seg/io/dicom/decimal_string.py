"""Numbers as DICOM writes them."""

from __future__ import annotations


def decimal_text(value: float) -> str:
    """A decimal string (DS, PS3.5 6.2: at most 16 characters), exact to 1e-9; for values below 100 000.

    >>> decimal_text(-0.0), decimal_text(1 / 3), decimal_text(-1234.56789012345)
    ('0', '0.333333333', '-1234.567890123')
    """
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
