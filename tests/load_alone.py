"""Load a registered model where the project is not installed, and ask it.

It is run as a script, with the address of the MLflow server, the model's URI and the
path of a photograph. What it prints last is JSON.
"""

import importlib.util
import json
import sys
from pathlib import Path


def forget_the_project() -> None:
    """Let nothing be imported from an installed project."""
    sys.path[:] = [path for path in sys.path if not Path(path, "kigezi").is_dir()]
    sys.meta_path[:] = [one for one in sys.meta_path if "editable" not in repr(one)]
    assert importlib.util.find_spec("kigezi") is None


def main(address: str, uri: str, photograph: str) -> None:
    """Ask for the photograph, and for the example that the model brings along."""
    import mlflow
    import pandas as pd

    mlflow.set_tracking_uri(address)
    model = mlflow.pyfunc.load_model(uri)
    image = pd.DataFrame({"image": [Path(photograph).read_bytes()]})

    import kigezi

    heavy = [name for name in ("kedro", "keras", "tensorflow") if name in sys.modules]
    said = {
        "answer": model.predict(image)["answer"].item(),
        "example": model.predict(model.input_example)["answer"].item(),
        "code": str(Path(kigezi.__file__).parent),
        "heavy": heavy,
    }
    sys.stdout.write(f"{json.dumps(said)}\n")


if __name__ == "__main__":
    forget_the_project()
    main(*sys.argv[1:])
