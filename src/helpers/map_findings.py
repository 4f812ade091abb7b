"""Maps in words: titles, units, legends, sources, what a map shows for those who do not see it, its table."""

import numpy as np
import pandas as pd

from helpers import indices, wording

LABELLED = 3
# Names of up to this many provinces stand in a sentence; more are folded away.
NAMED = 12


def _values(layer, language):
    """What the braces of titles and subjects stand for."""
    values = {"index": layer.index.short, "year": layer.year, "before": layer.year - 1}
    values["component"] = layer.index.component_name(layer.component, language) if layer.component else ""
    values["second"] = layer.indices[-1].short
    return values


def _key(name, layer):
    return f"map.{name}_{layer.measure}{'_component' if layer.component else ''}"


def title(layer, language):
    """
    Write the title of a map.

    Parameters
    ----------
    layer : helpers.measures.Layer
    language : {"en", "vi"}

    Returns
    -------
    str
        What is shown, of which year; that it is an aggregate where it is one.
    """
    written = wording.text(_key("title", layer), language, **_values(layer, language))
    return wording.text("map.title_merged", language, title=written) if layer.aggregated else written


def units_of(layer, language):
    """
    Write the unit of the values of a map.

    Parameters
    ----------
    layer : helpers.measures.Layer
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    index = layer.index
    if layer.measure == "score":
        highest = index.max_score(layer.year, layer.component)
        if not layer.component and highest == 100:
            # The unit of a scale to 100 says so itself.
            return index.unit(language)
        kind = "component" if layer.component else "score"
        kind += "" if highest is None else "_max"
        return wording.text(
            f"map.units_{kind}", language, unit=index.unit(language), max=_limit(highest or 0, language)
        )
    if layer.measure == "rank":
        if layer.aggregated:
            return wording.text("map.units_rank_merged", language)
        ranked = wording.listing(sorted({str(count) for count in layer.table["ranked"].dropna()}), language)
        return wording.text("map.units_rank", language, ranked=ranked)
    values = {"index": index.short, "second": layer.indices[-1].short, "total": len(layer.table)}
    if layer.aggregated:
        values["total"] = 63
    return wording.text(f"map.units_{layer.measure}", language, **values)


def _limit(value, language):
    """Write a limit that was set with as many decimals as it has."""
    return wording.number(value, language, len(f"{value:g}".partition(".")[2]))


def subtitle(classes, language, asked=None, weighted=False):
    """
    Write the line below the title: units, n, and whatever makes this map unlike others.

    Parameters
    ----------
    classes : helpers.classes.Classes
    language : {"en", "vi"}
    asked : str, optional
        The measure that was asked for, where another had to stand in.
    weighted : bool
        Whether merged provinces were weighted.

    Returns
    -------
    str
    """
    layer = classes.layer
    values = {"units": units_of(layer, language), "n": layer.n, "of": len(layer.table)}
    if layer.aggregated:
        mean = wording.text(f"map.mean_{'weighted' if weighted else 'unweighted'}", language)
        parts = [wording.text("map.subtitle_merged", language, mean=mean, **values)]
    else:
        parts = [wording.text("map.subtitle", language, **values)]
    if asked == "change" and layer.measure == "rank_change":
        years = {"before": layer.year - 1, "year": layer.year}
        parts.append(wording.text("map.remark_break", language, **years))
    if layer.n == 1:
        parts.append(wording.text("map.remark_one", language))
    elif classes.all_equal:
        parts.append(wording.text("map.remark_equal", language))
    elif classes.fewer:
        count = layer.values.abs().nunique() if classes.tones else layer.values.nunique()
        parts.append(wording.text("map.remark_fewer", language, count=count))
    return " · ".join(parts)


def held(layer):
    """
    Say of each index whether its figures are the publisher's own or what others reported of them.

    Parameters
    ----------
    layer : helpers.measures.Layer

    Returns
    -------
    list of {"published", "reported"}
        In the order of ``layer.indices``.
    """
    kinds = layer.table["held"].iloc[0] if "held" in layer.table else indices.held_as(layer.table)
    return kinds.split("|")


def source(layer, language):
    """
    Write the line of the source.

    Parameters
    ----------
    layer : helpers.measures.Layer
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    written = sources(layer.indices, held(layer), language)
    return wording.text("map.source_merged", language, source=written) if layer.aggregated else written


