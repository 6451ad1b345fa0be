"""The README's commands run as they stand there; ``make`` and installation are run by CI itself."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

PLACEHOLDERS = {"STUDY": "outputs/phantom/manifest.csv", "MODEL": "outputs/smoke/bundle"}


def blocks(repository: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (repository / "README.md").read_text(), re.DOTALL)


def commands(repository: Path) -> list[list[str]]:
    lines = [line for block in blocks(repository, "bash") for line in block.splitlines() if line.strip()]
    words = [[PLACEHOLDERS.get(word, word) for word in shlex.split(line)] for line in lines]
    # A study must be made before it can be read: the page for readers comes first in the text only.
    return sorted(words, key=lambda line: "results" in line and "-o" in line and "outputs/results" not in line)


def test_the_commands_and_the_example_run(
    repository: Path, smoke_run: Path, workplace: Path, command: Callable[..., str]
) -> None:
    for words in commands(repository):
        if words[:3] != ["python", "train.py", "experiment=smoke"]:  # that is what smoke_run ran
            command(words, workplace)
    assert (workplace / "results" / "phantom-0000" / "report.html").is_file()
    (example,) = blocks(repository, "python")
    assert "ml" in command(["python", "-c", example], workplace)


def test_what_the_readme_names_exists(repository: Path) -> None:
    text = (repository / "README.md").read_text()
    named = re.findall(r"\]\(([^)#:]+)\)", text)
    assert named
    assert all((repository / name).exists() for name in named)
