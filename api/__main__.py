"""The command line: ``everbook``."""

import typer

from api.cli import demo, serving

app = typer.Typer(
    name="everbook", help="A trade ledger: book, prove, explain.", no_args_is_help=True, pretty_exceptions_enable=False
)
app.command()(demo.demo)
app.command()(serving.serve)
app.command()(serving.work)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
