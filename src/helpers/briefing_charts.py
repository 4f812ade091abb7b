"""Every picture of a province's briefing, one function each, and its alternative text."""

from helpers.briefing_components import components, describe_components
from helpers.briefing_course import course, describe_course
from helpers.briefing_locator import describe_locator, locator

__all__ = [
    "components",
    "course",
    "describe_components",
    "describe_course",
    "describe_locator",
    "locator",
]
