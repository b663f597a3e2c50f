from kigezi.records import Trial
from kigezi.reporting import sections
from kigezi.reporting.errors import Mistake
from kigezi.schemas import Parameters, Protocol
from kigezi.statistics.published import compare_published
from kigezi.statistics.tables import measure_classes
from tests.answers import answered, as_final, make_leaderboard, make_ledger
from tests.conftest import make_failed, make_loader
from tests.projects import PROJECT

PAPER = {"freeze": {"a": {"test": 96}, "b": {"test": 91}}}


def _trials() -> list[Trial]:
    right = [number < 90 for number in range(100)]
    wrong = [number < 50 for number in range(100)]
    return [
        answered("a", right, learning_rate=1),
        answered("b<", wrong, learning_rate=2),
        make_failed("c", "out of memory"),
    ]


def test_the_answer_comes_with_its_interval() -> None:
    trials = _trials()
    found = sections.answer(make_leaderboard(*trials), as_final(trials[0])).body
    assert "<strong>90.0 %</strong>" in found
    assert "82.6 to 94.5 % (95 % interval)" in found
    assert "Always\nanswering “dark” would be right for 50.0 %" in found
    assert "<strong>freeze</strong>: a won" in found


def test_photographs_are_counted_and_shown() -> None:
    samples = {"dark": [[b"1", b"2"]], "light": [[b"3", b"4"]]}
    body = sections.data(make_ledger(10), samples, as_final(_trials()[0])).body
    assert "11 files were found: 10 kept, 1 ignored" in body
    assert "made into 2 images:\nitself and 1 changed copy." in body
    assert body.count("<figure>") == 4
    assert 'alt="dark, the photograph"' in body


def test_every_variant_has_its_row() -> None:
    trials = _trials()
    leaderboard = make_leaderboard(*trials)
    body = sections.stages(
        leaderboard,
        measure_classes(trials),
        compare_published(PAPER),
        as_final(trials[0]),
    ).body
    assert '<tr class="winner"><td>a</td><td>85.0</td>' in body
    assert "<td>90.0 [82.6, 94.5]</td>" in body
    assert "<td>b&lt;</td>" in body
    assert "failed: out of memory" in body
    assert "nan" not in body.replace("nance", "")
    assert body.count("image/svg+xml") == 1


def test_the_model_and_its_errors() -> None:
    final = as_final(_trials()[0])
    one = Mistake("light/9.jpg", "light", "dark", 0.876, b"jpeg", b"over")
    body = sections.model(final, [one]).body
    assert "10 of 100 test photographs were named wrongly" in body
    assert "<strong>dark</strong> (87.6 %)<br>labelled light" in body
    assert body.count("image/svg+xml") == 3
    assert "None of the 100" in sections.model(final, []).body


def test_costs_and_what_was_shared() -> None:
    trials = _trials()
    leaderboard = make_leaderboard(*trials).assign(shared_seconds=60.0)
    body = sections.costs(leaderboard, as_final(trials[0]), 3).body
    assert "final_model" not in body
    assert "<td>200</td><td>2 s</td>" in body  # 100 x 4 images in batches of 4, twice
    assert "The frozen layers took 3 min in all." in body  # three distinct trainings


def test_what_makes_the_same_again() -> None:
    final = as_final(_trials()[0])
    values = make_loader(PROJECT / "conf", "demo")["parameters"]
    parameters = Parameters.model_validate(values)
    dataset = {"versions": {"pillow": "13"}}
    body = sections.origin("kedro run --env=demo", final, dataset, parameters).body
    assert "<pre>kedro run --env=demo</pre>" in body
    assert "images: pillow" in body
    assert "image:\n  size: 96\n  fit: crop\n" in body
    # As in the file: neither what a variant leaves as it is nor what is left out.
    assert "      top_20:\n        unfreeze: 20\n      entire_network:\n" in body


def test_limits_are_told() -> None:
    trials = _trials()
    leaderboard = make_leaderboard(*trials)
    body = sections.limits(leaderboard, as_final(trials[0])).body
    assert "final model’s accuracy is\n11.9 points wide" in body
    assert "with one seed" in body
    several = leaderboard.assign(seeds=3)
    assert "with one seed" not in sections.limits(several, as_final(trials[0])).body


def test_what_is_not_honest_is_said_first() -> None:
    trials = _trials()
    final = as_final(trials[0])
    protocol = Protocol(split="images", choose_on="test")
    assignment = final.result.assignment.model_copy(update={"protocol": protocol})
    result = final.result.model_copy(update={"assignment": assignment})
    final = Trial(result, final.predictions)
    body = sections.answer(make_leaderboard(*trials), final).body
    assert "Not what to report." in body
    assert "100 test images. Always" in body
    assert "nothing was trained or chosen on" not in body
    samples = {"dark": [[b"1", b"2"]], "light": [[b"3", b"4"]]}
    body = sections.data(make_ledger(10), samples, final).body
    assert "The images were split after that: 100 to train on" in body
    assert "<th>validation</th>" not in body
