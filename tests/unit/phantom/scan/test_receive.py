from __future__ import annotations

import zlib

import numpy as np
import pytest

from crmo_seg.phantom.scan.protocol import Artefacts, Protocol, SuppressionFailure
from crmo_seg.phantom.scan.receive import StationSignal, receive

SHAPE = (30, 10, 40)
AXES = tuple(np.arange(n, dtype=np.float32) * 5 for n in SHAPE)


def stream(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def received(artefacts: Artefacts, *, moves: bool = False) -> np.ndarray:
    signal = np.full(SHAPE, 100, np.float32)
    signal[10:20, :, 15:25] = 300
    leak = np.full(SHAPE, 400, np.float32)
    protocol = Protocol(
        view="region",
        slice_axis=1,
        phase_axis=0,
        in_plane_mm=5.0,
        slice_pitch_mm=5.0,
        slice_thickness_mm=5.0,
        field_of_view=((0.0, 0.0, 0.0), (150.0, 50.0, 200.0)),
        artefacts=artefacts,
    )
    return receive(StationSignal(signal, leak, AXES, moves=moves), protocol, stream)


PERFECT = received(Artefacts())


def test_a_perfect_receiver_changes_nothing() -> None:
    assert set(np.unique(PERFECT)) == {100, 300}


@pytest.mark.parametrize(
    "artefacts",
    [
        Artefacts(noise=0.05),
        Artefacts(bias=0.5),
        Artefacts(cross_talk=0.2),
        Artefacts(end_failure=0.5),
        Artefacts(suppression_failures=(SuppressionFailure((75.0, 25.0, 100.0), (40.0, 40.0, 40.0), 1.0),)),
        Artefacts(ghosting=0.1, ghost_box=((0.0, 0.0, 0.0), (150.0, 50.0, 200.0))),
        Artefacts(interpolation=1.5),
    ],
)
def test_each_artefact_does_something(artefacts: Artefacts) -> None:
    image = received(artefacts)
    assert image.dtype == np.float32
    assert image.shape == SHAPE
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert np.abs(image - PERFECT).max() > 5


def test_only_the_station_that_moves_is_blurred() -> None:
    artefacts = Artefacts(motion_voxels=2.0)
    np.testing.assert_array_equal(received(artefacts), PERFECT)
    assert np.abs(received(artefacts, moves=True) - PERFECT).max() > 5


def test_an_artefact_leaves_the_random_numbers_of_another() -> None:
    """The same noise with and without cross-talk, where no slice is darkened."""
    plain, talked = received(Artefacts(noise=0.05)), received(Artefacts(noise=0.05, cross_talk=0.2))
    same = [np.allclose(plain[:, y], talked[:, y], rtol=1e-6) for y in range(SHAPE[1])]
    assert sum(same) == SHAPE[1] / 2
