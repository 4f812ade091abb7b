"""Code of the provincial governance reports, one module for one stage of the flow."""

import sys

__version__ = "0.1.0"

# Importing jsonschema, which nbformat does, builds a grammar of internet addresses if this package is there:
# 1.9 s in every process, and nothing here checks addresses. jsonschema does without it.
sys.modules.setdefault("rfc3987_syntax", None)
