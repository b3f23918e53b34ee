"""One file per action of the command line; each has ``run(parser, arguments) -> exit code``."""
