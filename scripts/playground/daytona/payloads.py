"""The records as Daytona's API shows them: camel case, ISO times, and every field that its SDK insists on."""

import uuid
from datetime import UTC, datetime

from scripts.playground.daytona.records import Json, Sandbox, Snapshot

ORGANIZATION = "0b1f5c1e-6f0c-4d0e-9a52-0d6b8f3a7c11"
LISTED_WITHOUT = frozenset({"env", "kvm", "volumes", "buildInfo"})


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sandbox(record: Sandbox, toolbox_url: str) -> Json:
    return {
        "id": record.id,
        "organizationId": ORGANIZATION,
        "name": record.name,
        "snapshot": record.snapshot,
        "user": "daytona",
        "env": record.env,
        "labels": record.labels,
        "public": record.public,
        "networkBlockAll": False,
        "kvm": False,
        "target": record.target,
        "cpu": record.cpu,
        "gpu": 0,
        "memory": record.memory,
        "disk": record.disk,
        "state": record.state,
        "desiredState": record.desired_state,
        "errorReason": record.error_reason,
        "recoverable": record.recoverable,
        "autoStopInterval": record.auto_stop,
        "autoArchiveInterval": record.auto_archive,
        "autoDeleteInterval": record.auto_delete,
        "volumes": [],
        "buildInfo": record.build_info,
        "createdAt": iso(record.created),
        "updatedAt": iso(record.updated),
        "lastActivityAt": iso(record.last_activity),
        "toolboxProxyUrl": toolbox_url,
    }


def listed(record: Sandbox, toolbox_url: str) -> Json:
    whole = sandbox(record, toolbox_url)
    return {key: value for key, value in whole.items() if key not in LISTED_WITHOUT}


def snapshot(record: Snapshot) -> Json:
    return {
        "id": record.id,
        "organizationId": ORGANIZATION,
        "general": False,
        "name": record.name,
        "imageName": record.image,
        "state": record.state,
        "size": 0.5 if record.state == "active" else None,
        "entrypoint": record.entrypoint,
        "cpu": record.cpu,
        "gpu": 0,
        "mem": record.memory,
        "disk": record.disk,
        "errorReason": record.error_reason,
        "createdAt": iso(record.created),
        "updatedAt": iso(record.created),
        "lastUsedAt": None,
        "buildInfo": record.build_info,
        "sourceSandboxId": None,
    }


def build_info(dockerfile: str, reference: str, now: float) -> Json:
    return {
        "dockerfileContent": dockerfile,
        "contextHashes": [],
        "createdAt": iso(now),
        "updatedAt": iso(now),
        "snapshotRef": reference,
    }


def access(record: Sandbox, token: str, now: float, minutes: int) -> Json:
    return {
        "id": str(uuid.uuid4()),
        "sandboxId": record.id,
        "token": token,
        "expiresAt": iso(now + 60 * minutes),
        "createdAt": iso(now),
        "updatedAt": iso(now),
        "sshCommand": f"ssh -p 2222 {token}@127.0.0.1",
    }
