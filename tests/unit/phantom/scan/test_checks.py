from __future__ import annotations

import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.checks import require


def test_a_failed_check_says_what_to_do() -> None:
    require("scan settings", True, "x is 0", "give more")
    with pytest.raises(InputError, match="scan settings: x is 0; give more"):
        require("scan settings", False, "x is 0", "give more")
