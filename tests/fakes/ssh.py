"""An ssh that reaches every host in a folder of this computer: people may have nothing cloned from a path."""

from pathlib import Path
from shlex import quote


def behind_ssh(repository: Path) -> Path:
    """A folder to put first on a PATH. The repository is found there by its name, such as git@example.org:NAME."""
    folder = repository.parent / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "ssh"
    program.write_text(f'#!/bin/sh\nfor line; do :; done\ncd {quote(str(repository.parent))} && exec sh -c "$line"\n')
    program.chmod(0o755)
    return folder
