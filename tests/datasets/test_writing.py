import pickle
import subprocess
import sys
from pathlib import Path

from tests.datasets.builds import small_build

CODE = """
import pickle, sys
import kigezi.datasets.writing
folder, make = pickle.loads(sys.stdin.buffer.read())
assert len(make(folder.read("a/000.jpg"), "x")) == 4
print(sorted({"kedro", "pandas", "pydantic", "tensorflow"} & set(sys.modules)))
"""


def test_workers_import_only_what_makes_images(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs")
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        input=pickle.dumps((build.folder, build.make)),
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"[]\n"
