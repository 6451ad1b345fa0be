"""What is analysed of an examination, and the reason for every series."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from stack_builders import COMPOSED_HEADER, SAGITTAL, T1_HEADER, make_grid, make_stack, make_stations, unusable

from crmo_seg.io.dicom.choose.rules import Rules, read_rules
from crmo_seg.io.dicom.choose.series import Choice, choice_by_series, choose_series, choose_stacks
from crmo_seg.io.dicom.types import Stack

T1 = {**T1_HEADER, "InversionTime": None}


@pytest.fixture(scope="module")
def rules() -> Rules:
    return read_rules()


@pytest.fixture
def exam() -> list[Stack]:
    """A whole-body examination as it comes from a scanner, without the composed series."""
    spine = make_grid(SAGITTAL, (25, 25, 6), (20, 20, 6), (0, 0, 200))
    return [
        unusable(make_stack(1, "localizer"), "holds 3 single slices in different directions"),
        *make_stations(400, 0, -400, first_number=2),
        *make_stations(400, 0, -400, first_number=5, description="T1 cor station", **T1),
        make_stack(8, "STIR sag spine", spine),
        make_stack(9, "STIR cor MIP", make_grid(shape=(20, 65, 6))),
        replace(make_stack(10, "report"), modality="SR"),
    ]


def composed(number: int = 11) -> Stack:
    return make_stack(number, "STIR cor composed", make_grid(shape=(20, 65, 6)), **COMPOSED_HEADER)


def reasons(stacks: list[Stack], choice: Choice) -> dict[int, str]:
    said = zip(stacks, choice.verdicts, strict=True)
    return {int(float(str(stack.header["SeriesNumber"]))): verdict.reason for stack, verdict in said}


def used(stacks: list[Stack], choice: Choice) -> list[int]:
    said = zip(stacks, choice.verdicts, strict=True)
    return sorted(int(float(str(stack.header["SeriesNumber"]))) for stack, verdict in said if verdict.used)


def test_the_stations_of_the_coronal_whole_body_stir_are_used(exam: list[Stack], rules: Rules) -> None:
    choice = choose_stacks(exam, rules)
    assert list(choice.stacks) == exam[1:4]
    assert used(exam, choice) == [2, 3, 4]
    first = "is STIR or TIRM by name, coronal, whole body by its length"
    others = "is STIR or TIRM by name, sagittal, half of a body by its length"
    assert reasons(exam, choice) == {
        1: "holds 3 single slices in different directions",
        2: f"{first}, station 1 of 3",
        3: f"{first}, station 2 of 3",
        4: f"{first}, station 3 of 3",
        5: "is T1-weighted",
        6: "is T1-weighted",
        7: "is T1-weighted",
        8: f"{others}, but series 2 (STIR cor station 2) counts more (190 against 115)",
        9: "is a projection of a volume",
        10: "is no MR",
    }
    assert (choice.notes, choice.problem) == ((), None)


def test_a_composed_series_is_used_instead_of_its_stations(exam: list[Stack], rules: Rules) -> None:
    stacks = [*exam, composed()]
    choice = choose_stacks(stacks, rules)
    assert used(stacks, choice) == [11]
    assert choice.stacks == (stacks[-1], *exam[1:4])
    said = reasons(stacks, choice)
    assert said[11] == "is STIR or TIRM by name, coronal, whole body by its length, composed of 3 stations"
    assert said[2] == said[4] == "is a station of series 11 (STIR cor composed), which is used"


def test_any_order_of_the_series_gives_the_same(exam: list[Stack], rules: Rules) -> None:
    stacks = [*exam, composed()]
    before = reasons(stacks, choose_stacks(stacks, rules))
    for seed in range(3):
        random.Random(seed).shuffle(stacks)
        assert reasons(stacks, choose_stacks(stacks, rules)) == before


def test_a_coronal_whole_body_dixon_comes_before_a_small_stir(rules: Rules) -> None:
    water = make_stack(
        1, "T2 dixon W", make_grid(shape=(20, 65, 6)), ScanningSequence=("SE",), InversionTime=None,
        ImageType=("DERIVED", "PRIMARY", "DIXON", "W"),
    )  # fmt: skip
    knee = make_stack(2, "STIR cor knee", make_grid(shape=(20, 10, 6)))
    assert used([water, knee], choose_stacks([water, knee], rules)) == [1]


def test_what_is_left_out_of_the_sequence_is_a_note(exam: list[Stack], rules: Rules) -> None:
    repeated = make_stack(12, "STIR cor station 2 repeated", exam[2].geometry)
    choice = choose_stacks([*exam, repeated], rules)
    assert used([*exam, repeated], choice) == [2, 4, 12]
    note = "Series 3 (STIR cor station 3) shows the same place as the later series 12 (STIR cor station 2 repeated)"
    assert choice.notes == (f"{note}; it was left out.",)


def test_the_only_sequence_is_used_though_no_rule_knows_it(rules: Rules) -> None:
    stations = make_stations(0, 400, description="cor", ScanningSequence=("GR",), InversionTime=None)
    choice = choose_stacks(stations, rules)
    assert used(stations, choice) == [1, 2]
    assert choice.verdicts[0].reason == "is the only sequence, though no rule knows it, station 2 of 2"
    assert choice.notes == ("No rule knows series 2 (cor 2); it is the only sequence of the study.",)


def test_nothing_is_guessed_of_several_unknown_sequences(rules: Rules) -> None:
    stacks = [make_stack(number, f"x {echo}", EchoTime=echo, **UNKNOWN) for number, echo in ((1, 4.0), (2, 9.0))]
    choice = choose_stacks(stacks, rules)
    assert (choice.sequence, choice.stacks, used(stacks, choice)) == (None, (), [])
    assert choice.problem is not None
    problem, remedy = choice.problem
    assert problem == (
        "has no series that can be chosen (series 1 (x 4.0) is nothing that a rule looks for, "
        "series 2 (x 9.0) is nothing that a rule looks for)"
    )
    assert remedy == "choose one with --series UID; crmo-seg inspect lists them"


UNKNOWN: dict[str, object] = {"ScanningSequence": ("GR",), "InversionTime": None}


def test_a_refused_series_is_not_used_even_alone(rules: Rules) -> None:
    choice = choose_stacks([make_stack(1, "T1 cor", **T1)], rules)
    assert choice.problem is not None
    assert choice.problem[0] == "has no series that can be chosen (series 1 (T1 cor) is T1-weighted)"


def test_the_problem_of_the_only_series_is_the_problem(rules: Rules) -> None:
    choice = choose_stacks([unusable(make_stack(1), "has a single slice")], rules)
    assert choice.problem == ("has a single slice", "send it again")


def test_long_lists_are_cut(rules: Rules) -> None:
    choice = choose_stacks([make_stack(number, "T1", **T1) for number in range(9)], rules)
    assert choice.problem is not None
    assert choice.problem[0].endswith("series 5 (T1) is T1-weighted, and 3 more)")


def test_the_user_overrules_the_rules(exam: list[Stack], rules: Rules) -> None:
    choice = choose_series(exam, "1.2.6", rules)
    assert used(exam, choice) == [6]
    assert reasons(exam, choice)[6] == "is the series that --series names"
    assert reasons(exam, choice)[2] == "is not the series that --series names"


def test_a_named_series_with_stations_is_used_whole(rules: Rules) -> None:
    stations = [
        replace(stack, series_uid="1.2.7", name=f"station-{n}") for n, stack in enumerate(make_stations(0, 400))
    ]
    assert list(choose_series(stations, "1.2.7", rules).stacks) == stations[::-1]


def test_rules_choose_within_a_named_series(rules: Rules) -> None:
    kinds = {"magnitude": ("ORIGINAL", "PRIMARY", "M"), "phase": ("ORIGINAL", "PRIMARY", "P")}
    stacks = [replace(make_stack(1, ImageType=kind), name=name) for name, kind in kinds.items()]
    assert choose_series(stacks, "1.2.1", rules).stacks == (stacks[0],)


def test_a_named_series_that_cannot_be_used_says_why(exam: list[Stack], rules: Rules) -> None:
    assert choose_series(exam, "1.9", rules).problem == ("has no series 1.9", "crmo-seg inspect lists what there is")
    problem = choose_series(exam, "1.2.1", rules).problem
    assert problem == ("series 1.2.1 holds 3 single slices in different directions", "send it again")
    echoes = [replace(make_stack(1, "x", EchoTime=echo, **UNKNOWN), name=f"echo-{echo}") for echo in (4.0, 9.0)]
    problem = choose_series(echoes, "1.2.1", rules).problem
    assert problem is not None
    assert problem[0] == "series 1.2.1 holds 2 volumes (echo-4.0, echo-9.0)"


def test_a_table_of_any_patients_and_studies_can_say_what_is_used(exam: list[Stack], rules: Rules) -> None:
    other = [
        replace(stack, patient_id="other", study_uid="1.3", series_uid=f"1.3.{stack.series_uid}") for stack in exam
    ]
    table = choice_by_series([*exam, *other], rules)
    assert len(table) == len(exam) + len(other)
    alone = choose_stacks(exam, rules).verdicts
    for stack, twin, verdict in zip(exam, other, alone, strict=True):
        assert table[stack.series_uid, ""] == table[twin.series_uid, ""] == verdict
    assert choice_by_series(exam)["1.2.2", ""].used
