"""Code of the provincial governance reports, one module for one stage of the flow."""

__version__ = "0.1.0"
