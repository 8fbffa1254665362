"""The reported figures, typed a second time from the papers: a slip of one digit is seen here."""

import pytest

from whatwhere.settings import load_setting, setting_names
from whatwhere.stats.printed import read_printed

SAMC = {
    "samc2024_cifar10": [
        ("SAMC", "accuracy", "93.42 %"),
        ("SAMC", "top5", "99.80 %"),
        ("SAMC", "parameters", "1.21 M"),
    ],
    "samc2024_cifar100": [
        ("SAMC", "accuracy", "73.47 %"),
        ("SAMC", "top5", "92.22 %"),
        ("SAMC", "parameters", "1.22 M"),
        ("SAMC, 3.6 M", "accuracy", "74.74 %"),
        ("SAMC, 3.6 M", "parameters", "3.6 M"),
        ("VGG19", "parameters", "39.33 M"),
        ("VGG19", "accuracy", "71.65 %"),
        ("MobileNetV2", "parameters", "2.37 M"),
        ("MobileNetV2", "accuracy", "66.12 %"),
        ("ShuffleNet", "parameters", "1.01 M"),
        ("ShuffleNet", "accuracy", "69.58 %"),
        ("ResNet34", "parameters", "21.33 M"),
        ("ResNet34", "accuracy", "76.83 %"),
        ("GoogLeNet", "parameters", "6.4 M"),
        ("GoogLeNet", "accuracy", "76.55 %"),
    ],
}
AMSRA = {
    "amsra2026_cifar10": [
        ("AMSRA-Net", "accuracy", "95.89 %"),
        ("ResNet-18", "accuracy", "95.55 %"),
        ("CCT", "accuracy", "95.04 %"),
    ],
    "amsra2026_ablation_lgsa": [
        ("AMSRA-Net", "accuracy", "95.89 %"),
        ("no LGSA", "accuracy", "89.25 %"),
    ],
    "amsra2026_ablation_msfd": [
        ("AMSRA-Net", "accuracy", "95.89 %"),
        ("single scale", "accuracy", "88.80 %"),
    ],
}
# AUC, accuracy, precision, recall.
MSGA = {
    "MLP": "0.873 0.812 0.804 0.789",
    "CNN": "0.902 0.836 0.829 0.817",
    "LSTM": "0.918 0.849 0.842 0.833",
    "Transformer": "0.931 0.862 0.856 0.847",
    "proposed": "0.953 0.889 0.874 0.868",
}
# Top-1 on CIFAR-10 and CIFAR-100, gains there; top-1, top-5 and gain on ImageNet.
DMSCA = {
    "resnet18": {
        "none": "94.2±0.1 75.3±0.2 69.76±0.12 89.08±0.09",
        "SE": "94.8±0.1 76.1±0.2 70.13±0.10 89.45±0.08 +0.6 +0.8 +0.37",
        "CBAM": "95.1±0.1 76.5±0.2 70.72±0.11 89.88±0.07 +0.9 +1.2 +0.96",
        "ECA": "95.0±0.1 76.3±0.2 70.58±0.09 89.79±0.08 +0.8 +1.0 +0.82",
        "CA": "95.2±0.1 76.7±0.2 70.89±0.10 90.01±0.07 +1.0 +1.4 +1.13",
        "DMSCA": "96.5±0.1 77.1±0.2 71.03±0.08 90.15±0.06 +2.3 +1.8 +1.27",
    },
    "resnet34": {
        "none": "94.8±0.1 76.8±0.2 73.31±0.10 91.42±0.07",
        "SE": "95.3±0.1 77.4±0.2 73.78±0.09 91.75±0.06 +0.5 +0.6 +0.47",
        "CBAM": "95.9±0.1 78.2±0.2 74.25±0.08 92.03±0.05 +1.1 +1.4 +0.94",
        "ECA": "95.5±0.1 77.6±0.2 74.01±0.09 91.89±0.06 +0.7 +0.8 +0.70",
        "CA": "95.7±0.1 78.0±0.2 74.18±0.08 91.98±0.05 +0.9 +1.2 +0.87",
    },
}


def dmsca(network, data):
    """Return the cells of one data set; a gain is (row, "gain", text, "")."""
    column = {"cifar10": 0, "cifar100": 1, "imagenet": 2}[data]
    cells = set()
    for row, text in DMSCA[network].items():
        values = text.split()
        top1, spread = values[column].split("±")
        cells.add((row, "accuracy", f"{top1} %", f"{spread} points"))
        if data == "imagenet":
            top5, spread = values[3].split("±")
            cells.add((row, "top5", f"{top5} %", f"{spread} points"))
        if len(values) > 4:
            cells.add((row, "gain", f"{values[4 + column]} points", ""))
    return cells


def typed():
    """Return every figure of every paper by setting."""
    table = {
        name: {(*figure, "") for figure in figures} for name, figures in (SAMC | AMSRA).items()
    }
    metrics = ("auc", "accuracy", "precision", "recall")
    table["msga2025_cifar100"] = {
        (row, metric, text, "")
        for row, texts in MSGA.items()
        for metric, text in zip(metrics, texts.split(), strict=True)
    }
    for network in DMSCA:
        for data in ("cifar10", "cifar100", "imagenet"):
            table[f"dmsca2026_{network}_{data}"] = dmsca(network, data)
    table["dmsca2026_resnet50_imagenet"] = {("DMSCA", "gain", "+1.52 points", "")}
    return table


@pytest.mark.parametrize("name", setting_names())
def test_every_figure_of_a_paper_is_as_typed_twice(name):
    own = [figure for figure in load_setting(name).figures if not figure.source]
    assert {figure.minus for figure in own} <= {"", "none"}
    found = [(f.row, "gain" if f.minus else f.metric, f.printed, f.spread) for f in own]
    assert len(set(found)) == len(found)
    assert set(found) == typed().get(name, set())


def test_the_second_table_is_complete():
    cells = {name: len(figures) for name, figures in typed().items()}
    assert set(cells) <= set(setting_names())
    assert sum(cells.values()) == 3 + 15 + 3 + 2 + 2 + 20 + (6 + 5) * (1 + 1 + 2) + (5 + 4) * 3 + 1


def test_every_gain_of_dmsca_is_the_difference_of_its_figures():
    """So the second table is checked against itself."""
    for rows in DMSCA.values():
        base = [float(cell.split("±")[0]) for cell in rows["none"].split()]
        for text in (text for row, text in rows.items() if row != "none"):
            cells = text.split()
            for column in range(3):
                gain = read_printed(f"{cells[4 + column]} points").value
                assert float(cells[column].split("±")[0]) - base[column] == pytest.approx(
                    100 * gain
                )