def sources(shown, kinds, language):
    """
    Write the line of the sources of one or several indices.

    Parameters
    ----------
    shown : list of helpers.registry.Index
    kinds : list of {"published", "reported"}
        From `held`, one an index.
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    publishers = [index.publisher(language) for index in shown]
    if len(set(publishers)) == len(set(kinds)) == 1:
        return wording.text(f"map.source_{kinds[0]}", language, publisher=publishers[0])
    parts = [
        wording.text(f"map.sources_{kind}", language, index=index.short, publisher=publisher)
        for index, kind, publisher in zip(shown, kinds, publishers, strict=True)
    ]
    return wording.text("map.sources", language, parts="; ".join(parts))


def credits(country, language):
    """
    Write the lines that credit boundaries, projection and islands.

    Parameters
    ----------
    country : helpers.cartography.Country
    language : {"en", "vi"}

    Returns
    -------
    list of str
    """
    drawing = [wording.text("map.projection", language)]
    parts = ["islands"] * (country.islands is not None) + ["neighbours"] * (country.neighbours is not None)
    if parts:
        drawing.append(wording.text(f"map.{'_and_'.join(parts)}_credit", language))
    return [wording.text("map.credit", language), " ".join(drawing)]


def words(country, title, alt, source=None):
    """
    Say what goes with a figure in both languages, whichever it is drawn in.

    Parameters
    ----------
    country : helpers.cartography.Country
    title, alt : callable
        Give the title and the alternative text in a language.
    source : callable, optional
        Gives the line of the source in a language; a map without figures has none.

    Returns
    -------
    dict of str to dict
        ``title``, ``alt`` and ``credit`` by language.
    """
    made = {"title": {}, "alt": {}, "credit": {}}
    for language in wording.LANGUAGES:
        made["title"][language], made["alt"][language] = title(language), alt(language)
        origin = [source(language)] if source else []
        made["credit"][language] = " ".join([*origin, *credits(country, language)])
    return made


# --- legend -----------------------------------------------------------------------------------------------


def number(value, layer, language, decimals=None):
    """
    Write a value of a map, with its sign where it is a difference.

    Parameters
    ----------
    value : float
    layer : helpers.measures.Layer
    language : {"en", "vi"}
    decimals : int, optional
        By default those of the layer.

    Returns
    -------
    str
    """
    if layer.scale == "diverging" and value == 0:
        return "0"
    written = wording.number(value, language, layer.decimals if decimals is None else decimals)
    return f"+{written}" if layer.scale == "diverging" and value > 0 else written


def class_label(classes, place, language):
    """
    Write the limits of a class.

    Parameters
    ----------
    classes : helpers.classes.Classes
    place : int
        0 for the lowest values.
    language : {"en", "vi"}

    Returns
    -------
    str
        "40.71 – 41.95", or the value alone where every value is a class. Classes of whole numbers do not
        touch: "1 – 13", "14 – 25".
    """
    layer, (low, high) = classes.layer, classes.limits[place]
    if layer.measure == "group":
        return group_label(layer, place, language)
    if classes.scheme == "deviations":
        return _deviation(classes, place, language)
    if classes.tones and classes.tones[place] == 0:
        return wording.text(f"map.unchanged{'_gap' if layer.measure == 'standing_gap' else ''}", language)
    low, high = _met(classes, place, low, high)
    if layer.decimals == 0 and low != high:
        if classes.tones and classes.tones[place] < 0:
            high = np.ceil(high) - 1
            low = np.ceil(low)
        else:
            first = place == 0 and not classes.tones
            low, high = (low if first else np.floor(low) + 1), np.floor(high)
    if low == high:
        return number(high, layer, language)
    if classes.tones and classes.tones[place] < 0:
        low, high = high, low
    return f"{number(low, layer, language)} – {number(high, layer, language)}"


def _met(classes, place, low, high):
    """Of the outermost class on a side of zero give the farthest value that occurs, not its mirror image."""
    tone = classes.tones[place] if classes.tones else 0
    if tone and abs(tone) == max(map(abs, classes.tones)) and classes.counts[place]:
        values = classes.layer.values
        low, high = (values.min(), high) if tone < 0 else (low, values.max())
    return low, high


def _deviation(classes, place, language):
    layer, (low, high) = classes.layer, classes.limits[place]
    if place == len(classes.limits) - 1:
        return wording.text("map.beyond_high", language, limit=number(low, layer, language, 1))
    if place == 0:
        return wording.text("map.beyond_low", language, limit=number(high, layer, language, 1))
    return f"{number(low, layer, language, 1)} – {number(high, layer, language, 1)}"


def group_label(layer, place, language):
    """
    Write the name of a published group with its limits.

    Parameters
    ----------
    layer : helpers.measures.Layer
        Of the measure "group".
    place : int
        0 for the lowest group.
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    name = layer.group_names[place]
    grouping = layer.index.groups(layer.year)
    if grouping["kind"] == "quarters":
        return wording.text(f"map.group_{name}", language)
    limits = [limit for _, limit in grouping["limits"]][::-1]
    low = _limit(limits[place], language)
    high = _limit(limits[place + 1], language) if place + 1 < len(limits) else ""
    key = "limit" if not high else "below" if limits[place] == 0 else "between"
    return wording.text(f"map.group_{key}", language, name=name, low=low, high=high)


