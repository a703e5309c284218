"""The epochs of a training as lines of text, without rich."""

from collections.abc import Sequence

from windowclf.model.record import Epoch

EPOCH_HEADER = "epoch    loss  precision  recall      F1  tokens/s"


def epoch_line(epoch: Epoch) -> str:
    """Write an epoch under `EPOCH_HEADER`; a star marks the best one so far."""
    if epoch.f1 is None or epoch.precision is None or epoch.recall is None:
        ratios = f"{'-':>9}  {'-':>6}  {'-':>6}"
    else:
        ratios = f"{100 * epoch.precision:9.2f}  {100 * epoch.recall:6.2f}  {100 * epoch.f1:6.2f}"
    star = " *" if epoch.best and epoch.f1 is not None else ""
    speed = "-" if epoch.tokens_per_second is None else f"{epoch.tokens_per_second:,.0f}"
    return f"{epoch.epoch:5d}  {epoch.loss:6.4f}  {ratios}  {speed:>8}{star}"


def norm_lines(epochs: Sequence[Epoch]) -> list[str]:
    """Write the norms of each epoch: ``‖δ‖`` of each layer, and of each parameter's gradient.

    The first line is a header; there must be an epoch.
    """
    names = [*epochs[0].sensitivities, *(f"∂{name}" for name in epochs[0].gradients)]
    lines = ["epoch" + "".join(f"{name:>11}" for name in names)]
    for epoch in epochs:
        norms = [*epoch.sensitivities.values(), *epoch.gradients.values()]
        cells = (f"{'-' if norm is None else format(norm, '.2e'):>11}" for norm in norms)
        lines.append(f"{epoch.epoch:5d}" + "".join(cells))
    return lines
