"""``python -m findings.cli``: the ``findings`` command, whatever PATH says."""

import sys

from findings.cli.main import main

sys.exit(main())
