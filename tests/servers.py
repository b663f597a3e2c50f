"""Real servers on this machine for a test: PostgreSQL and MLflow's."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def postgresql_programs() -> Path | None:
    """The folder of PostgreSQL's programs; Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of its own; the URI of an empty database in it."""
    with TemporaryDirectory(prefix="kigezi-postgresql-") as folder:
        user: dict[str, str] = {}
        if os.geteuid() == 0:  # as root it refuses to start
            user["user"] = "postgres"
            shutil.chown(folder, "postgres")

        def run(program: str, *arguments: str) -> None:
            command = [postgresql_programs() / program, *arguments]
            subprocess.run(command, check=True, cwd=folder, stdout=DEVNULL, **user)

        data, port = f"{folder}/data", free_port()
        run("initdb", f"--pgdata={data}", "--auth=trust", "--username=kigezi")
        settings = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        )
        control = ("pg_ctl", f"--pgdata={data}", "-w")
        run(*control, f"--log={folder}/log", f"-o{settings}", "start")
        try:
            run("createdb", "-h127.0.0.1", f"-p{port}", "-Ukigezi", "mlflow")
            yield f"postgresql+pg8000://kigezi@127.0.0.1:{port}/mlflow"
        finally:
            run(*control, "-mimmediate", "stop")


class MlflowServer:
    """MLflow's server as the README starts it, which may be killed and started anew."""

    def __init__(self, folder: Path, backend: str) -> None:
        self._folder = folder
        self._backend = backend
        self._port = free_port()
        self.uri = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        hosts = f"127.0.0.1:{self._port},localhost:{self._port}"
        command = [
            *(sys.executable, "-m", "mlflow", "server"),
            *("--backend-store-uri", self._backend),
            *("--artifacts-destination", str(self._folder / "artifacts")),
            *("--host", "127.0.0.1", "--port", str(self._port)),
            *("--allowed-hosts", hosts, "--workers", "1"),
        ]
        environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        wait_for(self.answers, 120)

    def kill(self) -> None:
        """Kill the server and its workers, as a power cut does."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def answers(self, host: str | None = None, path: str = "/health") -> bool:
        """Whether it answers somebody who calls it by this name."""
        headers = {"Host": host} if host else {}
        request = urllib.request.Request(f"{self.uri}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status == 200
        except OSError:
            return False


@contextmanager
def mlflow_server(folder: Path, backend: str) -> Iterator[MlflowServer]:
    """A running MLflow server, killed at the end."""
    server = MlflowServer(folder, backend)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
