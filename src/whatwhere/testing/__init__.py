"""The contract that every design keeps, as checks that other people's designs can run too.

Each check takes a factory, channels -> torch.nn.Module, and raises an AssertionError that says what
is broken and where to look. No test runner is needed; with pytest, all of them are

    @pytest.mark.parametrize("check", contract(MyBlock), ids=str)
    def test_contract(check):
        check()
"""

from whatwhere.testing.claims import check_equation, check_mask, check_parameter_count
from whatwhere.testing.contract import CHECKS, Check, check_design, contract
from whatwhere.testing.copies import (
    check_compiles_without_a_graph_break,
    check_construction_follows_the_seed,
    check_copies_give_equal_results,
    check_exports_with_a_dynamic_batch,
    check_identity_start,
)
from whatwhere.testing.gradients import (
    check_every_parameter_gets_a_gradient,
    check_gradients_of_every_value,
    check_input_gradient_is_complete,
)
from whatwhere.testing.maps import (
    check_batch_items_do_not_mix,
    check_channels_last_gives_the_same_values,
    check_evaluation_agrees_with_training,
    check_evaluation_is_deterministic,
    check_keeps_shape_and_dtype,
    check_leaves_the_input_alone,
    check_takes_any_channel_count,
)
from whatwhere.testing.options import Same, check_every_option_changes_something

__all__ = [
    "CHECKS",
    "Check",
    "Same",
    "check_batch_items_do_not_mix",
    "check_channels_last_gives_the_same_values",
    "check_compiles_without_a_graph_break",
    "check_construction_follows_the_seed",
    "check_copies_give_equal_results",
    "check_design",
    "check_equation",
    "check_evaluation_agrees_with_training",
    "check_evaluation_is_deterministic",
    "check_every_option_changes_something",
    "check_every_parameter_gets_a_gradient",
    "check_exports_with_a_dynamic_batch",
    "check_gradients_of_every_value",
    "check_identity_start",
    "check_input_gradient_is_complete",
    "check_keeps_shape_and_dtype",
    "check_leaves_the_input_alone",
    "check_mask",
    "check_parameter_count",
    "check_takes_any_channel_count",
    "contract",
]
