"""One ill child at two visits, scanned in two stations on coarse grids, for tests of what is made of a study."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmo_seg.phantom.generate import PhantomStudy, make_studies
from crmo_seg.phantom.scan.settings import Chance
from crmo_seg.phantom.settings import PhantomSettings, as_tiny, read_preset


@pytest.fixture(scope="session")
def ill_settings() -> PhantomSettings:
    tiny = as_tiny(read_preset("whole_body"))
    artefacts = replace(tiny.scan.artefacts, seam_blend=0.0, arms_outside=Chance(0.0, (0.0, 0.0)))
    return replace(
        tiny,
        age_years=(6.0, 9.0),
        sequences=("stir", "t1"),
        edema=replace(tiny.edema, lesion_free=0.0),
        scan=replace(tiny.scan, stations=(2, 2), artefacts=artefacts),
    )


@pytest.fixture(scope="session")
def visits(ill_settings: PhantomSettings) -> tuple[PhantomStudy, ...]:
    """Its first visit has lesions that are gone at the second."""
    return tuple(make_studies(ill_settings, 1, 0, visits=2))
