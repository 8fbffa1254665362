"""The words of a plan of seeds, from needs made by hand."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from whatwhere.cli.planned import basis, floor_sentence, print_seeds, seed_facts, sentence
from whatwhere.stats.planning.seeds import SeedNeed, assumed_pilot
from whatwhere.study.asked import pilot_rows
from whatwhere.study.preparing.chosen import choose_designs
from whatwhere.study.seeds import PlannedNeed, SeedTable

ENOUGH = PlannedNeed(SeedNeed(0.01, 3, 3, 3, 0.81, "yes"), 0.0)
MORE = PlannedNeed(SeedNeed(0.01, 41, 17, 90, 0.82, "yes"), 3700.0)
NEVER = PlannedNeed(SeedNeed(0.01, None, None, None, None, "no"), None)
HARDLY = PlannedNeed(SeedNeed(0.01, None, 107, None, None, "perhaps"), None)
UNHEARD = PlannedNeed(SeedNeed(0.01, None, None, None, None, "yes"), None)

ASSUMED = SeedTable(
    title="Scans",
    metric="accuracy",
    num_seeds=3,
    num_rows=7,
    num_items=601,
    pilot=assumed_pilot(num_items=601, seed_sd=0.01, disagreement=0.15),
    measured_on=(),
    detectable=0.0512,
    pair=(NEVER, MORE, ENOUGH),
    table=(NEVER, MORE, ENOUGH),
    pilot_seconds=95.0,
)
PILOT = replace(ASSUMED.pilot, num_runs=6, run_variance=(0.013**2, 0.031**2), disagreement=0.084)
MEASURED = replace(ASSUMED, pilot=PILOT, measured_on=("none", "csa"), pilot_seconds=None)


@pytest.mark.parametrize(
    ("need", "words"),
    [
        (ENOUGH, "for 1 point 3 are enough."),
        (MORE, "for 1 point it takes about 41 seeds (1 h 1 min)."),
        (NEVER, "1 point cannot be decided on 601 test images, however many seeds."),
        (HARDLY, "1 point can hardly be decided on 601 test images, however many seeds."),
        (UNHEARD, "1 point needs more seeds than anybody runs."),
    ],
)
def test_one_plain_sentence(need, words):
    said = sentence(replace(ASSUMED, table=(NEVER, need, ENOUGH)))
    assert said == (
        "Scans: with 3 seeds, differences of about 5.2 points and more between the 7 rows could be"
        f" detected (80 % power); {words}"
    )


def test_of_two_stages_the_plan_is_about_the_second():
    said = sentence(replace(ASSUMED, num_seeds=10, is_second_stage=True))
    assert said.startswith(
        "Scans: with 10 fresh seeds, differences of about 5.2 points and more between up to 7"
        " confirmed rows could be detected (80 % power); for 1 point it takes about 41 seeds"
    )


def test_one_seed_tells_nothing_apart():
    said = sentence(replace(ASSUMED, num_seeds=1, detectable=1.0))
    assert said.startswith("Scans: with 1 seed, nothing could be told apart; for 1 point")


def test_an_assumption_is_called_one():
    assert basis(ASSUMED) == (
        "Nothing is on record, so this is an assumption and no measurement: that runs spread by 1.5"
        " points and that single runs disagree on 15 % of the test images. --pilot 3 measures it in"
        " about 1 min 35 s, on runs that count."
    )


def test_a_measurement_names_its_runs_and_its_limits():
    assert basis(MEASURED) == (
        "Measured on 6 runs of no attention and csa: runs spread by 1.5 points (80 % sure: 1.3 to"
        " 3.1) and single runs disagree on 8 % of the test images. In brackets: the need at the"
        " limits of what so few runs say. Which design is ahead did not enter this"
        " plan."
    )
    assert "disagree" not in basis(replace(MEASURED, metric="auc"))


def test_the_floor_is_that_of_pair_and_table():
    """q = 1.5 % of 601 images: 2.80 and, for 21 pairs, 3.88 standard errors of 0.500 points."""
    assert floor_sentence(ASSUMED) == (
        "With unlimited seeds these 601 test images let differences of about 1.4 points be seen in"
        " one planned pair, and of 2.0 in the whole table: what is smaller is not decidable."
    )


def test_the_table_shows_ranges_and_what_cannot_be():
    stream = io.StringIO()
    shown = replace(MEASURED, pair=(HARDLY, MORE, ENOUGH), table=(NEVER, UNHEARD, MORE))
    print_seeds((shown,), Console(file=stream, width=140))
    lines = [" ".join(line.split()) for line in stream.getvalue().splitlines()]
    assert "to see seeds, a planned pair time seeds, all 7 rows time decidable?" in lines
    assert "1 point cannot (107 at best) – cannot – pair perhaps, all no" in lines
    assert "1 point 41 (17 to 90) 1 h 1 min over 999 – yes" in lines
    assert "1 point 3 0 s 41 (17 to 90) 1 h 1 min yes" in lines


def test_facts_for_machines():
    facts = seed_facts(MEASURED)
    assert facts["is_measured"]
    assert facts["table"][1] == {
        "target": 0.01,
        "num_seeds": 41,
        "low": 17,
        "high": 90,
        "power": 0.82,
        "decidable": "yes",
        "seconds": 3700.0,
    }


def test_a_pilot_takes_no_attention_and_the_first_design():
    def names(text):
        return [design.name for design in pilot_rows(choose_designs((text,)))]

    assert names("sca,csa") == ["none", "csa"]
    assert names("none") == ["none"]
