"""Write the pages that follow from the code: `python docs/generate.py`; `--check` compares."""

import sys
from pathlib import Path

from pages.designs import designs_page
from pages.networks import networks_page
from pages.recipes import recipes_page

FOLDER = Path(__file__).parent
PAGES = {"designs.md": designs_page, "networks.md": networks_page, "recipes.md": recipes_page}


def main() -> None:
    for name, page in PAGES.items():
        path, text = FOLDER / name, page()
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} is not what the code says: run python {Path(__file__).name}")


if __name__ == "__main__":
    main()
