"""How the risk of an answer falls as more is left unanswered."""

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from kigezi.answering.card import Doubt
from kigezi.answering.deciding import answered
from kigezi.exporting.runtimes import Answers
from kigezi.plots import HELD_OUT, PAPER


def plot_risk(answers: Answers, labels: npt.NDArray[np.int64], doubt: Doubt) -> Figure:
    """Wrong answers among those given, against how many are given: test images.

    After El-Yaniv and Wiener (2010, "On the Foundations of Noise-free Selective
    Classification"): answers are given from the most confident one on.

    Args:
        answers: To the test images.
        labels: (images,), the right classes.
        doubt: The thresholds, which stand in the chart as one point.
    """
    wrong = answers.probabilities.argmax(axis=1) != labels
    order = np.argsort(-answers.probabilities.max(axis=1), kind="stable")
    count = np.arange(1, len(order) + 1)
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    risk = np.cumsum(wrong[order]) / count
    axes.step(count / len(order), risk, where="post", color=HELD_OUT)
    given = answered(answers.probabilities, answers.familiarity, doubt)
    if given.any():
        axes.plot(given.mean(), wrong[given].mean(), "o", color="black", zorder=3)
        axes.annotate(
            "the card's thresholds",
            (given.mean(), wrong[given].mean()),
            xytext=(-8, 10),
            textcoords="offset points",
            ha="right",
        )
    bounds = {"risk asked for": (doubt.risk, "--"), "promised": (doubt.risk_bound, ":")}
    for name, (bound, style) in bounds.items():
        axes.axhline(bound, color=PAPER, ls=style)
        axes.annotate(name, (0.02, bound), color="0.35", va="bottom")
    axes.set(xlabel="answered", ylabel="wrong, of those answered")
    highest = max(risk.max(), doubt.risk, doubt.risk_bound)
    axes.set(xlim=(0, 1.02), ylim=(-0.02 * highest, 1.15 * highest))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.grid(alpha=0.3)
    figure.suptitle(f"Risk and coverage on {len(labels)} test images")
    return figure
