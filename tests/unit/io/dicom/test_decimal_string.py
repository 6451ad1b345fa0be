from __future__ import annotations

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.io.dicom.decimal_string import decimal_text


@given(st.floats(-99999, 99999))
def test_decimals_fit_into_sixteen_characters(value: float) -> None:
    text = decimal_text(value)
    assert len(text) <= 16
    assert float(text) == pytest.approx(value, abs=1e-9)
    assert text not in ("-0", "")
    assert pydicom.valuerep.is_valid_ds(text)
