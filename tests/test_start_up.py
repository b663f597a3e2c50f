"""What commands import and print, each in a process of its own."""

import gc
from importlib.metadata import entry_points
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from PIL import Image

from tests.coloured_export import SmallExport, coloured
from tests.conftest import run_kedro
from tests.pictures import encoded, write_tree
from tests.projects import copy_project

PHOTOGRAPH = encoded(Image.fromarray(coloured(1, seed=21)[0]), "PNG")

SPY = """
import atexit, os, sys

def tell():
    slow = {"tensorflow", "keras", "torch", "jax", "optuna", "statsmodels"}
    heavy = sorted(slow & set(sys.modules))
    with open(os.environ["IMPORTED"], "a") as file:
        file.write(" ".join([str(os.getpid()), *heavy]) + chr(10))

atexit.register(tell)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("project"))
    (folder / "spy").mkdir()
    (folder / "spy" / "sitecustomize.py").write_text(SPY)
    return folder


def _kedro(project: Path, *arguments: str) -> tuple[CompletedProcess[str], str]:
    """The result of a command, and the heavy modules that its processes imported."""
    imported = project / "imported.txt"
    imported.unlink(missing_ok=True)
    done = run_kedro(project, *arguments, IMPORTED=str(imported), COLUMNS="200")
    processes = imported.read_text().splitlines()
    assert processes
    return done, " ".join(line.partition(" ")[2] for line in processes).strip()


def test_commands_seldom_look_for_garbage() -> None:
    before = gc.get_threshold()
    gc.set_threshold(700)
    try:
        (entry,) = entry_points(group="kedro.init", name="kigezi_garbage")
        entry.load()()
        assert gc.get_threshold()[0] == 100_000
    finally:
        gc.set_threshold(*before)


def test_the_registry_is_listed_without_tensorflow(project: Path) -> None:
    done, imported = _kedro(project, "registry", "list")
    assert done.returncode == 0, done.stderr
    listed = {line.strip(" -") for line in done.stdout.splitlines()}
    assert {"__default__", "ingest", "augment", "tune", "report"} <= listed
    assert imported == ""


def test_images_are_made_and_compared_without_tensorflow(project: Path) -> None:
    shrunk = (
        "ingest.drawing.photographs=30,ingest.drawing.size=48,image.size=32,"
        "augment.rotation="
    )

    def run(pipeline: str, rotation: int, code: int = 0) -> str:
        """What a command says that ends with a code."""
        done, imported = _kedro(
            project,
            *("run", "--env=demo", f"--pipeline={pipeline}"),
            f"--params={shrunk}{rotation}",
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert "Traceback" not in said
        assert imported == ""
        return " ".join(said.split())

    for pipeline, rotation in [("ingest", 10), ("augment", 10), ("augment", 20)]:
        run(pipeline, rotation)
    images = project.glob("data/04_feature/augmented/*/augmented/images/*/*.jpg")
    *older, newest = sorted(images)
    assert len(older) + 1 == 2 * 30 * 4

    assert "augment.rotation: 10.0 -> 20.0" in run("diff", 20)
    table = (project / "data" / "08_reporting" / "diff.csv").read_text()
    assert table.count("re-augmented") == 30

    assert "120 images are equal" in run("verify", 20)
    newest.unlink()
    said = run("verify", 20, code=1)
    assert "1 difference in data/08_reporting/verification.csv" in said


def test_photographs_are_answered_without_tensorflow(
    project: Path, small_export: SmallExport
) -> None:
    for path, data in small_export.files().items():
        write_tree(project / "data/06_models/demo/exported", {path: data})
    write_tree(project, {"new/1.png": PHOTOGRAPH, "new/2.txt": b"text"})
    done, imported = _kedro(
        project,
        *("run", "--env=demo", "--pipeline=predict"),
        "--params=predict.source=new",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert imported == ""
    table = (project / "data" / "08_reporting" / "answers.csv").read_text()
    assert "1.png,answered,7," in table
    assert "2.txt,not read," in table
    assert (project / "data" / "08_reporting" / "answers.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--params=tune.baseline.epochs=0"], "--params: tune.baseline.epochs is 0"),
        (["--env=dmeo"], "did you mean demo?"),
        (["--pipeline=tune", "--env=quick"], "`kedro run --pipeline=ingest` first"),
        (
            ["--pipeline=predict", "--env=quick", "--params=predict.source=src"],
            "`kedro run --pipeline=export` first",
        ),
    ],
)
def test_a_mistake_prints_a_sentence(
    project: Path, arguments: list[str], words: str
) -> None:
    done, imported = _kedro(project, "run", *arguments)
    lines = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 1
    assert any(words in line for line in lines), lines
    # What differs from conf/base is said before, in a line each.
    assert len([line for line in lines if "or --params:" not in line]) <= 5, lines
    assert imported == ""


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--namespaces=tune.freezee", "namespaces: ['tune.freezee']; `kedro registry"),
        ("--nodes=nothing", "nodes named ['nothing']; `kedro registry"),
        (
            "--pipeline=tun",
            "there is no pipeline 'tun': use one of app, augment, diff, export",
        ),
        ("--env=demoo", "there is no environment 'demoo' in conf/; use one of"),
    ],
)
def test_a_misspelt_name_gets_a_sentence(
    project: Path, argument: str, said: str
) -> None:
    done, _ = _kedro(project, "run", argument)
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
