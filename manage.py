#!/usr/bin/env python3
"""The one door for people: `up`, `test`, `lab` and every management command. Standard library only until the environment exists."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("Clusterview needs Python 3.11 or newer; this is %s. Try: python3.11 manage.py up" % sys.version.split()[0])  # noqa: UP031

from dashboard import bootstrap

if __name__ == "__main__":
    sys.exit(bootstrap.main(arguments=sys.argv[1:]))
