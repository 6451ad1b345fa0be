"""One door to both kinds of contrast, and what a lesion or a look-alike shows in each sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.phantom.signal.palette import MUSCLE, FloatArray, Palette, physical_palette
from crmo_seg.phantom.signal.randomised import randomised_palette
from crmo_seg.phantom.signal.sequences import DixonWater, InversionRecovery, SpinEcho, draw_sequence
from crmo_seg.phantom.signal.tissues import FIELD_STRENGTHS_T

Mode: TypeAlias = Literal["physical", "randomised"]
ModeSetting: TypeAlias = Literal["physical", "randomised", "mixed"]

MEDIAN_SIGNAL_RATIO: Final = 5.6
"""Lesion over muscle in fluid-sensitive images (Kieninger 2021, doi:10.1259/bjr.20211091)."""

T1_EXPONENT: Final = 0.5
"""In T1 the brighter lesion of STIR is the darker one, but by less: the square root of the ratio (derived)."""
T1_BELOW_MARROW: Final = 0.95
"""In T1 no lesion is brighter than this share of red marrow."""


@dataclass(frozen=True)
class ContrastSettings:
    """Which contrast a study gets.

    Attributes:
        mode: "physical" by the equations, "randomised", or "mixed": drawn for each study.
        randomised_share: share of studies with randomised contrast when mixed, 0..1.
        strength: of the randomisation, 0..2.
        share_3_t: share of studies at 3 T, 0..1.

    Raises:
        InputError: where a number lies outside its range or the mode is unknown.
    """

    mode: ModeSetting = "mixed"
    randomised_share: float = 0.5
    strength: float = 1.0
    share_3_t: float = 0.3

    def __post_init__(self) -> None:
        if self.mode not in ("physical", "randomised", "mixed"):
            raise InputError("contrast mode", f"is {self.mode!r}", "give physical, randomised or mixed")
        for name, value, highest in (
            ("randomised_share", self.randomised_share, 1),
            ("strength", self.strength, 2),
            ("share_3_t", self.share_3_t, 1),
        ):
            if not 0 <= value <= highest:
                raise InputError(f"contrast {name}", f"is {value}", f"give a number between 0 and {highest}")


@dataclass(frozen=True)
class ScannerContrast:
    """What the scanner was set to, for DICOM headers and truth files.

    Attributes:
        sequence_name: "stir", "t1" or "t2_dixon_water".
        mode: which contrast was drawn; with "randomised" the times below stand in the header only.
        field_strength_t: 1.5 or 3.0.
        tr_ms: repetition time.
        te_ms: effective echo time.
        ti_ms: inversion time, or None.
    """

    sequence_name: str
    mode: Mode
    field_strength_t: float
    tr_ms: float
    te_ms: float
    ti_ms: float | None


def draw_palette(
    sequence_name: str,
    settings: ContrastSettings,
    rng: np.random.Generator,
    field_strength_t: float | None = None,
) -> tuple[Palette, ScannerContrast]:
    """The palette of one sequence of a study, and the scanner's settings.

    Mode, field strength and the patient's tissues do not depend on the sequence: for the sequences of one study give
    generators in the same state.

    Args:
        sequence_name: "stir", "t1" or "t2_dixon_water".
        settings: which contrast.
        rng: source of randomness.
        field_strength_t: 1.5 or 3.0; drawn where None.

    Raises:
        InputError: where the name or the field strength is unknown.
    """
    study, patient, console = rng.spawn(3)
    drawn_t = FIELD_STRENGTHS_T[int(study.uniform() < settings.share_3_t)]
    mode = _draw_mode(settings, study)
    field_t = drawn_t if field_strength_t is None else field_strength_t
    sequence = draw_sequence(sequence_name, field_t, console)
    if mode == "physical":
        palette = physical_palette(sequence, field_t, patient)
    else:
        palette = randomised_palette(sequence_name, patient, settings.strength)
    scanner = ScannerContrast(sequence_name, mode, field_t, sequence.tr_ms, sequence.te_ms, sequence.ti_ms)
    return palette, scanner


def edema_signal(palette: Palette, sequence_name: str, ratio: float) -> FloatArray:
    """Signal and fat leak of a lesion that is `ratio` times as bright as muscle in STIR.

    STIR shows just that. The other sequences show the palette's edema, brighter (Dixon) or darker (T1) for a lesion
    brighter than the median of STIR; in T1 it stays below red marrow.

    Args:
        palette: of the sequence.
        sequence_name: "stir", "t1" or "t2_dixon_water".
        ratio: lesion over muscle in STIR, about 3 to 9.

    Returns:
        float32 (2,).

    Raises:
        InputError: where the name is unknown or the ratio not positive.
    """
    if ratio <= 0:
        raise InputError("signal ratio of a lesion", f"is {ratio}", "give a positive number")
    relative = ratio / MEDIAN_SIGNAL_RATIO
    if sequence_name == InversionRecovery.name:
        signal = ratio * MUSCLE
    elif sequence_name == DixonWater.name:
        signal = relative * palette.signal("edema")
    elif sequence_name == SpinEcho.name:
        signal = min(palette.signal("edema") / relative**T1_EXPONENT, T1_BELOW_MARROW * palette.signal("red_marrow"))
    else:
        raise InputError(f"sequence {sequence_name!r}", "is not known", "give stir, t1 or t2_dixon_water")
    return _with_leak_of(palette, "edema", signal, sequence_name)


def ratio_signal(palette: Palette, ratio: float, like: str = "red_marrow") -> FloatArray:
    """Signal and fat leak of what is `ratio` times as bright as muscle in a STIR image, with the fat of a tissue.

    Args:
        palette: of STIR.
        ratio: over muscle.
        like: the tissue whose fat it has.

    Returns:
        float32 (2,).
    """
    return np.array((ratio * MUSCLE, palette.fat_leak(like)), dtype=np.float32)


def look_alike_signal(palette: Palette, sequence_name: str, ratio: float, like: str = "red_marrow") -> FloatArray:
    """Signal and fat leak of a look-alike that is `ratio` times as bright as muscle in STIR.

    T1 shows the tissue that it is, so that both sequences together tell it from a lesion, as they do for a
    radiologist; Dixon, which is sensitive to fluid as well, shows the ratio.

    Args:
        palette: of the sequence.
        sequence_name: "stir", "t1" or "t2_dixon_water".
        ratio: over muscle in STIR.
        like: the tissue that it is, such as "red_marrow", "muscle_edema", "joint_fluid", "lymph_node", "slow_blood".

    Returns:
        float32 (2,).
    """
    if sequence_name == InversionRecovery.name:
        return ratio_signal(palette, ratio, like)
    signal = palette.signal(like) if sequence_name == SpinEcho.name else ratio * MUSCLE
    return _with_leak_of(palette, like, signal, sequence_name)


def _with_leak_of(palette: Palette, tissue: str, signal: float, sequence_name: str) -> FloatArray:
    """The signal with the tissue's fat: a Dixon leak leads to the tissue's fat image, whatever the water shows."""
    leak = palette.fat_leak(tissue)
    if sequence_name == DixonWater.name:
        leak += palette.signal(tissue) - signal
    return np.array((signal, leak), dtype=np.float32)


def _draw_mode(settings: ContrastSettings, rng: np.random.Generator) -> Mode:
    randomised = rng.uniform() < settings.randomised_share
    if settings.mode == "mixed":
        return "randomised" if randomised else "physical"
    return settings.mode
