"""Versions of the libraries that write exported files."""

from importlib.metadata import version

_LIBRARIES = (
    *("tensorflow", "keras", "ai-edge-litert", "ai-edge-quantizer"),
    *("onnx", "tf2onnx", "numpy", "pillow"),
)


def library_versions() -> dict[str, str]:
    """The version of each, by name."""
    return {name: version(name) for name in _LIBRARIES}
