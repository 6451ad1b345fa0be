"""How one study was acquired: its view, slices, stations, and how much of each artefact it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from crmo_seg.phantom.scan.checks import require

View: TypeAlias = Literal["coronal_whole_body", "sagittal_spine", "region"]
Profile: TypeAlias = Literal["gaussian", "trapezoid"]
Point: TypeAlias = tuple[float, float, float]
BoxMm: TypeAlias = tuple[Point, Point]

LARGEST_GAP: Final = 0.5
"""Of the slice pitch; the real ones are up to 0.2 of the thickness."""
_SOURCE: Final = "scan protocol"


@dataclass(frozen=True)
class SuppressionFailure:
    """A place where fat suppression fails: a soft, irregular blob.

    Attributes:
        centre_mm: RAS+ in the body's frame.
        radii_mm: along x, y, z.
        strength: 1 where fat is not suppressed at all.
    """

    centre_mm: Point
    radii_mm: Point
    strength: float


@dataclass(frozen=True)
class MetalVoid:
    """Braces or an implant: no signal inside, a bright rim around.

    Attributes:
        centre_mm: RAS+ in the body's frame.
        radius_mm: of the void.
    """

    centre_mm: Point
    radius_mm: float


@dataclass(frozen=True)
class Artefacts:
    """How much of each artefact; the default is none.

    Attributes:
        noise: standard deviation in the real and in the imaginary channel, muscle = 1.
        noise_unevenness: how much larger the noise is in the middle of the body than at the coils, 0 to 2.
        bias: 0 for images corrected for coil sensitivity, 1 for none of that.
        seam_step: standard deviation of the logarithm of the stations' gains.
        seam_shift_voxels: largest shift of a station against the others.
        seam_blend: whether stations fade into each other instead of being cut.
        cross_talk: how much darker every second slice is.
        suppression_failures: places where fat suppression fails.
        end_failure: the same at the ends of every station, 0 to 1.
        edge_failure: the same at the left and right edge of the field, 0 to 1.
        ghosting: ghosts of what breathes or pulsates, relative to it.
        ghost_box: where it is, mm; None: nowhere.
        motion_voxels: how far the body moved in one of the stations.
        interpolation: voxels of the image per acquired voxel along each in-plane axis, by zero-filling; 1 to 2.
        gibbs: whether the edge of k-space is left sharp.
        wrap_mm: what lies this far outside the field on either side along the phase axis is folded in; it is drawn too.
        arms_outside: whether the field was chosen narrower than the body.
        metal: a signal void.
    """

    noise: float = 0.0
    noise_unevenness: float = 0.0
    bias: float = 0.0
    seam_step: float = 0.0
    seam_shift_voxels: int = 0
    seam_blend: bool = False
    cross_talk: float = 0.0
    suppression_failures: tuple[SuppressionFailure, ...] = ()
    end_failure: float = 0.0
    edge_failure: float = 0.0
    ghosting: float = 0.0
    ghost_box: BoxMm | None = None
    motion_voxels: float = 0.0
    interpolation: float = 1.0
    gibbs: bool = False
    wrap_mm: float = 0.0
    arms_outside: bool = False
    metal: MetalVoid | None = None

    def __post_init__(self) -> None:
        low = min(self.noise, self.noise_unevenness, self.bias, self.seam_step, self.seam_shift_voxels, self.wrap_mm)
        require(_SOURCE, min(low, self.ghosting, self.motion_voxels) >= 0, "an artefact is negative", "give 0 or more")
        shares = (self.cross_talk, self.end_failure, self.edge_failure)
        require(_SOURCE, all(0 <= share <= 1 for share in shares), f"a share is outside 0-1: {shares}", "give 0 to 1")
        require(_SOURCE, 1 <= self.interpolation <= 2, f"interpolation is {self.interpolation}", "give 1 to 2")


@dataclass(frozen=True)
class Protocol:
    """One acquisition. Voxels are drawn in the body's frame; only the header's affine is tilted.

    Attributes:
        view: what the study shows.
        slice_axis: world axis across the slices: 0 sagittal, 1 coronal, 2 axial.
        phase_axis: the in-plane axis along which ghosts and wrap appear.
        in_plane_mm: voxel size in the slices.
        slice_pitch_mm: distance of slice centres: thickness and gap.
        slice_thickness_mm: full width at half maximum of the slice profile.
        sub_slices: planes drawn for each slice.
        profile: shape of the slice profile.
        field_of_view: lowest and highest corner of the images, mm RAS+.
        stations: pieces along z.
        overlap: of neighbouring stations, of a station's length.
        field_strength_t: tesla.
        tilt_deg: rotation of the slices around x, y and z.
        muscle_signal: what the image shows where the drawing has 100.
        artefacts: how much of each.
        region: name of the region shown, for a view that is not the whole body.

    Raises:
        InputError: where no scanner could do this.
    """

    view: View
    slice_axis: int
    phase_axis: int
    in_plane_mm: float
    slice_pitch_mm: float
    slice_thickness_mm: float
    field_of_view: BoxMm
    sub_slices: int = 2
    profile: Profile = "gaussian"
    stations: int = 1
    overlap: float = 0.15
    field_strength_t: float = 1.5
    tilt_deg: Point = (0.0, 0.0, 0.0)
    muscle_signal: float = 100.0
    artefacts: Artefacts = field(default_factory=Artefacts)
    region: str | None = None

    def __post_init__(self) -> None:
        self._check_slices()
        require(_SOURCE, self.stations >= 1, f"has {self.stations} stations", "give 1 or more")
        require(_SOURCE, 0 <= self.overlap < 0.5, f"overlap is {self.overlap}", "give 0 to less than 0.5")
        require(_SOURCE, self.muscle_signal > 0, f"muscle_signal is {self.muscle_signal}", "give more than 0")
        along_slices = self.slice_axis == 2 and self.stations > 1
        require(
            _SOURCE, not along_slices, "has several stations of axial slices", "give 1 station, or another slice_axis"
        )
        folded = self.artefacts.wrap_mm > 0 and self.phase_axis == 2 and self.stations > 1
        require(_SOURCE, not folded, "wraps along z in several stations", "give phase_axis 0 or 1, or wrap_mm 0")
        low, high = self.field_of_view
        grows = all(b - a > 0 for a, b in zip(low, high, strict=True))
        require(_SOURCE, grows, f"field_of_view is {self.field_of_view}", "give the lowest, then the highest corner")

    def _check_slices(self) -> None:
        require(_SOURCE, self.in_plane_mm > 0, f"in_plane_mm is {self.in_plane_mm}", "give more than 0")
        require(
            _SOURCE, self.slice_thickness_mm > 0, f"slice_thickness_mm is {self.slice_thickness_mm}", "give more than 0"
        )
        gap = 1 - self.slice_thickness_mm / self.slice_pitch_mm if self.slice_pitch_mm > 0 else -1.0
        text = f"slices of {self.slice_thickness_mm} mm lie {self.slice_pitch_mm} mm apart"
        require(_SOURCE, -1e-9 <= gap <= LARGEST_GAP, text, f"give a gap of 0 to {LARGEST_GAP:.0%} of the pitch")
        require(_SOURCE, self.sub_slices >= 1, f"sub_slices is {self.sub_slices}", "give 1 or more")
        axes = {self.slice_axis, self.phase_axis}
        require(
            _SOURCE, axes <= {0, 1, 2} and len(axes) == 2, "the phase axis is no axis in the slices", "give 0, 1 or 2"
        )

    @property
    def spacing_mm(self) -> Point:
        """Distance of voxel centres of the images along x, y and z."""
        x, y, z = (self.slice_pitch_mm if axis == self.slice_axis else self.in_plane_mm for axis in range(3))
        return x, y, z

    @property
    def in_plane_axes(self) -> tuple[int, int]:
        """The two axes in the slices, in rising order."""
        first, second = (axis for axis in range(3) if axis != self.slice_axis)
        return first, second

    @property
    def wrap_voxels(self) -> int:
        """Voxels drawn beyond the field on either side along the phase axis."""
        return round(self.artefacts.wrap_mm / self.in_plane_mm)
