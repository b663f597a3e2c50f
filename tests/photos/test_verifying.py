import pandas as pd

from kigezi.photos.verifying import compare_files, compare_images

MADE = pd.DataFrame(
    {
        "image_id": ["a_0", "a_1"],
        "photo_id": "a",
        "copy": [0, 1],
        "label": "x",
        "split": "train",
        "path": ["a_0.jpg", "a_1.jpg"],
        "sha256": ["1", "2"],
        "sha256_pixels": ["3", "4"],
        "recipe": "{}",
    }
)


def test_a_damaged_image_is_not_put_down_to_the_library() -> None:
    manifest = MADE.assign(sha256=["1", "other"])
    files = {"a_0.jpg": "1", "a_1.jpg": "damaged"}
    assert compare_images(manifest, MADE, files).empty
    damage = compare_files(manifest, MADE, files)
    assert damage["problem"].tolist() == ["the image is damaged"]
    assert damage["path"].tolist() == ["a_1.jpg"]


def test_a_path_that_was_changed_is_told_of_both_images() -> None:
    manifest = MADE.assign(path=["a_0.jpg", "a_0.jpg"])
    files = {"a_0.jpg": "1", "a_1.jpg": "2"}
    images = compare_images(manifest, MADE, files)
    assert images["path"].tolist() == ["a_1.jpg"]
    assert images["problem"].tolist() == [
        "the manifest has another path for this image"
    ]
    assert compare_files(manifest, MADE, files)["path"].tolist() == ["a_0.jpg"]


def test_nothing_was_made() -> None:
    files = {"a_0.jpg": "1", "a_1.jpg": "2"}
    assert compare_images(MADE, MADE.head(0), files).empty
    assert compare_files(MADE, MADE.head(0), files).empty
