import json
from pathlib import Path

import nbformat
import papermill
import pytest

from tests.projects import PROJECT
from tests.undisturbed import Undisturbed

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_that_was_run_is_kept(path: Path) -> None:
    notebook = json.loads(path.read_text("utf-8"))
    nbformat.validate(notebook)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells
    for cell in cells:
        assert (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.mark.slow
def test_notebooks_run_on_the_results_of_a_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Undisturbed
) -> None:
    project = undisturbed.project
    monkeypatch.setenv("KEDRO_ENV", "small")
    monkeypatch.setenv("PYTHONPATH", str(project / "src"))
    for path in NOTEBOOKS:
        run = papermill.execute_notebook(path, tmp_path / path.name, cwd=project)
        outputs = [out for cell in run.cells for out in cell.get("outputs", ())]
        pictures = [out for out in outputs if "image/png" in out.get("data", {})]
        assert len(pictures) == 2
        assert any("only longer" in out.get("text", "") for out in outputs)
