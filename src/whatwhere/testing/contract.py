"""All checks of a design together: as a list for a test runner, or in one call."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from whatwhere.blocks import DesignCard
from whatwhere.errors import unknown_name
from whatwhere.testing import claims, copies, gradients, maps
from whatwhere.testing.options import check_every_option_changes_something
from whatwhere.testing.subject import Factory, name_of

CHECKS: tuple[Callable[..., None], ...] = (
    maps.check_keeps_shape_and_dtype,
    maps.check_takes_any_channel_count,
    maps.check_leaves_the_input_alone,
    maps.check_batch_items_do_not_mix,
    maps.check_channels_last_gives_the_same_values,
    maps.check_evaluation_is_deterministic,
    maps.check_evaluation_agrees_with_training,
    gradients.check_every_parameter_gets_a_gradient,
    gradients.check_input_gradient_is_complete,
    gradients.check_gradients_of_every_value,
    copies.check_construction_follows_the_seed,
    copies.check_copies_give_equal_results,
    copies.check_identity_start,
    copies.check_compiles_without_a_graph_break,
    copies.check_exports_with_a_dynamic_batch,
    check_every_option_changes_something,
    claims.check_parameter_count,
    claims.check_equation,
    claims.check_mask,
)


@dataclass(frozen=True)
class Check:
    """One check of one design, ready to run; its text is the check's name.

    Args:
        name: The check's name without "check_".
        run: Raises AssertionError if the property does not hold.
    """

    name: str
    run: Callable[[], None]

    def __call__(self) -> None:
        """Run the check."""
        self.run()

    def __str__(self) -> str:
        return self.name


def contract(
    factory: Factory,
    *,
    card: DesignCard | None = None,
    options: Mapping[str, Any] | None = None,
    reference: claims.Reference | None = None,
    mask: str | None = None,
    skip: Iterable[str] = (),
) -> list[Check]:
    """Return the checks of a design, for a test runner to go through.

    Args:
        factory: channels -> block.
        card: Its card; without one the parameter count is not checked.
        options: Another value for every option of the constructor that cannot find one by itself;
            `Same(value)` for one that chooses how to compute and must change no result.
        reference: Its equation in NumPy, (map, state) -> map; without one it is not checked.
        mask: "channel" or "spatial" where the design is a mask of one kind, y = x * mask(x).
        skip: Names of checks to leave out.

    Returns:
        The checks, in the order of `CHECKS`.

    Raises:
        UnknownNameError: If there is no check of a name to leave out.

    Example:
        >>> from whatwhere.blocks.references import SqueezeExcite
        >>> checks = contract(SqueezeExcite, skip=["compiles_without_a_graph_break"])
        >>> str(checks[0])
        'keeps_shape_and_dtype'
        >>> checks[0]()
    """
    given: dict[str, dict[str, Any]] = {
        "every_option_changes_something": {"options": options or {}},
        "parameter_count": {"card": card},
        "equation": {"reference": reference},
        "mask": {"mask": mask},
    }
    by_name = {check.__name__.removeprefix("check_"): check for check in CHECKS}
    left_out = set(skip)
    for name in left_out - set(by_name):
        raise unknown_name("check", name, by_name)
    return [
        Check(name, partial(check, factory, **given.get(name, {})))
        for name, check in by_name.items()
        if name not in left_out and None not in given.get(name, {}).values()
    ]


def check_design(
    factory: Factory,
    *,
    card: DesignCard | None = None,
    options: Mapping[str, Any] | None = None,
    reference: claims.Reference | None = None,
    mask: str | None = None,
    skip: Iterable[str] = (),
) -> None:
    """Run all checks of a design.

    Args:
        factory: As for `contract`, like all others.
        card: Its card.
        options: Other values of options.
        reference: Its equation in NumPy.
        mask: Its kind of mask.
        skip: Names of checks to leave out.

    Raises:
        AssertionError: If any fails; the message lists all that do.

    Example:
        >>> from whatwhere.blocks import registry
        >>> card, factory = registry().card("se"), registry().factory("se")
        >>> check_design(factory, card=card)
    """
    checks = contract(
        factory, card=card, options=options, reference=reference, mask=mask, skip=skip
    )
    failures = []
    for check in checks:
        try:
            check()
        except AssertionError as error:
            failures.append(f"{check}: {error}")
    if failures:
        name = card.name if card else name_of(factory)
        raise AssertionError(
            f"{name} fails {len(failures)} of {len(checks)} checks:\n" + "\n".join(failures)
        )
