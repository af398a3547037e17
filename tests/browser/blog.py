"""A blog with everything a page can hold: what `reportgen new site` makes, a long page, and posts for the lists."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

import reportgen

STARTER = Path(reportgen.__file__).parent / "site" / "starter"

SETTINGS = """
title = "Weights, watched"
author = "Ada Example"
description = "Notes on what penalties do to weights, and on what can be said about it with a few dozen runs."
base = "https://example.org/blog/"
logo = "logo.svg"
footer = "Text and pictures under [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)."

[colors]
accent = "#8a3b12"
accent_dark = "#f0a878"

[[links]]
label = "Code"
address = "https://example.com/code"

[[links]]
label = "Mail"
address = "mailto:ada@example.com"
"""

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">
<rect width="64" height="64" rx="14" fill="#8a3b12"/><path d="M12 46 26 18l12 22 6-10 8 16" fill="none" stroke="#fff"
stroke-width="6" stroke-linejoin="round" stroke-linecap="round"/></svg>
"""

LONG = """# Everything a page can hold

A paragraph of *ordinary* text with **weight**, `inline_code(with_arguments=True)`, a [link to the
web](https://example.com/somewhere), one to [another page](about.md), and $\\lambda \\sum_i |w_i|$. It has a
note[^first]. Afew_words_that_are_one_very_long_identifier_which_no_line_of_a_telephone_holds.

## Pictures

![Noise with a gradient over it](../pictures/wide.png "What a camera sees in the dark. The caption is as wide as text.")

A small one stands ![a dark square](../pictures/small.png) in a line.

## Lists and quotes

- One
- Two
  1. Numbered

> A quote.

Term
:   What it means.

## Code and tables

```python
return np.sign(w) * np.maximum(np.abs(w) - scale, 0.0)  # a comment that is so long that it does not fit in one line
```

| Name | Runs | Mean | Median | Lowest | Highest | Deviation | A remark |
|:-----|-----:|-----:|-------:|-------:|:-------:|----------:|----------|
| L1 with proximal steps | 30 | 25.1 | 19.3 | 15.0 | 53.5 | 10.7 | the only one that ends at *exact* zeros |

## A heading that is rather long, with `code` and $x^2$ in it, so that it breaks

$$ \\min_w \\frac{1}{n} \\sum_{i=1}^{n} \\bigl| y_i - f(x_i; w) \\bigr|
   + \\lambda \\sum_{l=1}^{L} \\lVert W_l \\rVert_1
   + \\frac{\\mu}{2} \\sum_{l=1}^{L} \\lVert W_l \\rVert_2^2
   + \\frac{\\nu}{2} \\sum_{l=1}^{L} \\lVert b_l \\rVert_2^2 $$

[^first]: The first note, with `code`.
"""

PAGES = {
    **{"gallery": "Gallery", "quick-start": "Quick start", "reading": "Suggested reading"},
    **{"talks": "Talks and slides", "theme": "Themes", "data-sets": "Data sets"},
}
"""Titles of pages that are there for the navigation, which has eight entries with those of the others."""

POSTS = {
    "train": """+++
title = "Two lengths on one page, and a network to train"
date = 2026-02-03
tags = ["L1", "animation"]
experiment = "longer"
+++

Two players of two experiments, each with its own number of steps.

{{ animation weights-l1 }}

{{ animation l1-or-l2/weights-l1 | The same for {{ number l1-or-l2/experiment.steps }} steps. }}

{{ figure l1-or-l2/histogram }}

{{ section live }}
""",
    "a-long-title": """+++
title = "A title that takes three lines on a card, four on a telephone, and with \
Donaudampfschifffahrtsgesellschaftskapitänsmützenbandfabrik a word that is too long as well"
date = 2026-01-28
tags = ["a tag of some length", "sparsity", "L1", "seeds"]
abstract = "An abstract of some length, so that cards in one row are not equally full: it goes on. And on."
+++

Text.
""",
    "seeds": """+++
title = "What five runs can tell"
date = 2025-12-01
tags = ["seeds"]
abstract = "Less than one would think."
experiment = "l1-or-l2"
picture = "histogram"
+++

{{ claim five-runs-tell-either-story }}
""",
}


def write(folder: Path) -> Path:
    """Write the files of the blog into a new folder, and return it."""
    shutil.copytree(STARTER, folder, copy_function=shutil.copyfile)
    (folder / "reportgen.toml").write_text(SETTINGS, "utf-8")
    (folder / "logo.svg").write_text(LOGO, "utf-8")
    (folder / "pages" / "everything.md").write_text(LONG, "utf-8")
    for name, title in PAGES.items():
        (folder / "pages" / f"{name}.md").write_text(f"# {title}\n\n[Everything](everything.md) has more.\n", "utf-8")
    for name, text in POSTS.items():
        (folder / "posts" / f"{name}.md").write_text(text, "utf-8")
    own = (STARTER / "posts" / "l1-or-l2.toml").read_text("utf-8")
    longer = own.partition('[[arms]]\nname = "none"')[0]  # without the third arm, and with few runs, it is soon drawn
    for before, after in {
        "epochs = 60": "epochs = 90",
        "count = 8": "count = 2",
        'sections = ["experiment", "errors", "sparsity", "motion"]': 'sections = ["motion", "live"]',
    }.items():
        assert longer.count(before) == 1
        longer = longer.replace(before, after)
    (folder / "experiments").mkdir()
    (folder / "experiments" / "longer.toml").write_text(longer, "utf-8")
    (folder / "pictures").mkdir()
    noise = np.random.default_rng(0).integers(0, 80, (240, 1200)) + np.linspace(0, 170, 1200)
    Image.fromarray(noise.astype(np.uint8)).save(folder / "pictures" / "wide.png")
    Image.new("RGB", (16, 16), (31, 35, 40)).save(folder / "pictures" / "small.png")
    return folder
