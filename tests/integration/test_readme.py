"""The README's commands run as they stand there; ``make`` and installation are run by CI itself."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import crmo_seg
from crmo_seg.jobs.predict import DEFAULT_MODEL, shipped_models

PLACEHOLDERS = {"STUDY": "outputs/phantom/manifest.csv"}


def blocks(repository: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (repository / "README.md").read_text(), re.DOTALL)


def commands(repository: Path) -> list[list[str]]:
    lines = [line for block in blocks(repository, "bash") for line in block.splitlines() if line.strip()]
    words = [[PLACEHOLDERS.get(word, word) for word in shlex.split(line)] for line in lines]
    # A study must be made before it can be read: the page for readers comes first in the text only.
    return sorted(words, key=lambda line: "results" in line and "-o" in line and "outputs/results" not in line)


def with_a_model(words: list[str]) -> list[str]:
    """The command as it stands, but in a checkout without the default model, which takes the smoke model."""
    given = "predict" not in words or "--model" in words or DEFAULT_MODEL in shipped_models()
    return words if given else [*words, "--model", "outputs/smoke/bundle"]


def test_the_commands_and_the_example_run(
    repository: Path, smoke_run: Path, workplace: Path, command: Callable[..., str]
) -> None:
    for words in commands(repository):
        if words[:3] != ["python", "train.py", "experiment=smoke"]:  # that is what smoke_run ran
            command(with_a_model(words), workplace)
    assert (workplace / "results" / "phantom-0000" / "report.html").is_file()
    (example,) = blocks(repository, "python")
    assert "ml" in command(["python", "-c", example], workplace)


def pages(repository: Path) -> list[Path]:
    return [repository / "README.md", repository / "CONTRIBUTING.md", *sorted((repository / "docs").glob("*.md"))]


def test_what_the_pages_link_to_exists(repository: Path) -> None:
    links = [(page, link) for page in pages(repository) for link in re.findall(r"\]\(([^):]+)\)", page.read_text())]
    assert len(links) > len(pages(repository))
    for page, link in links:
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), (page.name, link)
        assert not heading or heading in headings(target), (page.name, link)


def headings(page: Path) -> set[str]:
    """Anchors as GitHub makes them."""
    lines = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


def test_the_index_names_every_page(repository: Path) -> None:
    index = (repository / "docs" / "README.md").read_text()
    names = {page.name for page in (repository / "docs").glob("*.md")} - {"README.md"}
    assert {name for name in names if f"({name})" not in index} == set()


def test_the_map_names_every_part_of_the_package(repository: Path) -> None:
    text = (repository / "README.md").read_text()
    parts = [part for part in Path(crmo_seg.__file__).parent.iterdir() if part.is_dir() or part.suffix == ".py"]
    names = {f"`{part.name}/`" if part.is_dir() else f"`{part.name}`" for part in parts}
    assert {name for name in names if name not in text} <= {"`__init__.py`", "`__pycache__/`", "`configs/`"}
