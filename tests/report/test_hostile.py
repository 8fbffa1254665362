"""Names that try to run: on the page, in the CSV, in the tables, in the terminal."""

import csv
import io
import json
import re

from rich.console import Console

from whatwhere.report.terminal import print_leaderboard

ALLOWED_TAGS = (
    "html head meta title style body main header section footer h1 h2 h3 p ul ol li dl div dt dd a"
    " br table thead tbody tr th td span strong code pre details summary figure figcaption img"
    " svg g path defs clippath rect line circle text tspan use image"
)


def _page(folder, read_page):
    return read_page((folder / "report.html").read_text())


def test_nothing_on_the_page_can_run_or_load(hostile_run, main_run, read_page):
    for folder in (hostile_run, main_run):
        page = _page(folder, read_page)
        assert {tag for tag, _ in page.tags} <= set(ALLOWED_TAGS.split())
        for tag, attributes in page.tags:
            assert not any(name.startswith("on") for name in attributes), (tag, attributes)
            for name in ("src", "href", "data", "action", "poster", "srcset"):
                value = attributes.get(name) or "#"
                assert value.startswith("#") or value.startswith("data:image/png;base64,"), value
        text = (folder / "report.html").read_text()
        style = re.search(r"(?s)<style>(.*?)</style>", text)[1]
        assert "url(" not in style and "@import" not in style
        assert set(re.findall(r"url\(([^)]{1,5})", text)) <= {
            "#cell",
            "#data",
            "#grad",
            "#sets",
            "#size",
        }
        assert "http" not in re.sub(r"http-equiv", "", text)


def test_content_policy_forbids_everything_but_styles_and_embedded_pictures(main_run, read_page):
    policies = [
        attributes["content"]
        for tag, attributes in _page(main_run, read_page).tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none';"
        " form-action 'none'"
    ]


def test_every_attribute_is_quoted(hostile_run):
    text = (hostile_run / "report.html").read_text()
    text = re.sub(r"(?s)<style>.*?</style>", "", text)
    for tag in re.findall(r"<[a-zA-Z][^>]*>", text):
        assert not re.search(r"=[^\"'\s>]", re.sub(r'"[^"]*"', '""', tag)), tag


def test_class_names_are_shown_as_they_are(hostile_run, read_page):
    text = "".join(_page(hostile_run, read_page).text)
    for name in (
        "</script><img src=x onerror=alert(1)>",
        "{{7*7}}",
        "$$",
        "=cmd()",
        "a|b",
        "%n%s",
        "⟨U+001B⟩[31mred",
        "⟨U+202E⟩gnp.exe",
        '" onmouseover="alert(1)',
        "日本",
    ):
        assert name in text
    assert "49" not in re.findall(r"^49$", text, flags=re.MULTILINE)
    assert "\x1b" not in text and "\u202e" not in text


def test_identifiers_are_unique(hostile_run, read_page):
    identifiers = [
        attributes["id"]
        for _, attributes in _page(hostile_run, read_page).tags
        if "id" in attributes
    ]
    assert len(identifiers) == len(set(identifiers))
    targets = {
        attributes["href"][1:]
        for tag, attributes in _page(hostile_run, read_page).tags
        if attributes.get("href", "").startswith("#")
    }
    assert targets <= set(identifiers)


def test_several_cells_have_a_contents_list(hostile_run, read_page):
    page = _page(hostile_run, read_page)
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    together = ["#sizes1", "#sizes2", "#sets", "#gradients"]
    assert links == [*together, "#cell1", "#cell2", "#cell3", "#cell4"]
    assert "8 rows compared on 2 data sets, in 4 tables" in "".join(page.text)


def test_csv_cells_are_no_formulas(hostile_run):
    with (hostile_run / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * 8 * 3
    reasons = {row["reason"] for row in rows}
    assert "'=1+1 RuntimeError: ⟨U+001B⟩[31mmemory" in reasons
    assert not any(value.startswith(("=", "+", "@")) for row in rows for value in row.values())


def test_markdown_table_keeps_its_columns(hostile_run):
    lines = (hostile_run / "table.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {11}
    assert not any("<b>" in line for line in lines)


def test_latex_is_escaped(hostile_run):
    text = (hostile_run / "table.tex").read_text()
    assert r"\textless{}b\textgreater{}Hostile\textless{}/b\textgreater{} \& \$\$" in text
    assert r"choose(x, S(C\_b(x)))" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 4


def test_terminal_gets_no_control_codes_and_no_markup(hostile_run):
    summary = json.loads((hostile_run / "summary.json").read_text())
    summary["cells"][0]["leaderboard"][0]["label"] = "[red]a[/red]\x1b]0;\x07"
    buffer = io.StringIO()
    print_leaderboard(summary, Console(file=buffer, width=120, force_terminal=False))
    text = buffer.getvalue()
    assert "[red]a[/red]⟨U+001B⟩]0;⟨U+0007⟩" in text
    assert "\x1b" not in text and "\x07" not in text


def test_terminal_shows_the_leaderboard_and_the_recommendation(main_run):
    summary = json.loads((main_run / "summary.json").read_text())
    buffer = io.StringIO()
    print_leaderboard(summary, Console(file=buffer, width=140, force_terminal=False))
    text = buffer.getvalue()
    best = summary["cells"][0]["leaderboard"][0]
    line = next(line for line in text.splitlines() if line.startswith(best["label"] + " "))
    mean, low, high = (f"{100 * best[name]:.1f}" for name in ("mean", "low", "high"))
    assert line.split()[1:5] == [mean, low, "to", high]
    assert f"{best['cost']['parameters']:,.0f}" in line
    assert line.rstrip().endswith(best["letters"])
    joined = " ".join(text.split())
    assert " ".join(summary["sentence"].split()) in joined
    assert "This is a screening at 150 steps" in joined
