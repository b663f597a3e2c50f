import pytest

from kigezi.errors import DataError
from kigezi.photos.labels import (
    check_labels,
    class_root,
    is_document,
    label_folder,
)

ROOTS = {
    "": ["a/1.jpg", "b/2.jpg"],
    "top/": ["top/a/1.jpg", "top/b/2.jpg"],
    "top/deep/": ["top/deep/a/1.jpg", "top/deep/b/x/2.jpg"],
}


@pytest.mark.parametrize("root", ROOTS)
def test_single_folders_of_folders_are_stepped_into(root: str) -> None:
    assert class_root(ROOTS[root]) == root


def test_a_class_is_not_stepped_into() -> None:
    assert class_root(["a/1.jpg", "a/day/2.jpg"]) == ""
    assert class_root(["top/a/1.jpg", "top/read me.txt"]) == ""
    assert class_root([]) == ""


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["Rust", "rust"], "'Rust' and 'rust'"),
        (["caf\u00e9", "cafe\u0301"], "differ only"),
        (["a" * 101], "101 characters"),
        (["a\nb"], "control character"),
    ],
)
def test_names_that_cannot_be_kept_apart_are_refused(
    labels: list[str], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        check_labels(labels)


def test_other_names_pass() -> None:
    check_labels(["healthy", "early blight", "kahawa ☕", "=cmd()", "CON"])


LABELS = [
    "Potato___healthy",
    "early blight",
    "a/b",
    "..",
    "%",
    "%25",
    "é",
    "CON",
    "con.jpg",
    "end.",
    "end ",
    "~",
    "葉" * 90,
    "葉" * 91,
]


def test_folders_are_different_and_portable() -> None:
    folders = [label_folder(label) for label in LABELS]
    assert len(set(folders)) == len(LABELS)
    for folder in folders:
        assert folder.isascii()
        assert len(folder) <= 100
        assert not set(folder) & set('/\\:*?"<>|')
        assert not folder.endswith((".", " "))
        assert folder.split(".")[0].upper() != "CON"


def test_plain_labels_are_their_own_folder() -> None:
    assert label_folder("Potato___healthy") == "Potato___healthy"
    assert label_folder("early blight") == "early blight"


@pytest.mark.parametrize(
    "names", [["train", "test"], ["Train", "Valid", "Test"], ["validation"]]
)
def test_folders_of_splits_are_no_classes(names: list[str]) -> None:
    with pytest.raises(DataError, match="look like splits, not classes"):
        check_labels(names)
    check_labels([*names, "healthy"])


@pytest.mark.parametrize("name", ["LICENSE", "a/README.md", "list.CSV"])
def test_documents_are_no_photographs(name: str) -> None:
    assert is_document(name)
    assert not is_document("a/photograph.jpg")
