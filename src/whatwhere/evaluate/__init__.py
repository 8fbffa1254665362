"""What a trained network says, and what it costs."""

from whatwhere.evaluate.cost import Cost, count_macs, measure_costs
from whatwhere.evaluate.passes import count_passes
from whatwhere.evaluate.predict import mean_loss_and_accuracy, predict

__all__ = [
    "Cost",
    "count_macs",
    "count_passes",
    "mean_loss_and_accuracy",
    "measure_costs",
    "predict",
]
