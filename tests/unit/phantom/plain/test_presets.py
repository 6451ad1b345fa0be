from __future__ import annotations

import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.plain.edema import Volumes
from crmo_seg.phantom.plain.presets import PRESETS, preset_named


def test_an_unknown_preset_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"preset 'hard': is not known; give one of: plain") as caught:
        preset_named("hard")
    assert all(name in str(caught.value) for name in PRESETS)


def test_plain_never_changes() -> None:
    full, tiny = preset_named("plain"), preset_named("plain", tiny=True)
    assert (full.spacing_mm, full.age_years, full.lesion_ml) == (
        (1.25, 6.0, 1.25),
        (3.0, 17.0),
        Volumes(0.3, 2.5, 30.0),
    )
    assert (tiny.spacing_mm, tiny.age_years, tiny.lesion_ml) == ((4.0, 8.0, 4.0), (3.0, 7.0), Volumes(2.0, 5.0, 30.0))
    assert full.lesion_free == tiny.lesion_free == 0.3
