"""What OpenCode says was changed, put together and cut down to what a person reads; `git` decides what is a patch."""

import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.opencode.patches import patch_of, patches_of
from tests.fakes.opencode_files import change, changes
from tests.opencode.test_reporting import row


def test_a_patch_names_files_as_git_does() -> None:
    head = "Index: x\n=====\n--- x\t\n+++ x\t\n"
    rows = [
        row("new.txt", "added", f"{head}@@ -0,0 +1,1 @@\n+one\n"),
        row("old.txt", "deleted", f"{head}@@ -1,1 +0,0 @@\n-one\n"),
        row("a.txt", "modified", f"{head}@@ -1,1 +1,1 @@\n-one\n+two\n\\ No newline at end of file"),
        row("same.txt", "modified"),
    ]

    assert patch_of(rows) == (
        "diff --git a/new.txt b/new.txt\nnew file mode 100644\n--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,1 @@\n+one\n"
        "diff --git a/old.txt b/old.txt\ndeleted file mode 100644\n--- a/old.txt\n+++ /dev/null\n"
        "@@ -1,1 +0,0 @@\n-one\n"
        "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,1 +1,1 @@\n-one\n+two\n"
        "\\ No newline at end of file\n"
    )


def test_only_the_lines_around_a_change_are_shown() -> None:
    old = [f"line {number}\n" for number in range(2_000)]
    new = [*old[:1_000], "changed\n", *old[1_001:1_500], *old[1_501:]]

    patch = patch_of([change("a.txt", "".join(old), "".join(new))])

    assert patch.splitlines()[3:] == [
        "@@ -998,7 +998,7 @@",
        *(f" line {number}" for number in (997, 998, 999)),
        "-line 1000",
        "+changed",
        *(f" line {number}" for number in (1001, 1002, 1003)),
        "@@ -1498,7 +1498,6 @@",
        *(f" line {number}" for number in (1497, 1498, 1499)),
        "-line 1500",
        *(f" line {number}" for number in (1501, 1502, 1503)),
    ]


def test_what_was_changed_back_is_no_change() -> None:
    there, back = change("a.txt", "one\ntwo\n", "one\n2\n"), change("a.txt", "one\n2\n", "one\ntwo\n")

    assert patch_of([there, back]) == ""


def test_an_empty_file_is_made_and_one_that_is_no_text_is_left_out() -> None:
    rows = [row("empty", "added", "Index: empty\n====\n"), row("logo.png", "added"), row("logo.png", "modified")]

    assert patch_of(rows) == "diff --git a/empty b/empty\nnew file mode 100644\n"


def test_patches_that_do_not_fit_together_follow_each_other() -> None:
    """Somebody else has changed the file in between."""
    first, second = change("a.txt", "1\n", "2\n"), change("a.txt", "3\n", "4\n")

    assert [(one.added, one.removed) for one in patches_of([first, second])] == [(1, 1), (1, 1)]


LINES = st.lists(
    st.sampled_from(["a\n", "b\n", "c\n", "d\r\n", "e\x0cf\n", "\n", "@@ -1 +1 @@\n", "-- x\n"]), max_size=16
)
TEXTS = st.builds(lambda lines, end: "".join(lines) + end, LINES, st.sampled_from(["", "", "z"]))
FILES = st.dictionaries(st.sampled_from(["a.txt", "b/c d.txt"]), TEXTS)


@settings(max_examples=60)
@given(st.lists(FILES, min_size=2, max_size=4))
def test_whatever_a_turn_did_git_makes_the_same_of_it(tmp_path_factory: Any, states: list[dict[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("tree")
    fill(folder, states[0])
    rows = [one for before, after in pairwise(states) for one in changes(before, after)]

    patch = patch_of(rows)

    if patch:
        subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=folder, input=patch.encode(), check=True)
    assert held(folder) == states[-1]
    assert len({one.file for one in patches_of(rows)}) == len(patches_of(rows))


def fill(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def held(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_bytes().decode() for path in folder.rglob("*") if path.is_file()}
