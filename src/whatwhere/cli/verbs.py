"""The verbs of the command line; each parses, calls the api and prints, in a module of its own."""

from typing import Annotated

import typer

from whatwhere.cli.comparing import compare
from whatwhere.cli.evaluating import eval_
from whatwhere.cli.looking import list_, report
from whatwhere.cli.predicting import predict
from whatwhere.cli.reproducing import reproduce
from whatwhere.cli.searching import search
from whatwhere.cli.training import train

app = typer.Typer(
    name="whatwhere",
    help="Which attention design is worth its cost on my images?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Which attention design is worth its cost on my images?"""


for verb in (compare, train, predict, reproduce, search, report):
    app.command()(verb)
app.command(name="eval")(eval_)
app.command(name="list")(list_)