def legend(classes, styles, blanks, language):
    """
    Lay out the legend of a map.

    Parameters
    ----------
    classes : helpers.classes.Classes
    styles : list of dict
        Of the classes, the lowest first.
    blanks : dict of str to dict
        Style of every state of `helpers.measures.STATES`.
    language : {"en", "vi"}

    Returns
    -------
    (str, list of (str, dict), str)
        Heading, rows from the best to the worst class and then the units without one, note on the limits.
    """
    layer, order = classes.layer, range(len(classes.limits))
    rows = [
        (f"{class_label(classes, place, language)} ({classes.counts[place]})", styles[place])
        for place in (order if layer.scale == "reversed" else reversed(order))
    ]
    rows += [
        (wording.text(f"map.state_{state}", language, count=len(codes)), blanks[state])
        for state, codes in layer.gaps.items()
    ]
    heading = wording.text(f"map.legend_{layer.measure}", language, index=layer.index.short)
    return heading, rows, wording.text(f"map.legend_{_note(classes)}", language)


def _note(classes):
    layer = classes.layer
    if layer.measure == "group":
        return "quarters" if layer.index.groups(layer.year)["kind"] == "quarters" else "published"
    if len(classes.limits) == 1:
        return "equal" if layer.n > 1 else "each"
    if classes.scheme == "deviations":
        return "deviations"
    if classes.tones:
        return "diverging_gap" if layer.measure == "standing_gap" else "diverging"
    return classes.scheme


# --- what a map says ----------------------------------------------------------------------------------------


def ends(layer):
    """
    Choose the best and the worst units; of units alike that are more than would be chosen, none.

    Parameters
    ----------
    layer : helpers.measures.Layer

    Returns
    -------
    (list of str, list of str, list of str, list of str)
        The best, the best first; those alike after them that are too many; those alike before the worst; the
        worst. All units are in the first list if they are few.
    """
    codes, values = layer.best_first, layer.values
    if len(codes) <= 2 * LABELLED:
        return codes, [], [], []

    def cut(order):
        if values[order[LABELLED - 1]] != values[order[LABELLED]] or layer.measure == "group":
            return order[:LABELLED], []
        alike = [code for code in order if values[code] == values[order[LABELLED]]]
        return [code for code in order[:LABELLED] if code not in alike], alike

    (best, after), (worst, before) = cut(codes), cut(codes[::-1])
    return best, after, before[::-1], worst[::-1]


