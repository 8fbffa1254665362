"""What cells say together, on the page: planted effects with their sign, absent ones not."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from whatwhere.records import Run, TrialKey, trial_folder
from whatwhere.report.build import write_report
from whatwhere.report.cells.evidence import gather
from whatwhere.report.page import page_environment
from whatwhere.report.scale.set_words import across
from whatwhere.report.scale.told import sentences, tell_together
from whatwhere.report.scale.view import view_together
from whatwhere.report.summary import summarise

SIZES = (101, 307, 1009, 3001)
FAMILIES = ("c_mssa", "c_cmssa", "c_and_safa", "bi_csafa", "gc_and_sa2", "tgpfa")
RESIDUAL = ("csa", "rcsa", "arcsa", "grcsa")
OWN_GAINS = {
    name: {"gain_control": gain}
    for name, gain in (("rcsa", "gain_1.25"), ("arcsa", "gain_0.5"), ("grcsa", "gain_0.65"))
}
ORDERS = ("csa", "sca", "csca", "scsa")


def _rows(fake_run, *names, gains=()):
    rows = [row for row in fake_run.ROWS if row[0] in (*names, "none")]
    rows = [(*row[:7], 0.0) for row in rows]
    rows += [
        (f"gain_{g}", f"constant gain {g}", "control", "control", f"{g} * x", g, 0, 0.0)
        for g in gains
    ]
    return tuple(rows)


def _sized(fake_run, *names, num_test=1501, sizes=SIZES, **changes):
    data = fake_run.FakeData(num_test=num_test, num_validation=31, sizes=sizes)
    plan = fake_run.FakePlan(data=(data,), rows=_rows(fake_run, *names), size_effect=0.2)
    return replace(plan, **changes)


def _sets(fake_run, number, *names, effects=None, sizes=((307,), (3001,), (60_007,)), **changes):
    data = tuple(
        fake_run.FakeData(
            name=f"d{k}",
            title=f"Set {k}",
            num_test=503,
            num_validation=31,
            sizes=sizes[k % len(sizes)],
        )
        for k in range(number)
    )
    plan = fake_run.FakePlan(data=data, rows=_rows(fake_run, *names), effects=effects or {})
    return replace(plan, **changes)


def _told(fake_run, folder, plan):
    return tell_together(gather(Run.read(fake_run.write_fake_run(folder / "run", plan))))


def _page(fake_run, folder, plan):
    path = write_report(fake_run.write_fake_run(folder / "run", plan))
    summary = json.loads((path.parent / "summary.json").read_text())
    return path.read_text(), summary["together"]


def _rendered(fake_run, folder, plan):
    """The sections alone, without the tables and figures of every cell."""
    run = Run.read(fake_run.write_fake_run(folder / "run", plan))
    together = summarise(run, gather(run))["together"]
    view, environment = view_together(together), page_environment()
    parts = [("scale/sizes.html.j2", part) for part in view.sizes]
    parts += [("scale/labels.html.j2", part) for part in view.labels]
    parts += [("scale/sets.html.j2", view.data_sets), ("scale/gradients.html.j2", view.gradients)]
    shown = [environment.get_template(n).render(view=part) for n, part in parts if part]
    return "\n".join(shown), together


def _section(page, identifier):
    start = page.index(f'<h2 id="{identifier}">')
    return page[start : page.index("</section>", start)]


@pytest.fixture(scope="module")
def planted(fake_run, tmp_path_factory):
    """Three parallel designs gain with size, a multi-scale one loses, sequential ones do not."""
    plan = _sized(
        fake_run,
        *FAMILIES,
        "csa",
        "sca",
        trends={"tgpfa": 0.6, "gc_and_sa2": 0.6, "c_and_safa": 0.6, "c_cmssa": -0.6},
    )
    return _page(fake_run, tmp_path_factory.mktemp("planted"), plan)


def test_a_planted_interaction_is_on_the_page_with_its_sign(planted):
    page, together = planted
    (study,) = together["sizes"]
    shown = {t["name"]: np.sign(t["per_tenfold"]) for t in study["trends"] if t["significant"]}
    assert {n: s for n, s in shown.items() if n not in ("parallel", "multi-scale")} == {
        "tgpfa": 1, "gc_and_sa2": 1, "c_and_safa": 1, "c_cmssa": -1
    }  # fmt: skip
    assert shown["parallel"] == 1
    section = _section(page, "sizes1")
    lead = re.search(r'(?s)<p class="lead">(.*?)</p>', section)[1]
    assert lead == study["sentence"]
    clearest = min((t for t in study["trends"]), key=lambda t: t["p_adjusted"])
    verb = "gains" if clearest["per_tenfold"] > 0 else "loses"
    assert f"{clearest['label']} {verb} " in lead
    assert re.search(r"with every tenfold of training images \(95 % [\d.]+ to [\d.]+\)", lead)
    rows = re.findall(
        r'<tr class="best">\s*<td class="pinned design"><span class="name">(.*?)<', section
    )
    assert rows == [t["label"] for t in study["trends"] if t["significant"]]


def test_the_section_has_the_picture_before_the_table_and_all_designs_in_it(planted):
    section = _section(planted[0], "sizes1")
    assert section.index("<svg") < section.index("<table")
    assert section.count('<svg class="figure"') == 1 + 3 + 1  # levels, one per class, slopes
    for name in (*FAMILIES, "csa", "sca"):
        assert section.count(f">{name}</text>") >= 2


def test_slopes_are_least_squares_through_the_differences(planted):
    (study,) = planted[1]["sizes"]
    x = np.log10(study["sizes"])
    for trend in study["trends"]:
        values = [at["difference"] for at in trend["differences"]]
        assert trend["per_tenfold"] == pytest.approx(np.polyfit(x, values, 1)[0])
        assert trend["low"] < trend["per_tenfold"] < trend["high"]


def test_published_rules_stand_beside_what_was_found(fake_run, tmp_path):
    trends = dict.fromkeys(("c_and_safa", "bi_csafa"), 0.9)
    trends |= dict.fromkeys(("gc_and_sa2", "tgpfa"), 0.0)
    rows = [
        (*row[:7], 6.0 if "mssa" in row[0] else 0.0) for row in _rows(fake_run, *FAMILIES)
    ]  # fmt: skip
    trends |= dict.fromkeys(("c_mssa", "c_cmssa"), -0.9)
    plan = _sized(fake_run, *FAMILIES, sizes=(31, 101, 3001, 10_007), trends=trends)
    page, together = _rendered(fake_run, tmp_path, replace(plan, rows=tuple(rows)))
    findings = {f["name"]: f for f in together["sizes"][0]["rules"]["findings"]}
    assert {name: f["verdict"] for name, f in findings.items()} == {
        "few images": "supported",
        "medium": "supported",
        "many images": "undecided",
    }
    section = _section(page, "sizes1")
    assert "supported: few images, medium; not tested here: many images." in section
    assert re.findall(r'<td class="verdict"><strong>(.*?)</strong>', section) == [
        "supported", "supported", "not tested"
    ]  # fmt: skip
    assert section.count("could have been seen") >= 4
    assert "not measured: no size of the study is there (31; 101; 3,001; 10,007)" in section
    for part in findings["few images"]["parts"]:
        assert part["value"] > part["low"] > 0
        assert 0 < part["detectable"] < part["value"]


def test_a_planted_null_is_not_found(fake_run, tmp_path):
    """Designs differ, and all gain alike with size; the words never say that nothing changes."""
    plan = _sized(fake_run, *FAMILIES, "csa", "sca", size_effect=0.0)
    rows = tuple((*row[:7], 1.5 * place) for place, row in enumerate(plan.rows))
    page, together = _rendered(fake_run, tmp_path, replace(plan, rows=rows))
    (study,) = together["sizes"]
    assert not any(trend["significant"] for trend in study["trends"])
    assert study["sentence"].startswith("No conclusion on whether the number of training images")
    assert re.search(r"could only have seen changes above [\d.]+ points", study["sentence"])
    assert '<tr class="best">' not in _section(page, "sizes1")
    assert "no difference" not in page.lower()


def test_two_seeds_claim_nothing_about_sizes(fake_run, tmp_path):
    told = _told(
        fake_run,
        tmp_path,
        _sized(fake_run, *FAMILIES, num_seeds=2, trends={"tgpfa": 2.0, "c_cmssa": -2.0}),
    )
    (study,) = told["sizes"]
    assert study["sentence"].startswith("Screening only (2 seeds at most)")
    assert not any(trend["significant"] for trend in study["trends"])
    assert {f["verdict"] for f in study["rules"]["findings"]} == {"undecided"}
    assert study["rules"]["findings"][0]["withheld"] == "screening only: 2 seeds"


@pytest.mark.parametrize("num_seeds", [1, 2])
def test_pages_of_few_seeds_are_whole(fake_run, tmp_path, num_seeds):
    plan = _sized(fake_run, "csa", "sca", num_seeds=num_seeds, num_test=211)
    page, together = _page(fake_run, tmp_path, plan)
    assert "Screening only" in _section(page, "sizes1")
    assert "nan" not in re.sub(r"data:image[^\"]*", "", page).lower().replace("nan m", "")
    assert together["sizes"][0]["trends"] == [] or num_seeds == 2


def test_a_design_that_lost_a_seed_keeps_its_others(fake_run, tmp_path):
    states = {("tgpfa", 1): ("diverged", "the loss became NaN")}
    plan = _sized(fake_run, "tgpfa", "csa", "sca", num_seeds=4, states=states, num_test=211)
    (study,) = _told(fake_run, tmp_path, plan)["sizes"]
    assert {t["label"]: t["num_seeds"] for t in study["trends"] if t["kind"] == "design"} == {
        "tgpfa": 3, "csa": 4, "sca": 4
    }  # fmt: skip


def test_without_no_attention_at_every_size_nothing_is_compared(fake_run, tmp_path):
    states = {("none", seed): ("failed", "boom") for seed in range(3)}
    plan = _sized(fake_run, "csa", "sca", states=states, num_test=211)
    page, together = _rendered(fake_run, tmp_path, plan)
    assert "It takes no attention" not in page
    assert "cannot be told: it takes no attention and one design more" in page
    assert together["sizes"][0]["trends"] == []


def _labelled(fake_run, *, fine, coarse, **changes):
    data = tuple(
        fake_run.FakeData(name=name, title=name, num_test=1501, num_validation=31, sizes=(3001,))
        for name in ("cifar100-coarse", "cifar100")
    )
    effects = {("cifar100", name): fine for name in ("sca", "scsa")}
    effects |= {("cifar100-coarse", name): coarse for name in ("sca", "scsa")}
    rows = changes.pop("rows", _rows(fake_run, *ORDERS))
    return fake_run.FakePlan(data=data, rows=rows, effects=effects, **changes)


@pytest.mark.parametrize(
    ("fine", "coarse", "verdict", "begins"),
    [
        (0.8, 0.0, "supported", "Spatial before channel attention suits fine-grained classes here"),
        (-0.8, 0.0, "contradicted", "The published rule that spatial before channel attention"),
        (0.8, 0.8, "undecided", "No conclusion on whether spatial before channel attention suits"),
        (0.0, 0.0, "undecided", "No conclusion on whether spatial before channel attention suits"),
    ],
)
def test_the_order_rule_on_fine_and_coarse_labels(
    fake_run, tmp_path, fine, coarse, verdict, begins
):
    told = _told(fake_run, tmp_path, _labelled(fake_run, fine=fine, coarse=coarse))
    (rule,) = told["labels"]
    assert rule["finding"]["verdict"] == verdict
    assert rule["sentence"].startswith(begins)
    better, more = rule["finding"]["parts"]
    assert more["value"] == pytest.approx(better["value"] - rule["on_coarse"]["value"])
    # The same images are one data set, not two.
    assert told["data_sets"] is None


def test_the_order_rule_has_a_section_and_names_what_is_missing(fake_run, tmp_path):
    page, _ = _rendered(fake_run, tmp_path / "all", _labelled(fake_run, fine=0.8, coarse=0.0))
    section = _section(page, "labels1")
    assert section.index('<p class="lead">') < section.index("<svg") < section.index("<table")
    assert "with coarse labels" in section
    plan = _labelled(fake_run, fine=0.8, coarse=0.0, rows=_rows(fake_run, "csa", "sca", "csca"))
    page, _ = _rendered(fake_run, tmp_path / "some", plan)
    assert "was not tested here (not run: scsa)" in _section(page, "labels1")


def _gradients(fake_run, *, factor, gains=(0.5, 0.65, 1.25), **changes):
    """The fake gradient follows the initial gain; residual wirings may have more than that."""
    data = fake_run.FakeData(num_test=101, num_validation=31)
    return fake_run.FakePlan(
        data=(data,),
        rows=_rows(fake_run, *RESIDUAL, gains=gains),
        facts=OWN_GAINS,
        gradients=dict.fromkeys(RESIDUAL[1:], factor),
        gradient_spread=0.04,
        **changes,
    )


@pytest.mark.parametrize(
    ("factor", "verdict", "begins"),
    [
        (1.6, "supported", "Residual wirings keep gradients alive, as published: "),
        (0.7, "contradicted", "That residual wirings keep gradients alive is contradicted: "),
        (1.0, "undecided", "No conclusion on whether residual wirings keep gradients alive: "),
    ],
)
def test_residual_wirings_face_their_counterparts_and_their_gains(
    fake_run, tmp_path, factor, verdict, begins
):
    told = _told(fake_run, tmp_path, _gradients(fake_run, factor=factor))["gradients"]
    (of_set,) = told["sets"]
    assert of_set["finding"]["verdict"] == verdict
    assert told["sentence"].startswith(begins)
    pairs = [(r["kind"], r["first"], r["second"]) for r in of_set["ratios"]]
    assert pairs == [
        ("counterpart", "rcsa", "csa"),
        ("counterpart", "arcsa", "csa"),
        ("counterpart", "grcsa", "csa"),
        ("gain", "rcsa", "gain_1.25"),
        ("gain", "arcsa", "gain_0.5"),
        ("gain", "grcsa", "gain_0.65"),
    ]
    by_gain = [r["ratio"] for r in of_set["ratios"] if r["kind"] == "gain"]
    assert by_gain == pytest.approx([factor * 1.0, factor * 1.05, factor * 0.97], rel=0.1)
    # Gains of 1.25, 0.53 and 0.63 against 0.25, to the power that the fake gradient has.
    expected = factor * (np.array([1.25, 0.53, 0.63]) / 0.25) ** 0.9
    by_path = [r["ratio"] for r in of_set["ratios"] if r["kind"] == "counterpart"]
    assert by_path == pytest.approx(expected, rel=0.1)


def test_controls_that_are_missing_are_asked_for(fake_run, tmp_path):
    page, together = _rendered(fake_run, tmp_path, _gradients(fake_run, factor=1.6, gains=(0.5,)))
    assert together["gradients"]["needed"] == "gain_1.25,gain_0.65"
    section = _section(page, "gradients")
    assert "<code>-d gain_1.25,gain_0.65</code>" in section
    assert "not run: gain_1.25, gain_0.65" in section
    assert section.index('<p class="lead">') < section.index("<svg") < section.index("<table")


def test_a_record_that_names_no_gain_of_its_own_asks_for_all(fake_run, tmp_path):
    """Records of earlier versions do not say which constant gain judges a design."""
    told = _told(fake_run, tmp_path, replace(_gradients(fake_run, factor=1.6), facts={}))
    (of_set,) = told["gradients"]["sets"]
    assert of_set["finding"]["verdict"] == "undecided"
    assert told["gradients"]["needed"] == "gain_*"


def test_two_seeds_say_nothing_of_gradients(fake_run, tmp_path):
    told = _told(fake_run, tmp_path, _gradients(fake_run, factor=1.6, num_seeds=2))["gradients"]
    assert told["sentence"].startswith("Screening only (2 seeds)")
    assert all(ratio["low"] is None for ratio in told["sets"][0]["ratios"])


def test_a_data_set_with_few_seeds_does_not_silence_the_others(fake_run, tmp_path):
    """Each data set is judged by its own seeds, and says how many these are."""
    plan = replace(
        _sets(fake_run, 2, *RESIDUAL),
        rows=_gradients(fake_run, factor=1.6).rows,
        facts=OWN_GAINS,
        gradients=dict.fromkeys(RESIDUAL[1:], 1.6),
        gradient_spread=0.02,
    )
    folder = fake_run.write_fake_run(tmp_path / "run", plan)
    for design in (*RESIDUAL, "none"):
        shutil.rmtree(trial_folder(folder, TrialKey("d1", 3001, design, 2)))
    told = tell_together(gather(Run.read(folder)))["gradients"]
    many, few = told["sets"]
    assert (many["num_seeds"], many["finding"]["verdict"]) == (3, "supported")
    assert few["sentence"].startswith("Screening only (2 seeds): nothing is claimed on Set 1")
    assert few["finding"]["withheld"] == "screening only: 2 seeds"
    assert "supported on 1, contradicted on 0, undecided on 1" in told["sentence"]


def test_two_seeds_say_nothing_of_gradients_on_several_data_sets(fake_run, tmp_path):
    told = _told(fake_run, tmp_path, _sets(fake_run, 2, *RESIDUAL, num_seeds=2))["gradients"]
    assert told["sentence"].startswith("Screening only: nothing is claimed on these 2 data sets")


def test_what_was_run_is_not_asked_for_again(fake_run, tmp_path):
    """One seed is too few for a ratio, and another design would not help."""
    plan = _gradients(fake_run, factor=1.6, gains=(0.5,), num_seeds=1)
    told = _told(fake_run, tmp_path, plan)["gradients"]
    assert told["needed"] == "gain_1.25,gain_0.65"


HELPS = {(f"d{k}", "tgpfa"): 0.5 + 0.02 * k for k in range(10)}


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6, 10])
def test_what_is_printed_grows_with_the_number_of_data_sets(fake_run, tmp_path, number):
    plan = _sets(fake_run, number, "csa", "sca", "tgpfa", effects=HELPS)
    page, together = _rendered(fake_run, tmp_path, plan)
    section, told = _section(page, "sets"), together["data_sets"]
    assert "<h3>Each data set</h3>" in section
    marks = {
        4: ("For data sets like these", "Errors, ratio"),
        5: ("Iman and Davenport",),
        6: ("Wilcoxon p, corrected", "P better"),
        10: ("critical difference", "depends on which other methods"),
    }
    for fewest, texts in marks.items():
        for text in texts:
            assert (text in section) == (number >= fewest), (text, number)
    for gate in told["gates"]:
        assert gate["printed"] == (number >= gate["needs"])
        if not gate["printed"]:
            assert f"{number} data sets cannot carry it, it takes {gate['needs']}." in section
    if number < 4:
        assert told["sentence"].startswith(f"{number} data sets cannot carry a statement about")
    else:
        assert re.search(r"On these \d+ data sets, and for data sets like them, \d of 3", section)
        assert "tgpfa +" in told["sentence"]


def test_no_diagram_of_more_than_ten_rows(fake_run, tmp_path):
    names = [row[0] for row in fake_run.ROWS[:11]]
    told = _told(fake_run, tmp_path, _sets(fake_run, 10, *names))["data_sets"]
    assert told["diagram"] is None
    assert "at most 10 designs, there are 12" in told["gates"][-1]["sentence"]


def test_two_designs_have_no_ranks_and_the_page_says_why(fake_run, tmp_path):
    plan = _sets(fake_run, 5, "csa")
    page, together = _rendered(fake_run, tmp_path, plan)
    gates = {gate["quantity"]: gate["printed"] for gate in together["data_sets"]["gates"]}
    assert gates["pooled"] and not gates["friedman"]
    assert "mean ranks is not printed: it takes 3 designs, there are 2." in _section(page, "sets")


def test_the_largest_estimate_is_the_largest_pooled_one():
    """The plain mean difference of c_mssa is larger, its random-effects mean is not."""
    means = {"c_mssa": (0.017, 0.011), "c_and_safa": (-0.015, -0.013), "csa": (0.03, None)}
    told = {
        "data_sets": ["a", "b", "c", "d"],
        "control": "no attention",
        "claims": True,
        "pairs": [
            {
                "spoken": name,
                "significant": False,
                "mean_difference": plain,
                "pooled": pooled and {"mean": pooled, "low": pooled - 0.02, "high": pooled + 0.02},
                "withheld": {"pooled": "one run"},
            }
            for name, (plain, pooled) in means.items()
        ],
    }
    assert "The largest estimate is c_and_safa, −1.3 points (95 % −3.3 to" in across(told)
    told["pairs"] = told["pairs"][2:]
    assert across(told) == "No conclusion for data sets like these 4: one run."


def test_two_seeds_claim_nothing_of_several_data_sets(fake_run, tmp_path):
    effects = {(f"d{k}", name): 2.0 for k in range(10) for name in ("tgpfa", "bi_csafa")}
    plan = _sets(fake_run, 10, *FAMILIES, effects=effects, num_seeds=2)
    page, together = _rendered(fake_run, tmp_path, plan)
    told, section = together["data_sets"], _section(page, "sets")
    assert told["sentence"].startswith("Screening only")
    assert told["guideline"]["sentence"].startswith("Screening only")
    assert not any(pair["significant"] for pair in told["pairs"])
    assert told["diagram"] and told["friedman"]["p_value"] < 0.05
    for claim in ("is shown", "differ from", "With a probability", "mean ranks of these", "paid"):
        assert claim not in section


def test_a_design_of_two_seeds_is_claimed_nothing_of_beside_others(fake_run, tmp_path):
    effects = {(f"d{k}", name): 2.0 for k in range(6) for name in ("tgpfa", "sca")}
    failed = {("sca", 2): ("failed", "memory")}
    plan = _sets(fake_run, 6, "csa", "sca", "tgpfa", effects=effects, states=failed)
    _, together = _rendered(fake_run, tmp_path, plan)
    pairs = {pair["first"]: pair for pair in together["data_sets"]["pairs"]}
    assert pairs["sca"]["pooled_p_adjusted"] < 0.05 and not pairs["sca"]["significant"]
    assert pairs["tgpfa"]["significant"]
    sentences = view_together(together).data_sets.pairs
    assert "tgpfa" in sentences[0]
    assert not any("sca" in sentence for sentence in sentences)
    assert "sca" not in together["data_sets"]["sentence"]


def test_designs_left_out_are_named_once(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _sets(fake_run, 3, "csa", "sca"))
    for seed in range(3):
        shutil.rmtree(trial_folder(folder, TrialKey("d1", 3001, "sca", seed)))
    together = tell_together(gather(Run.read(folder)))
    assert together["data_sets"]["left_out"] == ["sca"]
    assert together["data_sets"]["notes"] == []


def test_differences_of_the_data_sets_are_those_of_their_tables(fake_run, tmp_path):
    page, together = _page(fake_run, tmp_path, _sets(fake_run, 4, "csa", "tgpfa", effects=HELPS))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    for pair in together["data_sets"]["pairs"]:
        rows = [
            next(row for row in cell["leaderboard"] if row["design"] == pair["first"])
            for cell in summary["cells"]
        ]
        own = [row["from_none"]["difference"] for row in rows]
        assert pair["differences"] == pytest.approx(own)
        ahead = [r["from_none"] for r in rows if r["from_none"]["significant"]]
        assert pair["wins"] == sum(r["difference"] > 0 for r in ahead)
        assert pair["wins"] + pair["ties"] + pair["losses"] == 4
    assert page.count('id="sets"') == 1


def test_following_the_rules_is_tested_by_regret_and_by_shuffles(fake_run, tmp_path):
    """The rule's family is far ahead where its size is, so that following it pays."""
    from whatwhere.stats.hypotheses.published_rules import published_choice

    sizes = ((307,), (3001,), (60_007,))
    effects = {
        (f"d{k}", name): 1.2 for k in range(12) for name in published_choice(sizes[k % 3][0])
    }
    plan = _sets(fake_run, 12, *FAMILIES, effects=effects, sizes=sizes)
    guideline = _told(fake_run, tmp_path, plan)["data_sets"]["guideline"]
    assert guideline["verdict"] == "supported"
    assert guideline["sentence"].startswith("Following the published rules about size paid on")
    assert guideline["test"]["regret"]["high"] < 0
    assert guideline["test"]["shuffled"]["p_value"] < 0.05


