from __future__ import annotations

from typing import Any

import pytest
from dicom_frame_builders import frame, identity

from crmo_seg.io.dicom.read.frame_stack import FrameStack
from crmo_seg.io.dicom.read.names import stack_names


def stack(station: int = 0, **header: Any) -> FrameStack:  # noqa: ANN401
    return FrameStack(((frame((0, 0, 0), **header),),), station=station)


def kind(*values: str) -> dict[str, Any]:
    return {"ImageType": ("ORIGINAL", "PRIMARY", *values)}


@pytest.mark.parametrize(
    ("stacks", "names"),
    [
        ([stack(EchoTime=7.0)], [""]),
        ([stack(EchoTime=10.0), stack(EchoTime=7.0)], ["echo-2", "echo-1"]),
        ([stack(**kind("W")), stack(**kind("F")), stack(**kind("IP"))], ["water", "fat", "in-phase"]),
        (
            [stack(EchoTime=7.0, **kind("M_FFE", "M")), stack(EchoTime=7.0, **kind("PHASE MAP", "P"))],
            ["magnitude", "phase"],
        ),
        ([stack(**kind("ND")), stack(**kind("DIS 2D"))], ["nd", "dis-2d"]),
        ([stack(DiffusionBValue=0.0), stack(DiffusionBValue=800.0)], ["b-0", "b-800"]),
        ([stack(1), stack(2)], ["station-1", "station-2"]),
        ([stack(1, EchoTime=7.0), stack(2, EchoTime=7.0)], ["station-1", "station-2"]),
        ([stack(), stack()], ["stack-1", "stack-2"]),
        ([stack(SeriesNumber=3.0), stack(SeriesNumber=4.0)], ["series-3", "series-4"]),
    ],
)
def test_names_say_what_differs(stacks: list[FrameStack], names: list[str]) -> None:
    assert stack_names(stacks) == names


def test_names_are_unique_and_fit_into_file_names() -> None:
    stacks = [stack(n, EchoTime=float(e), **kind(k)) for n in range(3) for e in (5, 5, 7) for k in ("A/B", "W", "ä")]
    names = stack_names([*stacks, FrameStack(((frame((0, 0, 0), series=identity(series_number="")),),))])
    assert len(set(names)) == len(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.") for name in names)
