"""The facts of a briefing: all that the figures say of one province in one year, as data."""

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from helpers import claims, indices, inputs, judging, provinces, registry, standing, targets
from helpers.files import resolve, write_text
from helpers.ledger import SCORE_DECIMALS
from helpers.provinces import vintage_of
from helpers.registry import Registry
from helpers.standing import COURSE_YEARS, Standing

FORMAT = 1
EXTREMES = 3
_ORIGINS = ("basis", "source", "rank_basis", "rank_source")
_FIGURE = ("score", "max_score", "rank", "ranked", *_ORIGINS, "series", "group")
# Keys below which a fact names the sources that it rests on.
_SOURCE_KEYS = {
    "source",
    "rank_source",
    "rank_change_source",
    "score_change_source",
    "chosen_source",
    "rival_source",
    "sources",
}


class NoFigureError(ValueError):
    """There is nothing to say of a province in a year; the text is one sentence that names both."""


# Compared by identity: what it has worked out is kept for it alone.
@dataclass(frozen=True, eq=False)
class Book:
    """
    Everything that briefings are made from, read once.

    Attributes
    ----------
    raw : pathlib.Path
        Folder of the raw tables.
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    changes, conflicts, regional : pandas.DataFrame
        Rows of ``changes.csv``, ``conflicts.csv`` and ``regional_ranks.csv``.
    goals : list of helpers.targets.Target
        What provinces aim at.
    """

    raw: Path
    figures: pd.DataFrame = field(repr=False)
    registry: Registry = field(repr=False)
    changes: pd.DataFrame = field(repr=False)
    conflicts: pd.DataFrame = field(repr=False)
    regional: pd.DataFrame = field(repr=False)
    goals: list = field(repr=False)

    @functools.cached_property
    def _rows(self):
        """Rows by index, year and component, then by code."""
        return standing.table(self.figures)

    @functools.cached_property
    def _by_code(self):
        """Rows by code, then by index and component, then by year."""
        found = {}
        for (slug, year, component), rows in self._rows.items():
            for code, row in rows.items():
                found.setdefault(code, {}).setdefault((slug, component), {})[year] = row
        return found

    def _own(self, code):
        return self._by_code.get(code, {})

    @functools.cached_property
    def _units(self):
        units = {}
        for vintage in provinces.VINTAGES:
            places = provinces.load(self.raw, vintage)
            units[vintage] = {
                code: {
                    **{scope: row.get(scope, "") for scope in ("region6", "region8")},
                    "cities": "cities" if code in places.cities else "",
                }
                for code, row in places.table.to_dict("index").items()
            }
        return units

    def read(self):
        """Read at once what else the facts are made of: names of regions, sources, claims."""
        return self._region_names, self._sources, self._claims

    @functools.cached_property
    def _region_names(self):
        """English names of the regions (dict)."""
        table = provinces.load(self.raw, "63").table
        return {
            row[scope]: row[f"{scope}_en"]
            for scope in ("region6", "region8")
            for row in table[[scope, f"{scope}_en"]].drop_duplicates().to_dict("records")
        }

    @functools.cached_property
    def _sources(self):
        table = pd.read_csv(self.raw / "sources.csv", dtype=str, keep_default_na=False)
        kept = table.set_index("source")[["kind", "publisher", "reference", "obtained"]]
        return kept.to_dict("index")

    @functools.cached_property
    def _claims(self):
        said = {}
        for row in claims.gather(self.raw, self.changes, self.regional).to_dict("records"):
            said.setdefault((row["index"], row["year"], row["gso_code"]), []).append(row)
        return said

    @functools.cached_property
    def _conflicts(self):
        kept = {}
        for row in self.conflicts.to_dict("records"):
            kept.setdefault((row["index"], row["year"], row["gso_code"]), []).append(row)
        return kept

    @functools.cached_property
    def _stated_changes(self):
        """By index, year, code and component: the first statement of each change."""
        said = {}
        for row in self.changes.to_dict("records"):
            key = (row["index"], row["year"], row["gso_code"], row["component"])
            for name, number in (("rank_change", int), ("score_change", float)):
                if not pd.isna(row[name]):
                    value = {"value": number(row[name]), "basis": row["basis"], "source": row["source"]}
                    said.setdefault(key, {}).setdefault(name, value)
        return said

    @functools.cached_property
    def _stated_places(self):
        """By index, year, code, component and scope: one statement, those that give the number first."""
        statements = self.regional[self.regional["scope"] != ""].to_dict("records")
        order = self.registry.basis.index
        statements.sort(key=lambda row: (order(row["basis"]), pd.isna(row["of"])))
        said = {}
        for row in statements:
            key = (row["index"], row["year"], row["gso_code"], row["component"], row["scope"])
            of = None if pd.isna(row["of"]) else int(row["of"])
            found = {"rank": int(row["rank"]), "of": of, "basis": row["basis"], "source": row["source"]}
            said.setdefault(key, found)
        return said

    @functools.cache  # noqa: B019
    def standing(self, slug, year, component=""):
        """
        Give the figures of all provinces in one index, year and component.

        Parameters
        ----------
        slug : str
        year : int
        component : str

        Returns
        -------
        helpers.standing.Standing
            Without rows where there is no figure.
        """
        rows = self._rows.get((slug, year, component), {})
        return Standing(self.registry[slug], year, component, rows, self._units[vintage_of(year)])

    def has_figure(self, code, year):
        """Whether any index has a score or rank of the province in the year (bool)."""
        years = self._own(code) if code in self._units[vintage_of(year)] else {}
        return any(year in by_year for by_year in years.values())

    def last_year(self, code, year):
        """Newest year up to `year`, of the same set of units, with a figure of the province (int or None)."""
        years = {y for by_year in self._own(code).values() for y in by_year if y <= year}
        return max((y for y in years if vintage_of(y) == vintage_of(year)), default=None)

    def find(self, typed, year):
        """
        Find the province that somebody asks for, and make sure that there is something to say of it.

        Parameters
        ----------
        typed : str
            Code among the units of the year, or any spelling of the name.
        year : int

        Returns
        -------
        str
            GSO code in the set of units of the year.

        Raises
        ------
        helpers.provinces.UnknownProvinceError
            If there is no such province.
        helpers.provinces.OtherUnitsError
            If it is none of the year's units.
        NoFigureError
            If no index has a figure of it in the year.
        """
        # Beside its year a code is clear, even one that meant another province before July 2025.
        own = self._units[vintage_of(year)]
        code = typed if typed in own else provinces.resolve(self.raw, typed, year)
        if not self.has_figure(code, year):
            name = provinces.load(self.raw, vintage_of(year)).name(code, "vi")
            last = self.last_year(code, year)
            where = f"the last before is {last}" if last else "nor for any year before"
            raise NoFigureError(f"{name} ({code}) has no figure of any index for {year}; {where}.")
        return code

    def facts(self, code, year):
        """
        Compute everything that a briefing says.

        Parameters
        ----------
        code : str
            GSO code in the set of units of the year.
        year : int

        Returns
        -------
        dict
            Plain values, as ``docs/briefing.md`` describes them; None where a figure is missing.

        Raises
        ------
        helpers.provinces.UnknownProvinceError
            If the year's set of units has no such code.
        """
        of_year = self.registry.of_year(year)
        facts = {
            "format": FORMAT,
            "year": year,
            "vintage": vintage_of(year),
            "province": self._province(code, year),
            "indices": {
                index.slug: self._of_index(index, code, year) for index in self.registry.of_year(year)
            },
            "peers": self._peers(code, year),
            "targets": judging.evaluate(self.goals, code, year, self.figures, self.registry),
            "coverage": {index.slug: self._coverage(index, year) for index in of_year},
        }
        used = sorted(_sources_in(facts))
        facts["sources"] = {source: self._sources.get(source) for source in used}
        return facts

    def totals(self, code, year):
        """
        Pick out the ranks that the picture of their course shows.

        Parameters
        ----------
        code : str
        year : int

        Returns
        -------
        pandas.DataFrame
            Columns index, year, rank, ranked, basis, rank_basis: the totals with a rank of the province, up
            to the year, among the units of the year and in the indices of the year.
        """
        rows = self.figures[(self.figures["gso_code"] == code) & (self.figures["component"] == "")]
        slugs = [index.slug for index in self.registry.of_year(year)]
        rows = rows[rows["index"].isin(slugs) & (rows["year"] <= year) & rows["rank"].notna()]
        # The same code is another province in another set of units.
        rows = rows[rows["year"].map(vintage_of) == vintage_of(year)]
        return rows[["index", "year", "rank", "ranked", "basis", "rank_basis"]].reset_index(drop=True)

    @functools.cache  # noqa: B019 - a book lives as long as the process that reads it
    def components(self, year):
        """
        Pick out the figures of all provinces that the pictures of components show.

        Parameters
        ----------
        year : int

        Returns
        -------
        pandas.DataFrame
            Columns index, component, gso_code, score, max_score, basis, rank_basis: of the dimensions of
            every index of the year.
        """
        fields = {
            (index.slug, field) for index in self.registry.of_year(year) for field in index.fields(year)
        }
        rows = self.figures[(self.figures["year"] == year) & (self.figures["component"] != "")]
        rows = rows.loc[[pair in fields for pair in zip(rows["index"], rows["component"], strict=True)]]
        names = ["index", "component", "gso_code", "score", "max_score", "basis", "rank_basis"]
        return rows[names].reset_index(drop=True)

    def prepare(self, year):
        """
        Work out what the briefings of a year share, for the processes that are forked from this one.

        Parameters
        ----------
        year : int
        """
        self.components(year)
        # The facts of one province ask for nearly all that those of the others ask for.
        if first := next((code for code in self._by_code if self.has_figure(code, year)), None):
            self.facts(first, year)

    def outline(self, code, year):
        """
        Compute the little that a list of provinces says.

        Parameters
        ----------
        code : str
        year : int

        Returns
        -------
        dict
            Of `facts` the ``province``, and of each of its ``indices`` names, unit, the figure of the year
            and what is missing.

        Raises
        ------
        helpers.provinces.UnknownProvinceError
            If the year's set of units has no such code.
        """
        return {
            "province": self._province(code, year),
            "indices": {
                index.slug: {
                    **_names(index),
                    **self._figure(index, code, year),
                    "missing": self._missing(index, code, year),
                }
                for index in self.registry.of_year(year)
            },
        }

    def _province(self, code, year):
        places = provinces.load(self.raw, vintage_of(year))
        if code not in places.codes:
            near = [(other, places.name(other, "vi")) for other in places.near(code)]
            raise provinces.UnknownProvinceError(code, places.vintage, near)
        unit = self._units[places.vintage][code]
        return {
            "gso_code": code,
            "name": places.name(code, "vi"),
            "name_en": places.name(code, "en"),
            "type": "city" if unit["cities"] else "province",
            "region6": self._named(unit["region6"]),
            "region8": self._named(unit["region8"]) if unit["region8"] else None,
        }

    def _named(self, region):
        return {"name": region, "name_en": self._region_names.get(region, region)}

    def _of_index(self, index, code, year):
        found = _names(index) | self._of_figure(index, code, year, "")
        found["groups"] = standing.group_names(index, year)
        own = self._own(code)
        found["course"] = [
            {"year": y} | {name: value for name, value in self._figure(index, code, y).items()}
            for y in range(year - COURSE_YEARS + 1, year + 1)
            if index.has_year(y) and vintage_of(y) == vintage_of(year)
        ]
        slugs = sorted(index.components_of(year), key=lambda slug: "." in slug)
        found["components"] = {
            slug: self._of_component(index, code, year, slug)
            for slug in slugs
            if year in own.get((index.slug, slug), {})
            or (index.slug, year, code, slug) in self._stated_changes
        }
        fields = [slug for slug in index.fields(year) if slug in found["components"]]
        found |= _extremes(fields, found["components"])
        found["claims"] = self._compared(index, code, year, found)
        names = ("component", "field", "chosen", "chosen_source", "rival", "rival_source", "difference")
        found["conflicts"] = [
            {name: conflict[name] for name in (*names, "decided_by")}
            for conflict in self._conflicts.get((index.slug, year, code), [])
        ]
        found["missing"] = self._missing(index, code, year)
        return found

    def _missing(self, index, code, year):
        now, own, fields = self.standing(index.slug, year), self._own(code), index.fields(year)
        at_hand = sum(year in own.get((index.slug, slug), {}) for slug in fields)
        reason = _why_missing(index, year, now.rows.get(code), now, at_hand)
        return {"reason": reason, "components_at_hand": at_hand, "components": len(fields)}

    def _of_component(self, index, code, year, slug):
        entry = index.components[slug]
        found = {
            "name": dict(entry["name"]),
            "parent": slug.split(".")[0] if "." in slug else None,
            "part": "." in slug,
            "method": bool(entry.get("method") or entry.get("apart")),
        }
        found |= self._of_figure(index, code, year, slug)
        share = None
        if found["score"] is not None and found["max_score"]:
            share = round(found["score"] / found["max_score"], SCORE_DECIMALS)
        return found | {"share": share}

    def _figure(self, index, code, year, component=""):
        row = self._own(code).get((index.slug, component), {}).get(year)
        found = {name: row[name] if row else None for name in _FIGURE}
        found["series"] = index.series(year)
        if row and row["score"] is None:
            found["basis"] = found["source"] = None
        return found

    def _of_figure(self, index, code, year, component):
        """Facts that a total and a component have in common."""
        now = self.standing(index.slug, year, component)
        found = self._figure(index, code, year, component)
        before = None
        if index.has_year(year - 1) and vintage_of(year - 1) == vintage_of(year):
            before = self._own(code).get((index.slug, component), {}).get(year - 1)
        stated = self._stated_changes.get((index.slug, year, code, component))
        found |= standing.change(index, year, now.rows.get(code), before, stated)
        found["previous"] = None
        if before:
            earlier = self._figure(index, code, year - 1, component)
            comparable = earlier["series"] == found["series"]
            found["previous"] = {"year": year - 1, **earlier, "comparable": comparable}
        for scope in provinces.SCOPES:
            said = self._stated_places.get((index.slug, year, code, component, scope))
            place = now.among(code, scope, said)
            if place and scope == "cities":
                place.pop("name")
            elif place:
                place = {**self._named(place.pop("name")), **place}
            found[scope] = place
        found["median"], found["top"] = now.median(code), now.top(code)
        found["next_better"] = now.next_better(code)
        found["record"] = self._record(index, code, year, component, found)
        return found

    def _record(self, index, code, year, component, found):
        years = self._own(code).get((index.slug, component), {})
        years = {y: row for y, row in years.items() if y <= year and vintage_of(y) == vintage_of(year)}
        record, units = dict.fromkeys(("rank", "score")), len(self._units[vintage_of(year)])
        ranks = {
            y: row["rank"] for y, row in years.items() if row["rank"] is not None and _is_whole(row, units)
        }
        if year in ranks:
            record["rank"] = standing.record(ranks, min, {y: years[y]["rank_source"] for y in ranks})
        if found["score"] is not None:
            scores = {
                y: row["score"]
                for y, row in years.items()
                if row["score"] is not None
                and index.series(y) == found["series"]
                and row["max_score"] == found["max_score"]
            }
            record["score"] = standing.record(scores, max, {y: years[y]["source"] for y in scores})
        return record

    def _compared(self, index, code, year, found):
        rows, statements = [], self._claims.get((index.slug, year, code), [])
        ranks = {(s["component"], s["source"]): s["stated"] for s in statements if s["field"] == "rank"}
        for said in statements:
            component = said["component"]
            ours = found["components"].get(component) if component else found
            if ours is None:
                continue
            now = self.standing(index.slug, year, component)
            before = self.standing(index.slug, year - 1, component) if index.has_year(year - 1) else None
            rank = ranks.get((component, said["source"]))
            rows.append(claims.compare(said, ours, now, before, rank))
        return [row for row in rows if row]

    def _peers(self, code, year):
        places = provinces.load(self.raw, vintage_of(year))
        for index in self.registry.of_year(year):
            fields = index.fields(year)
            if not index.ranks_computed or len(fields) < 2:
                continue
            profiles = self._profiles(index.slug, year)
            region = self._units[places.vintage][code]["region6"]
            members = [o for o, unit in self._units[places.vintage].items() if unit["region6"] == region]
            distances = standing.similar(profiles, code, members)
            if distances.empty:
                return None
            rows = self.standing(index.slug, year).rows
            return {
                "index": index.slug,
                "n": len(distances),
                "provinces": [
                    {
                        "gso_code": other,
                        "name": places.name(other, "vi"),
                        "name_en": places.name(other, "en"),
                        "distance": round(float(distance), SCORE_DECIMALS),
                        **{name: rows.get(other, {}).get(name) for name in ("score", "rank", "source")},
                    }
                    for other, distance in distances.head(EXTREMES).items()
                ],
            }
        return None

    @functools.cache  # noqa: B019
    def _profiles(self, slug, year):
        """Scores of the provinces that have every dimension: a row a province, a column a dimension."""
        columns = {
            component: {code: row["score"] for code, row in self._rows[slug, year, component].items()}
            for component in self.registry[slug].fields(year)
            if (slug, year, component) in self._rows
        }
        return pd.DataFrame(columns, dtype=float).sort_index().dropna()

    def _coverage(self, index, year):
        rows = self.standing(index.slug, year).rows.values()
        return {
            "units": len(self._units[vintage_of(year)]),
            "scores": sum(row["score"] is not None for row in rows),
            "ranks": sum(row["rank"] is not None for row in rows),
        }


