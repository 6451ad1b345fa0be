from __future__ import annotations

from collections.abc import Sequence

from dicom_frame_builders import frame

from crmo_seg.io.dicom.read.frame_stack import height_of, sorted_stack
from crmo_seg.io.dicom.read.frames import Frame


def heights(repeat: Sequence[Frame]) -> list[float]:
    return [height_of(each) for each in repeat]


def test_slices_are_sorted_by_position_not_by_number() -> None:
    stack = sorted_stack([frame((0, 0, z), InstanceNumber=float(n)) for n, z in enumerate((12, 0, 6))])
    assert heights(stack.repeats[0]) == [0, 6, 12]
    assert (len(stack.repeats), stack.problem, stack.notes) == (1, None, ())


def test_repeats_follow_time() -> None:
    times = ("100000", "100500", "101000")
    frames = [frame((0, 0, z), AcquisitionTime=time) for time in reversed(times) for z in (6, 0, 12)]
    stack = sorted_stack(frames)
    assert [[each.header["AcquisitionTime"] for each in repeat] for repeat in stack.repeats] == [
        [time] * 3 for time in times
    ]
    assert [heights(repeat) for repeat in stack.repeats] == [[0, 6, 12]] * 3


def test_of_a_slice_sent_again_the_newer_is_used_and_said() -> None:
    frames = [frame((0, 0, z), AcquisitionTime="10") for z in (0, 6, 12)]
    again = frame((0, 0, 6), AcquisitionTime="11")
    stack = sorted_stack([again, *frames])
    assert stack.repeats == ((frames[0], again, frames[2]),)
    assert stack.notes == ("1 slices lie where a newer one lies too; the newer one is used",)


def test_an_incomplete_last_repeat_is_left_out() -> None:
    frames = [frame((0, 0, z), TemporalPositionIdentifier=float(t)) for t in (1, 2, 3) for z in (0, 6, 12)]
    stack = sorted_stack(frames[:-1])
    assert [each.header["TemporalPositionIdentifier"] for repeat in stack.repeats for each in repeat] == [
        1,
        1,
        1,
        2,
        2,
        2,
    ]
    assert stack.notes == ("2 slices of an incomplete repeat are left out",)


def test_images_at_one_position_are_no_volume() -> None:
    stack = sorted_stack([frame((0, 0, 0), AcquisitionTime=str(n)) for n in range(4)])
    assert stack.problem is not None
    assert stack.problem[0] == "is no volume: all 4 images lie at one position"