def labelled(layer):
    """
    Choose the units that a map names: the best and the worst, or all if few.

    Parameters
    ----------
    layer : helpers.measures.Layer

    Returns
    -------
    list of str
        Codes, the best first.
    """
    best, _, _, worst = ends(layer)
    return best + worst


def figures_of(layer, code, language):
    """
    Write what is known of a unit: its value, and its rank or score beside it.

    Parameters
    ----------
    layer : helpers.measures.Layer
    code : str
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    row = layer.table.loc[code]
    value = number(row["value"], layer, language)
    if layer.measure == "rank" and not layer.aggregated:
        rank = wording.text("map.rank", language, rank=int(row["value"]))
        score = row["score"]
        return rank if pd.isna(score) else f"{rank} · {wording.number(score, language, layer.score_decimals)}"
    if layer.measure in ("rank_change", "standing_gap"):
        return wording.text("map.places", language, count=value)
    if layer.measure == "z_score":
        return wording.text("map.deviations", language, count=value)
    if layer.measure == "group":
        score = wording.number(row["score"], language, layer.score_decimals)
        return f"{score} · {_group(layer, int(row['value']), language)}"
    if layer.measure == "score" and not layer.aggregated and pd.notna(row["rank"]):
        return f"{value} · {wording.text('map.rank', language, rank=row['rank'])}"
    return value


def _group(layer, place, language):
    name = layer.group_names[place]
    quarters = layer.index.groups(layer.year)["kind"] == "quarters"
    return wording.text(f"map.group_{name}", language) if quarters else name


def describe(classes, names, language, weighted=False):
    """
    Say what a map shows, for those who do not see it.

    Parameters
    ----------
    classes : helpers.classes.Classes
    names : pandas.Series
        Names of the units in the language, by code.
    language : {"en", "vi"}
    weighted : bool
        Whether merged provinces were weighted.

    Returns
    -------
    str
        Subject, n, the best and the worst with their figures, how many have no class and why.
    """
    layer = classes.layer
    values = _values(layer, language)
    what = wording.text(_key("what", layer), language, **values)
    pair = "_pair" if len(layer.indices) > 1 else ""
    what = wording.text(f"map.alt_subject{pair}", language, what=what, **values)
    merged_ = "_merged" if layer.aggregated else ""
    mean = wording.text(f"map.mean_{'weighted' if weighted else 'unweighted'}", language)
    values = {"what": what, "n": layer.n, "of": len(layer.table), "mean": mean}
    told = [wording.text(f"map.alt{merged_}", language, **values)]
    if layer.measure == "group":
        listed = [
            f"{class_label(classes, place, language)} ({count})" for place, count in enumerate(classes.counts)
        ]
        told.append(wording.text("map.alt_classes", language, classes="; ".join(reversed(listed))))
    best, after, before, worst = ends(layer)

    def said(codes, alike=()):
        items = [f"{names[code]} {figures_of(layer, code, language)}".replace(" · ", ", ") for code in codes]
        if alike:
            value = number(layer.values[alike[0]], layer, language)
            items.append(wording.text("map.tied", language, count=len(alike), value=value))
        return items

    if worst or before:
        top, last = "; ".join(said(best, after)), "; ".join(said([], before) + said(worst))
        told.append(wording.text("map.alt_ends", language, top=top, bottom=last))
    else:
        told.append(wording.text("map.alt_all", language, top="; ".join(said(best))))
    if layer.gaps:
        gaps = [
            wording.text(f"map.state_{key}", language, count=len(codes)) for key, codes in layer.gaps.items()
        ]
        told.append(wording.text("map.alt_gaps", language, gaps="; ".join(gaps)))
    return " ".join(told)


def caption(classes, language):
    """
    Write the short line below a map on a page.

    Parameters
    ----------
    classes : helpers.classes.Classes
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    layer = classes.layer
    values = {"title": title(layer, language), "n": layer.n, "of": len(layer.table)}
    return wording.text("map.caption", language, **values)


