"""Which files of a BIDS data set are meant by a name; two files of one name in one case are refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.bids_files import BidsFile, Selector, difference

Named: TypeAlias = Mapping[str, BidsFile]
"""Name of a sequence or of a head -> its file."""

FilesByCase: TypeAlias = Mapping[str, Named]
"""Case -> its files."""

_MOST_KINDS: Final = 8


def selected(selectors: Iterable[Selector], files: Iterable[BidsFile]) -> Iterator[tuple[str, BidsFile]]:
    """The files that are taken, with the selector's name; of selectors of one name the first that fits a case counts.

    >>> from crmo_seg.jobs.dataset.bids_files import parse_file, parse_selector
    >>> files = [parse_file(Path(f"sub-{name}_T2w.nii")) for name in ("1", "1_run-2", "2")]
    >>> selectors = [parse_selector(text, "--sequence") for text in ("t2=run-2", "t2=T2w")]
    >>> [file.path.name for _, file in selected(selectors, files)]
    ['sub-1_run-2_T2w.nii', 'sub-2_T2w.nii']
    """
    files = tuple(files)
    done: set[tuple[str, str]] = set()
    for selector in selectors:
        taken = [file for file in files if selector.takes(file) and (selector.name, file.case_id) not in done]
        done |= {(selector.name, file.case_id) for file in taken}
        yield from ((selector.name, file) for file in taken)


def named_once(named: Iterable[tuple[str, BidsFile]], source: Path, option: str) -> FilesByCase:
    """Names with their files, by case.

    Args:
        named: name and file.
        source: the data set, for messages.
        option: by which the user can choose.

    Raises:
        InputError: where a case has two files of one name; it names both.
    """
    files: dict[str, dict[str, list[BidsFile]]] = defaultdict(lambda: defaultdict(list))
    for name, file in named:
        files[file.case_id][name].append(file)
    for by_name in files.values():
        for name, several in by_name.items():
            if len(several) > 1:
                raise _ambiguous(name, several, source, option)
    return {case_id: {name: file for name, (file,) in by_name.items()} for case_id, by_name in files.items()}


def kinds(files: Iterable[BidsFile]) -> str:
    """What the files are, subject and session left out; the first few."""
    found = sorted({_kind(file) for file in files})
    more = [f"and {len(found) - _MOST_KINDS} more"] if len(found) > _MOST_KINDS else []
    return ", ".join([*found[:_MOST_KINDS], *more])


def _kind(file: BidsFile) -> str:
    told = [f"{key}-{label}" for key, label in file.entities.items() if key not in ("sub", "ses")]
    return "_".join([*told, file.suffix])


def _ambiguous(name: str, several: list[BidsFile], source: Path, option: str) -> InputError:
    first, second = several[:2]
    more = f" and {len(several) - 2} more" if len(several) > 2 else ""
    problem = f"and {_below(second.path, source)}{more} are both {name} of {first.case_id}"
    told = difference(first, second) or difference(second, first)
    if not told:
        return InputError(_below(first.path, source), problem, "choose one folder with --derivatives")
    stations = "; or join the stations into one image" if "chunk-" in told else ""
    return InputError(_below(first.path, source), problem, f"choose with {option} {name}={told}{stations}")


def _below(path: Path, source: Path) -> Path:
    return path.relative_to(source) if path.is_relative_to(source) else path
