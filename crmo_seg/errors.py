"""The one exception that a user is meant to read."""

from __future__ import annotations


class InputError(ValueError):
    """Something that the user gave is wrong: a file, a setting, a folder.

    The message is one line: what is wrong with which file, what was expected, and what to do.
    The commands print it and end with exit code 2; everything else is a bug and keeps its traceback.

    >>> raise InputError("knee.nii.gz", "is 2D, shape (64, 64)", "give one 3D volume")
    Traceback (most recent call last):
    crmo_seg.errors.InputError: knee.nii.gz: is 2D, shape (64, 64); give one 3D volume
    """

    def __init__(self, source: object, problem: str, remedy: str) -> None:
        super().__init__(f"{source}: {problem}; {remedy}")
        self.source = source
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """Between processes it goes as its words."""
        return type(self), (str(self.source), self.problem, self.remedy)
