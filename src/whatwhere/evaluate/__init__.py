"""What a trained network says, and what it costs."""

from whatwhere.evaluate.cost import Cost, measure_costs
from whatwhere.evaluate.predict import mean_loss_and_accuracy, predict

__all__ = ["Cost", "mean_loss_and_accuracy", "measure_costs", "predict"]
