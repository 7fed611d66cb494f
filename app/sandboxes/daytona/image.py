"""What a machine in the cloud is made of: an image for Docker, as text. Pure.

Whoever changes a line here changes the name of the snapshot that is built from it, so that machines of the old image
and of the new one never go by the same name.

https://docs.docker.com/reference/dockerfile/
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

BASE = "node:22-bookworm-slim"
PACKAGES = ("ca-certificates", "curl", "gh", "git", "openssh-client", "procps", "ripgrep")
USER = "daytona"  # the one that Daytona takes a sandbox to have, where nothing else is said


@dataclass(frozen=True, slots=True)
class Size:
    """CPUs, and memory and disk in GiB. OpenCode alone wants about one of memory."""

    cpu: int = 2
    memory: int = 4
    disk: int = 8


def instructions(opencode: str) -> Sequence[str]:
    """What follows FROM, one instruction per item; `opencode` is the version that is installed."""
    return (
        "ENV LANG=C.UTF-8",
        "RUN apt-get update"
        f" && apt-get install --yes --no-install-recommends {' '.join(PACKAGES)}"
        " && rm -rf /var/lib/apt/lists/*",
        # The second half fails the build, and not the first machine, where the binary of this platform is missing.
        f"RUN npm install --global opencode-ai@{opencode} && npm cache clean --force && opencode --version",
        f"RUN useradd --create-home --shell /bin/bash {USER}",
        f"USER {USER}",
        f"WORKDIR /home/{USER}",
        # In place of the one of the base image, which would end at once.
        'ENTRYPOINT ["sleep", "infinity"]',
    )


def dockerfile(opencode: str) -> str:
    return "\n".join((f"FROM {BASE}", *instructions(opencode))) + "\n"


def snapshot_name(opencode: str, size: Size) -> str:
    """The same for the same content, and another one for any other: a snapshot's size is part of it."""
    content = f"{dockerfile(opencode)}{size}"
    return f"opencord-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