def test_rules_that_were_not_run_or_lie_on_too_few_data_sets(fake_run, tmp_path):
    told = _told(fake_run, tmp_path / "a", _sets(fake_run, 3, "csa", "tgpfa"))["data_sets"]
    assert told["guideline"]["test"] is None
    assert "not run on every one of them" in told["guideline"]["sentence"]
    told = _told(fake_run, tmp_path / "b", _sets(fake_run, 2, *FAMILIES))["data_sets"]
    assert "cannot be tested on 2 data sets: it takes 3" in told["guideline"]["sentence"]


def _networks(fake_run, *others):
    names = ("samc", "resnet18", "msga")
    rows = [(n, n, "network", "network", None, None, 1009 * k, 0.0) for k, n in enumerate(names)]
    rows += [row for row in fake_run.ROWS if row[0] in others]
    return _sets(fake_run, 2, sizes=((101, 1009),), rows=tuple(rows))


def test_whole_networks_are_no_class_and_no_rule_speaks_of_them(fake_run, tmp_path):
    page, told = _rendered(fake_run, tmp_path, _networks(fake_run, "none"))
    assert [trend["kind"] for trend in told["sizes"][0]["trends"]] == ["design"] * 3
    assert told["sizes"][0]["rules"] is None
    assert told["data_sets"]["guideline"] is None
    assert "published rules" not in page and "network designs" not in page


