from __future__ import annotations

import json
from dataclasses import replace

import pytest
from plan_builders import whole_body

from crmo_seg.errors import InputError
from crmo_seg.plan import Fingerprint, Spread


def test_it_survives_json() -> None:
    cases = whole_body()
    assert Fingerprint.from_dict(json.loads(json.dumps(cases.to_dict()))) == cases


def test_a_head_without_objects_survives_json() -> None:
    cases = whole_body()
    bare = replace(cases.heads["edema"], foreground_share=None, objects_per_case=None, object_ml=None)
    cases = replace(cases, heads={"edema": bare})
    assert Fingerprint.from_dict(json.loads(json.dumps(cases.to_dict()))) == cases


def test_one_value_is_spread_over_itself() -> None:
    assert Spread.of([1.0000001]) == Spread(1.0, 1.0, 1.0, 1.0, 1.0)


def test_there_is_no_fingerprint_of_nothing() -> None:
    with pytest.raises(InputError, match="fingerprint: has no case"):
        replace(whole_body(), cases=0)