def tell_gaps(layer, names, language):
    """
    Name the units that a map does not colour, by the reason, in alphabetical order.

    Parameters
    ----------
    layer : helpers.measures.Layer
    names : pandas.Series
    language : {"en", "vi"}

    Returns
    -------
    list of (str, str)
        For each kind of gap a line and, where it names too many to stand in a line, what to fold below it;
        else "". One line that there is none, if there is none.
    """
    told = []
    for state, codes in layer.gaps.items():
        written = [names[code] for code in codes]
        if state == "only_rank":
            written = [f"{names[code]} ({layer.table.at[code, 'rank']})" for code in codes]
        listed = wording.listing(wording.alphabetical(written, language), language)
        values = {"reason": wording.text(f"map.reason_{state}", language), "count": len(codes)}
        if len(codes) > NAMED:
            told.append((wording.text("map.gap_many", language, **values), f"{listed}."))
        else:
            told.append((wording.text("map.gap_few", language, names=listed, **values), ""))
    return told or [(wording.text("map.missing_none", language), "")]


# --- table --------------------------------------------------------------------------------------------------

_EXTRA = {
    "change": ["before", "before_source", "score"],
    "rank_change": ["before", "before_source", "rank"],
    "standing_gap": ["rank_first", "source_first", "rank_second", "source_second"],
}
_BASIS = ["basis", "source", "rank_basis", "rank_source"]


def tabulate(classes, names):
    """
    Lay out the figures of a map as a table.

    Parameters
    ----------
    classes : helpers.classes.Classes
    names : pandas.Series
        Names of the units, by code.

    Returns
    -------
    pandas.DataFrame
        One row a unit in the order of the codes: gso_code, province, what is mapped and what it was made of,
        class (1 for the lowest values), state, and basis and source of each figure.
    """
    layer = classes.layer
    table = layer.table.assign(province=names, **{"class": classes.number + 1})
    if layer.aggregated:
        columns = ["value", "low", "high", "n", "parts", "mean_of_some", "class", "state", "source"]
    elif layer.measure in ("score", "rank"):
        columns = ["score", "rank", "class", "state", *_BASIS]
    elif layer.measure == "group":
        columns = ["score", "rank", "group", "class", "state", *_BASIS]
    elif layer.measure == "z_score":
        columns = ["value", "score", "class", "state", *_BASIS]
    else:
        columns = ["value", *_EXTRA[layer.measure], "class", "state"]
        columns += _BASIS if "basis" in table else []
    if layer.aggregated:
        columns[columns.index("source")] = "sources"
        table = table.rename(columns={"source": "sources"})
    return table.reset_index()[["gso_code", "province", *columns]]


def word_table(table, classes, basis_names, language):
    """
    Put the table of a map into the words of the page.

    Parameters
    ----------
    table : pandas.DataFrame
        From `tabulate`.
    classes : helpers.classes.Classes
    basis_names : dict
        Texts by basis and language, from the registry.
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        The same rows, the province first, limits of the class in place of its number, worded heads.
    """
    limits = {place + 1: class_label(classes, place, language) for place in range(len(classes.limits))}
    reasons = {state: wording.text(f"map.reason_{state}", language) for state in classes.layer.gaps}
    worded = table.assign(**{"class": table["class"].map(limits), "state": table["state"].map(reasons)})
    bases = {basis: names[language] for basis, names in basis_names.items()}
    for column in ("basis", "rank_basis"):
        if column in worded:
            worded[column] = worded[column].map(bases)
    for column in worded.columns[worded.columns.str.contains("source")]:
        if column in worded:
            worded[column] = worded[column].mask(worded[column] == "")
    if "group" in worded:
        places = {name: place for place, name in enumerate(classes.layer.group_names)}
        worded["group"] = [
            _group(classes.layer, places[name], language) if name in places else None
            for name in worded["group"]
        ]
    if worded["state"].isna().all():
        worded = worded.drop(columns="state")
    columns = ["province", *worded.columns.drop("province")]
    return worded[columns].rename(columns=lambda name: wording.text(f"map.column_{name}", language))
