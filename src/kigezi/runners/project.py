"""The project as this process runs it, for workers that are to run it alike."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from kedro.io import CatalogProtocol

import kigezi
from kigezi.context import ProjectContext
from kigezi.datasets.aside import sha256_of
from kigezi.learning.finished import keras_backend
from kigezi.processor import DECIDING
from kigezi.records import digest_of


@dataclass(frozen=True)
class Project:
    """The project as the driver runs it."""

    path: Path
    """its folder, the same on every machine"""
    code: str
    """digest of the source files"""
    conf_source: str
    env: str
    runtime_params: Mapping[str, Any]
    """what stands in `--params`"""
    load_versions: Mapping[str, str]
    environment: Mapping[str, str]
    """environment variables that decide the trained weights"""
    log_topic: str
    """where the driver listens for log lines"""
    log_level: int
    run_id: str | None

    @classmethod
    def running(cls, catalog: CatalogProtocol, run_id: str | None) -> "Project":
        """The project of this process's latest session.

        Args:
            catalog: The session's, which knows `--load-versions`.
            run_id: Kedro's.
        """
        context = ProjectContext.running
        loader = context.config_loader
        variables = {name: os.environ.get(name, "") for name in DECIDING}
        return cls(
            path=Path(context.project_path),
            code=code_digest(),
            conf_source=loader.conf_source,
            env=loader.env or loader.default_run_env,
            runtime_params=loader.runtime_params or {},
            load_versions=dict(catalog._load_versions),
            environment=variables | {"KERAS_BACKEND": keras_backend()},
            log_topic=f"kigezi-log-{uuid4().hex}",
            log_level=logging.getLogger("kigezi").getEffectiveLevel(),
            run_id=run_id,
        )


@cache
def code_digest() -> str:
    """Digest of the source files, as they were when this process first asked."""
    folder = Path(kigezi.__file__).parent
    files = sorted(folder.rglob("*.py"))
    return digest_of([[str(f.relative_to(folder)), sha256_of(f)] for f in files])
