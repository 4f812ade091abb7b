"""Which pages are to be made: ``reports.toml``, checked, and what was asked for of it."""

import ast
import collections
import itertools
import json
import re
import string
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from helpers import provinces, site, wording

FOLDERS = {"raw": "data/raw", "processed": "data/processed", "reports": "reports"}
_TEXT = {"type": "string"}
_ENTRY = {
    "notebook": _TEXT,
    "stage": {"enum": ["data", "year"]},
    "output": {"type": "string", "pattern": r"^\{language\}/.*\.html$"},
    "title": _TEXT,
    "label": {"type": "object", "required": list(wording.LANGUAGES), "additionalProperties": _TEXT},
    "time_limit": {"type": "number", "exclusiveMinimum": 0},
    "parameters": {"type": "object", "additionalProperties": {"type": "object"}},
}
_ENTRIES = {
    "required": list(_ENTRY),
    "properties": {
        **_ENTRY,
        "pictures": _TEXT,
        "years": {"enum": ["newest"]},
        "kind": {"type": "string", "pattern": "^[a-z]+$"},
        "pdf": {"type": "integer", "minimum": 1},
        "summary": _TEXT,
    },
    "additionalProperties": False,
}
_FILE = {
    "languages": {"type": "array", "minItems": 1, "items": {"enum": list(wording.LANGUAGES)}},
    "years": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
    "page": {"type": "array", "minItems": 1, "items": _ENTRIES},
}
_SCHEMA = {"required": list(_FILE), "properties": _FILE, "additionalProperties": False}


class WrongInput(Exception):
    """What was asked for cannot be done, and nothing was started; one sentence for each fault."""


@dataclass(frozen=True)
class Job:
    """
    All that making one page takes.

    Attributes
    ----------
    page : site.Page
    stage : {"data", "year"}
    time_limit : float
        Seconds that making the page may take.
    reports : pathlib.Path
        Folder that the page goes to.
    folders : dict
        Parameters of folders that differ from the notebook's own.
    links : dict
        Links of the head of the page.
    newest : bool
        Whether it is made only for the newest year unless years are asked for.
    ask : dict, optional
        Digests of what the page asked of the data when it was made: it stays if they are still the same.
    made_from : dict
        Digests of its notebook, the code and the packages, which the page names.
    """

    page: site.Page
    stage: str
    time_limit: float
    reports: Path
    folders: dict = field(default_factory=dict)
    links: dict = field(default_factory=dict)
    newest: bool = False
    ask: dict | None = None
    made_from: dict = field(default_factory=dict)

    @property
    def log(self):
        """Where the traceback goes if the page cannot be made (pathlib.Path)."""
        page = self.page
        words = [page.language, page.year, Path(page.notebook).stem, page.province]
        return self.reports / "failed" / f"{'-'.join(str(word) for word in words if word is not None)}.log"