def test_networks_alone_and_the_plain_backbone_alone_have_no_such_section(fake_run, tmp_path):
    alone = {"sizes": [], "labels": [], "data_sets": None, "gradients": None}
    networks = _networks(fake_run)
    assert _told(fake_run, tmp_path / "a", networks) == alone
    plain = replace(networks, rows=_rows(fake_run))
    assert _told(fake_run, tmp_path / "b", plain) == alone


def test_each_part_has_one_line_in_the_terminal(fake_run, tmp_path, planted):
    from io import StringIO

    from rich.console import Console

    from whatwhere.report.terminal import print_leaderboard

    folder = fake_run.write_fake_run(
        tmp_path / "run", _sets(fake_run, 3, "csa", "rcsa", sizes=((101, 1009),))
    )
    write_report(folder)
    summary = json.loads((folder / "summary.json").read_text())
    lines = sentences(summary["together"])
    # Sizes and their rules for each data set, the data sets, the guideline, the gradients.
    assert len(lines) == 3 * 2 + 2 + 1
    console = Console(file=StringIO(), width=2000)
    print_leaderboard(summary, console)
    printed = console.file.getvalue().splitlines()
    assert [line for line in printed if line in lines] == lines


def test_one_data_set_at_one_size_has_no_such_sections(main_run):
    page = (main_run / "report.html").read_text()
    assert not any(f'id="{name}"' in page for name in ("sizes1", "labels1", "sets"))
    together = json.loads((main_run / "summary.json").read_text())["together"]
    assert (together["sizes"], together["labels"], together["data_sets"]) == ([], [], None)
