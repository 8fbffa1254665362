"""How far blocks are from their equations in NumPy, in float64: `python -m benchmarks.equality`.

The equations are those of the tests, evaluated apart from the blocks, on random weights and random
statistics of norms; the worst of four map sizes, in evaluation and in training.
"""

import torch
from benchmarks.results_file import write_result
from tests.blocks.test_dmsca import in_numpy, randomised
from tests.reference import equations
from tests.reference.drawn import gap, maps, randomise
from tests.reference.test_references import CASES, SIZES

from whatwhere.blocks import registry
from whatwhere.blocks.dmsca import Reading


def main() -> None:
    rows = [
        {
            "design": name,
            "in evaluation": f"{worst(name, training=False):.1e}",
            "in training": f"{worst(name, training=True):.1e}",
            "parameters at 64": registry().card(name).parameters_at_64,
        }
        for name in CASES
    ]
    for evaluation in ("literal", "factored"):
        rows.append(
            {
                "design": f"dmsca {evaluation}",
                "in evaluation": f"{worst_dmsca(evaluation):.1e}",
                "in training": "not compared",
                "parameters at 64": registry().card("dmsca").parameters_at_64,
            }
        )
    settings = {"map sizes": SIZES, "error": "largest absolute difference, maps of normal noise"}
    print(write_result("equality", settings=settings, rows=rows))


def worst(name: str, *, training: bool) -> float:
    factory, channels = CASES[name]
    errors = []
    for size in SIZES:
        block = randomise(factory(channels).double()).train(training)
        x = maps(channels, size)
        state = {key: value.numpy().copy() for key, value in block.state_dict().items()}
        expected = getattr(equations, name)(x.numpy(), state, training=training)
        errors.append(gap(block(x), expected))
    return max(errors)


def worst_dmsca(evaluation: str) -> float:
    block = randomised(11, Reading(), evaluation=evaluation).eval()
    errors = []
    for size in SIZES:
        x = torch.randn(3, 11, *size, dtype=torch.float64)
        found = block(x).detach().numpy()
        errors += [abs(found[i] - in_numpy(block, x[i].numpy())).max() for i in range(3)]
    return float(max(errors))


if __name__ == "__main__":
    main()