def read_jobs(reports, folders, raw=FOLDERS["raw"]):
    """
    Read ``reports.toml`` in the working directory and check all of it.

    Parameters
    ----------
    reports : pathlib.Path
        Folder that the pages go to.
    folders : dict
        Parameters of folders that differ from the notebooks' own.
    raw : str or pathlib.Path
        Folder of the raw tables, which has the provinces.

    Returns
    -------
    list of Job
        Every page that there can be, the data stage first.

    Raises
    ------
    WrongInput
        If the file is missing or wrong, a notebook is missing or lacks a parameter, or a value does not fit
        its schema.
    """
    try:
        asked = tomllib.loads(Path("reports.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WrongInput(
            f"{Path('reports.toml').resolve()} is missing: it says which pages there are."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongInput(f"reports.toml is no valid TOML: {error}.") from None
    if faults := _faults("reports.toml", asked, _SCHEMA):
        raise WrongInput(*faults)
    jobs, faults = [], []
    for entry in sorted(asked["page"], key=lambda entry: entry["stage"] != "data"):
        pages, found = _pages(entry, asked, raw)
        faults += [*_notebook_faults(entry, folders), *found]
        stage, limit, newest = entry["stage"], entry["time_limit"], "years" in entry
        jobs += [Job(page, stage, limit, reports, folders, newest=newest) for page in pages]
    paths = collections.Counter(job.page.path for job in jobs)
    faults += [f"reports.toml: two pages go to {path}." for path in sorted(paths) if paths[path] > 1]
    if faults:
        raise WrongInput(*faults)
    return jobs


def _faults(where, value, schema):
    """Sentences on a value that does not fit its JSON Schema, or on a schema that is none."""
    if _fits(value, schema):
        return []
    import jsonschema

    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return [_fault(f"{where} (a JSON Schema)", error)]
    return [_fault(where, error) for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]


def _fault(where, error):
    place = ".".join(str(step) for step in error.absolute_path)
    return f"{where}{f', {place}' if place else ''}: {error.message}."


def _fits(value, schema):
    """
    Say whether a value surely fits a JSON Schema of common words.

    The library that knows every word takes longer to import than a run in which no page is to be made, so it
    is asked, and words the fault, only where this does not know.
    """
    try:
        return all(
            word in _WORDS
            and type(value) in _WORDS[word][0]
            and type(said) in _WORDS[word][1]
            and _WORDS[word][2](value, said, schema)
            for word, said in schema.items()
        )
    except (TypeError, re.error):
        return False


def _only_known(value, said, schema):
    others = [value[name] for name in value if name not in schema.get("properties", {})]
    return not others if said is False else said is True or all(_fits(other, said) for other in others)


_TYPES = {"string": [str], "integer": [int], "number": [int, float], "boolean": [bool]}
_TYPES |= {"array": [list], "object": [dict]}
_ANY = [kind for kinds in _TYPES.values() for kind in kinds]
# By word: the types of values and of what the word is given, and the test; True is no number here.
_WORDS = {
    "default": (_ANY, _ANY, lambda *_: True),
    "type": (_ANY, [str], lambda value, said, _: type(value) in _TYPES.get(said, [])),
    "enum": (_ANY, [list], lambda value, said, _: any(type(v) is type(value) and v == value for v in said)),
    "minimum": ([int, float], [int, float], lambda value, said, _: value >= said),
    "maximum": ([int, float], [int, float], lambda value, said, _: value <= said),
    "exclusiveMinimum": ([int, float], [int, float], lambda value, said, _: value > said),
    "pattern": ([str], [str], lambda value, said, _: re.search(said, value)),
    "minItems": ([list], [int], lambda value, said, _: len(value) >= said),
    "items": ([list], [dict], lambda value, said, _: all(_fits(item, said) for item in value)),
    "required": ([dict], [list], lambda value, said, _: set(said) <= set(value)),
    "properties": (
        [dict],
        [dict],
        lambda value, said, _: all(_fits(value[name], said[name]) for name in value if name in said),
    ),
    "additionalProperties": ([dict], [bool, dict], _only_known),
}


def _notebook_faults(entry, folders):
    name, wanted = entry["notebook"], {*entry["parameters"], *folders}
    if not Path(name).is_file():
        return [f"reports.toml names the notebook {name}, which is missing."]
    if wanted <= _assigned(name):
        return []
    import papermill

    try:
        known = papermill.inspect_notebook(name)
    except Exception as error:
        return [f"{name} cannot be read as a notebook: {error}."]
    return [
        f"reports.toml: {name} has no parameter {parameter!r} in its cell tagged 'parameters' "
        f"(it has: {', '.join(known) or 'none'})."
        for parameter in (*entry["parameters"], *folders)
        if parameter not in known
    ]


def _assigned(name):
    """
    Names that the cell of parameters surely assigns; none where that is not seen at a glance.

    The glance spares a run in which no page is to be made the import of papermill, which judges the rest.
    """
    try:
        cells = json.loads(Path(name).read_text(encoding="utf-8"))["cells"]
        tagged = (cell for cell in cells if "parameters" in cell["metadata"].get("tags", []))
        body = ast.parse("".join(next(tagged)["source"])).body
    except (ValueError, LookupError, TypeError, AttributeError, SyntaxError, StopIteration):
        return set()
    assigned = (statement.targets for statement in body if isinstance(statement, ast.Assign))
    return {target.id for targets in assigned for target in targets if isinstance(target, ast.Name)}


def _pages(entry, asked, raw):
    """The pages of an entry, and sentences on what is wrong with it; several pages may share a fault."""
    where = f"reports.toml, {entry['notebook']}"
    try:
        combinations = list(_combinations(entry, asked, raw))
        faults = _value_faults(entry, combinations, f"{where}, parameters")
        places = _places(combinations, raw)
        pages = [] if faults else [_page(entry, values, places) for values in combinations]
    except KeyError as error:
        return [], [f"{where}: the name or text {error} is not known."]
    except WrongInput as wrong:
        return [], [f"{where}: {fault}" for fault in wrong.args]
    except FileNotFoundError as error:
        return [], [f"{where} needs {error.filename}, which is missing: restore it from the repository."]
    return pages, faults


def _combinations(entry, asked, raw):
    names = list(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(entry["output"]) if name))
    if unknown := set(names) - {"language", "year", "province"}:
        raise KeyError(", ".join(sorted(unknown)))
    if "province" in names and "year" not in names:
        raise WrongInput("an output with {province} needs {year}, which decides what provinces there are.")
    defaults = {key: schema["default"] for key, schema in entry["parameters"].items() if "default" in schema}
    years = asked["years"] if "year" in names else [None]
    for language, year in itertools.product(asked["languages"], years):
        codes = provinces.load(raw, provinces.vintage_of(year)).codes if "province" in names else [None]
        for code in codes:
            found = {"language": language, "year": year, "province": code}
            values = {name: found[name] for name in names}
            yield {**values, **{name: value for name, value in defaults.items() if name not in values}}


def _value_faults(entry, combinations, where):
    """Sentences on the values of an entry; each value is judged once, however many pages have it."""
    parameters = entry["parameters"]
    anything = {"properties": {name: {} for name in parameters}}
    names = {**anything, "required": list(parameters), "additionalProperties": False}
    faults = _faults(where, combinations[0], names)
    for name, schema in parameters.items():
        values = {repr(values[name]): values[name] for values in combinations if name in values}
        for value in values.values():
            faults += _faults(where, {name: value}, {"properties": {name: schema}})
    return list(dict.fromkeys(faults))


def _places(combinations, raw):
    """Name, and name with type, of each province by set of units, code and language; looked up once."""
    places = {}
    for values in combinations:
        if "province" in values:
            vintage, code, language = key = _place_key(values)
            if key not in places:
                units = provinces.load(raw, vintage)
                places[key] = units.name(code, language), units.full_name(code, language)
    return places


def _place_key(values):
    return provinces.vintage_of(values["year"]), values["province"], values["language"]


def _page(entry, values, places):
    language, year, code = values["language"], values.get("year"), values.get("province")
    path = entry["output"].format(**values)
    place, full = ("", "") if code is None else places[_place_key(values)]
    title = wording.text(entry["title"], **{**values, "place": full})
    return site.Page(
        # What the pages of all provinces have in common is the word in the braces.
        name=Path(entry["output"]).stem.strip("{}"),
        language=language,
        year=year,
        path=path,
        title=title[:1].upper() + title[1:],
        label=entry["label"][language],
        notebook=entry["notebook"],
        parameters=values,
        pictures=entry.get("pictures", ""),
        stage=entry["stage"],
        province=code,
        place=place,
        kind=entry.get("kind", ""),
        pdf=entry.get("pdf", 0),
        summary=entry.get("summary", ""),
    )


def narrowed(jobs, only=None, years=(), languages=(), typed=(), raw=FOLDERS["raw"]):
    """
    Take the jobs that were asked for; the data stage stays, because everything else reads what it makes.

    Parameters
    ----------
    jobs : list of Job
    only : str, optional
        A stage.
    years, languages : sequence of str
        As typed; all if empty, and of pages that are made for the newest year only, that one.
    typed : sequence of str
        Codes or names of provinces as typed, several with commas between them. Where there are any, only
        their pages are taken, of the newest year if `years` is empty.
    raw : str or pathlib.Path
        Folder of the raw tables, which has the provinces.

    Returns
    -------
    list of Job

    Raises
    ------
    WrongInput
        If there is no such year, language or province.
    """
    faults = []
    for what, words, known in (
        ("year", years, sorted({job.page.year for job in jobs if job.page.year is not None})),
        ("language", languages, list(dict.fromkeys(job.page.language for job in jobs))),
    ):
        choices = [str(choice) for choice in known]
        for word in words:
            if word not in choices:
                faults.append(
                    f"There is no {what} {word!r} in reports.toml; choose from {', '.join(choices)}."
                )
    for option, words in (("year", years), ("province", typed)):
        if only == "data" and words:
            faults.append(f"The data stage has no {option}s: leave out --{option}, or --only data.")
    if faults:
        raise WrongInput(*faults)
    newest = max((job.page.year for job in jobs if job.page.year is not None), default=None)
    wanted = {int(year) for year in years}
    named = _resolved(jobs, typed, wanted or {newest}, raw) if typed else set()

    def is_wanted(job):
        page = job.page
        if (only and job.stage != only) or (languages and page.language not in languages):
            return False
        if typed:
            return job.stage == "data" or (page.year, page.province) in named
        return page.year is None or page.year in (wanted or ({newest} if job.newest else {page.year}))

    return [job for job in jobs if is_wanted(job)]


def _resolved(jobs, typed, years, raw):
    """Years and codes of the provinces that were typed."""
    if all(job.page.province is None for job in jobs):
        raise WrongInput("No page of reports.toml is about a province: leave out --province.")
    words = [word.strip() for text in typed for word in text.split(",") if word.strip()]
    # Codes are also told apart by spaces, as years are; a name may have some.
    words = [part for word in words for part in (word.split() if re.fullmatch(r"[\d\s]+", word) else [word])]
    named, faults = set(), [] if words else ["--province names no province."]
    for year, word in itertools.product(sorted(years), dict.fromkeys(words)):
        try:
            named.add((year, provinces.resolve(raw, word, year)))
        except provinces.UnknownProvinceError as error:
            near = [f"{name} ({code})" for code, name in error.suggestions]
            faults.append(
                f"There is no province {word!r} among the {error.vintage} of {year}; "
                f"did you mean {', '.join(near[:-1])} or {near[-1]}?"
            )
        except provinces.OtherUnitsError as error:
            faults.append(f"{error}.")
    if faults:
        raise WrongInput(*faults)
    return named
