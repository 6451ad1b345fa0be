"""The home exam: families of phantoms that training never sees, each a preset ``exam_<family>``.

Each family leaves the preset ``training`` in one respect, so that the result says where a model's limits lie. Families,
seeds and numbers are fixed: a changed exam is another exam, whose results cannot be compared with the old ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crmo_seg.phantom.generate import PhantomStudy, make_studies
from crmo_seg.phantom.settings import EXAM_PREFIX, PhantomSettings, read_preset

TRAINING_PRESET: Final = "training"


@dataclass(frozen=True)
class ExamFamily:
    """Phantoms that differ from those of training in one respect.

    Attributes:
        name: of the preset, without the prefix.
        says: in what it differs, for tables.
        patients: one study each.
        seed: of no other family, and of no training.
    """

    name: str
    says: str
    patients: int
    seed: int

    def settings(self) -> PhantomSettings:
        """Its preset."""
        return read_preset(EXAM_PREFIX + self.name)

    @staticmethod
    def case_id(index: int) -> str:
        """Of one of its studies, before it is made."""
        return f"phantom-{index:04d}"

    def study(self, index: int) -> PhantomStudy:
        """One of its studies, from 0; always the same voxels."""
        return next(make_studies(self.settings(), self.seed, index))

    def studies(self) -> Iterator[PhantomStudy]:
        """All of them."""
        return (self.study(index) for index in range(self.patients))


FAMILIES: Final = (
    ExamFamily("toddlers", "3 to 3.8 years", 6, 810_001),
    ExamFamily("adolescents", "16.2 to 17 years", 6, 810_002),
    ExamFamily("shapes", "other bones, organs and builds", 6, 810_003),
    ExamFamily("contrasts", "wider random contrast", 8, 810_004),
    ExamFamily("dixon", "T2 Dixon water", 6, 810_005),
    ExamFamily("spines_thin", "sagittal spine, 2 to 3 mm", 6, 810_006),
    ExamFamily("spines_thick", "sagittal spine, 6 to 8 mm", 6, 810_007),
    ExamFamily("regions", "ankles, shoulders, neck alone", 10, 810_008),
    ExamFamily("poor_scans", "8 to 9 mm, noise, bias, ghosts", 6, 810_009),
    ExamFamily("look_alikes", "no lesion, many look-alikes", 6, 810_010),
    ExamFamily("heavy", "three times the lesions", 6, 810_011),
)
