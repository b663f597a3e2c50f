from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from kigezi.datasets import attempts
from kigezi.datasets.attempts import counting_kills


class Machine:
    """What the operating system tells of kills since it was started."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counters, self.boot = folder / "vmstat", folder / "boot_id"
        monkeypatch.setattr(attempts, "_COUNTERS", self.counters)
        monkeypatch.setattr(attempts, "_BOOT", self.boot)
        self.note = folder / "attempt.json"
        self.works: list[AbstractContextManager[int]] = []
        self.tell("first", 4)

    def tell(self, boot: str, killed: int) -> None:
        self.boot.write_text(boot)
        self.counters.write_text(f"nr_free_pages 7\noom_kill {killed}\n")

    def begin(self) -> int:
        """Begin work that is never ended, as a killed process does not."""
        self.works.append(counting_kills(self.note))
        return self.works[-1].__enter__()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_kills_for_memory_are_counted(machine: Machine) -> None:
    assert machine.begin() == 0
    machine.tell("first", 5)
    assert machine.begin() == 1
    machine.tell("first", 7)
    assert machine.begin() == 2


def test_other_ends_are_not(machine: Machine) -> None:
    assert machine.begin() == 0
    assert machine.begin() == 0  # killed by a person
    machine.tell("second", 9)  # a power cut, and kills of others since
    assert machine.begin() == 0


def test_work_that_ends_by_itself_leaves_no_note(machine: Machine) -> None:
    with pytest.raises(KeyboardInterrupt), counting_kills(machine.note):
        raise KeyboardInterrupt
    machine.tell("first", 5)
    assert not machine.note.exists()
    assert machine.begin() == 0


def test_kills_are_remembered_when_it_ends_by_itself(machine: Machine) -> None:
    machine.begin()
    machine.tell("first", 5)
    with counting_kills(machine.note) as kills:
        assert kills == 1
    machine.tell("first", 6)
    with counting_kills(machine.note) as kills:
        assert kills == 1


def test_other_systems_tell_nothing(machine: Machine) -> None:
    machine.counters.unlink()
    assert machine.begin() == 0
    assert machine.begin() == 0


def test_a_damaged_note_is_none(machine: Machine) -> None:
    machine.note.write_text("{")
    assert machine.begin() == 0