def _names(index):
    languages = ("en", "vi")
    return {
        "name": {language: index.name(language) for language in languages},
        "short": index.short,
        "unit": {language: index.unit(language) for language in languages},
    }


def _is_whole(row, units):
    """Whether a rank is one among nearly all provinces, as far as it is known."""
    return row["ranked"] is None or row["ranked"] >= standing.WHOLE_SHARE * units


def _extremes(fields, components):
    """Name the strongest and weakest components by rank, and those that rose and fell most."""
    ranked = [slug for slug in fields if components[slug]["rank"] is not None]
    number = min(EXTREMES, len(ranked) // 2)
    by_rank = sorted(ranked, key=lambda slug: components[slug]["rank"])
    # Of equal ranks none is both among the strongest and the weakest.
    from_last = [slug for slug in ranked if slug not in by_rank[:number]]
    from_last.sort(key=lambda slug: -components[slug]["rank"])
    moved = [slug for slug in fields if components[slug]["rank_change"]]
    moved.sort(key=lambda slug: -components[slug]["rank_change"])
    fallen = sorted(
        (slug for slug in fields if components[slug]["rank_change"]),
        key=lambda slug: components[slug]["rank_change"],
    )
    return {
        "strongest": by_rank[:number],
        "weakest": from_last[:number],
        "rises": [slug for slug in moved if components[slug]["rank_change"] > 0][:EXTREMES],
        "falls": [slug for slug in fallen if components[slug]["rank_change"] < 0][:EXTREMES],
    }


def _why_missing(index, year, row, now, at_hand):
    """Name the reason why a total is not there, or only by half; None where score and rank are."""
    if row and row["score"] is not None and row["rank"] is not None:
        return None
    if row and (row["score"] is not None or row["rank"] is not None):
        return "only_rank" if row["score"] is None else "only_score"
    surveyed = index.surveyed(year)
    if surveyed is not None and len(now.rows) >= surveyed:
        return "not_surveyed"
    if not index.ranks_computed:
        return "not_reported"
    return "some_components" if at_hand else "no_result"


def _sources_in(facts):
    """Collect the ids of all sources that facts name."""
    found, waiting = set(), [facts]
    while waiting:
        part = waiting.pop()
        for name, value in part.items() if isinstance(part, dict) else enumerate(part):
            if name in _SOURCE_KEYS:
                found |= set(value) if isinstance(value, list) else {value} if value else set()
            elif isinstance(value, dict | list):
                waiting.append(value)
    return found


@inputs.kept
def open_book(raw="data/raw", processed="data/processed"):
    """
    Read what briefings are made from.

    Parameters
    ----------
    raw, processed : str or pathlib.Path

    Returns
    -------
    Book

    Raises
    ------
    helpers.indices.RawDataError
        If the raw tables have not been cleaned yet.
    helpers.targets.TargetError
        If ``targets.toml`` is wrong.
    """
    raw, processed = resolve(raw), resolve(processed)
    known = registry.load(raw)
    book = Book(
        raw,
        indices.read(processed),
        known,
        *(indices.read_beside(processed, name) for name in ("changes", "conflicts", "regional_ranks")),
        targets.read(raw, known),
    )
    book.read()
    return book


@inputs.query
def shown(typed, year, raw="data/raw", processed="data/processed"):
    """
    Give all that a briefing shows of the figures, and nothing else.

    Parameters
    ----------
    typed : str
        As for `Book.find`.
    year : int
    raw, processed : str or pathlib.Path

    Returns
    -------
    dict
        ``facts`` (see `Book.facts`), and for the pictures ``totals`` and ``components`` (see `Book.totals`
        and `Book.components`).

    Raises
    ------
    ValueError, helpers.indices.RawDataError
        As `open_book` and `Book.find` do.
    """
    book = open_book(raw, processed)
    code = book.find(typed, year)
    return {
        "facts": book.facts(code, year),
        "totals": book.totals(code, year),
        "components": book.components(year),
    }


def write(facts, path):
    """
    Write facts as JSON, whole or not at all.

    Parameters
    ----------
    facts : dict
        From `Book.facts`.
    path : str or pathlib.Path
    """
    write_text(path, json.dumps(facts, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
