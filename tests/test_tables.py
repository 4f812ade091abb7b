"""Published tables in every layout and format: whatever the reader accepts, it reads to the same rows."""

import itertools
import random
import statistics

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from writers import write

from helpers import indices, provinces, tables
from helpers.ledger import TableError

# Heads of the ministry's annex and of an English edition, and maximum points (synthetic, of 100 together).
PAR = {
    "steering": ("Công tác chỉ đạo, điều hành CCHC", "Steering of PAR", 9.5),
    "institutions": ("Cải cách thể chế", "Institutional reform", 10),
    "procedures": ("Cải cách TTHC", "Administrative procedures reform", 13),
    "apparatus": ("Cải cách tổ chức bộ máy hành chính", "Organizational apparatus reform", 10.5),
    "civil_service": ("Cải cách chế độ công vụ", "Civil service reform", 15),
    "public_finance": ("Cải cách tài chính công", "Public finance reform", 12),
    "e_government": (
        "Xây dựng và phát triển chính quyền điện tử, chính quyền số",
        "E-government and digital government",
        15,
    ),
    "impact": ("Tác động của CCHC đến người dân, tổ chức và phát triển KT-XH", "Impact of PAR", 15),
}
SIPAS = {
    "access": ("Tiếp cận dịch vụ", "Access to services", 100),
    "procedures": ("Thủ tục hành chính", "Administrative procedures", 100),
    "officials": ("Công chức trực tiếp giải quyết công việc", "Civil servants", 100),
    "results": ("Kết quả dịch vụ", "Service results", 100),
    "feedback": ("Tiếp nhận, giải quyết góp ý, phản ánh, kiến nghị", "Feedback and recommendations", 100),
}
PAPI = {
    "participation": ("Tham gia của người dân ở cấp cơ sở", "Participation at Local Levels", 10),
    "transparency": ("Công khai, minh bạch", "Transparency", 10),
    "accountability": ("Trách nhiệm giải trình với người dân", "Vertical Accountability", 10),
    "corruption_control": ("Kiểm soát tham nhũng trong khu vực công", "Control of Corruption", 10),
    "procedures": ("Thủ tục hành chính công", "Public Administrative Procedures", 10),
    "service_delivery": ("Cung ứng dịch vụ công", "Public Service Delivery", 10),
    "environment": ("Quản trị môi trường", "Environmental Governance", 10),
    "e_governance": ("Quản trị điện tử", "E-Governance", 10),
}
PCI = {
    "entry": ("Chi phí gia nhập thị trường", "Entry Costs", 10),
    "land": ("Tiếp cận đất đai", "Land Access and Security of Tenure", 10),
    "transparency": ("Tính minh bạch", "Transparency and Access to Information", 10),
    "time": ("Chi phí thời gian", "Time Costs of Regulatory Compliance", 10),
    "informal": ("Chi phí không chính thức", "Informal Charges", 10),
    "implementation": ("Thực thi chính sách", "Implementation and Consistency of Policies", 10),
    "bias": ("Cạnh tranh bình đẳng", "Policy Bias", 10),
    "proactivity": ("Tính năng động", "Proactivity of Provincial Leadership", 10),
    "support": ("Hỗ trợ doanh nghiệp", "Business Support Services", 10),
    "labor": ("Đào tạo lao động", "Labor Training", 10),
    "legal": ("Thiết chế pháp lý", "Legal Institutions", 10),
}
TOTALS = {
    "par": ("Tổng điểm", "PAR INDEX"),
    "sipas": ("Chỉ số hài lòng chung (%)", "SIPAS"),
    "papi": ("Tổng điểm PAPI", "Unweighted PAPI"),
    "pci": ("Chỉ số PCI", "Weighted PCI"),
}
PCI_2005 = [slug for slug in PCI if slug not in ("labor", "legal")]
PCI_2007 = [slug for slug in PCI if slug != "implementation"]
PCI_2009 = [slug for slug in PCI_2007 if slug != "bias"]
UNITS = provinces.load()
CODES = UNITS.codes


def vi(code):
    return UNITS.name(code, "vi")


def en(code):
    return UNITS.name(code, "en")


def comma(value, places=2):
    return f"{value:.{places}f}".replace(".", ",")


def draw(maxima, years, seed=1, codes=CODES, places=2):
    """Synthetic figures: {(year, code, component): score}, each figure of a component once."""
    source, figures = random.Random(seed), {}
    for year, (component, maximum) in itertools.product(years, maxima.items()):
        scale = 10**places
        drawn = source.sample(range(int(0.4 * maximum * scale), int(0.96 * maximum * scale)), len(codes))
        figures |= {(year, code, component): value / scale for code, value in zip(codes, drawn, strict=True)}
    return figures


def ranks(figures, year, component=""):
    """Rank by province, 1 for the highest score."""
    scores = {code: v for (y, code, c), v in figures.items() if (y, c) == (year, component)}
    order = sorted(scores.values(), reverse=True)
    return {code: order.index(value) + 1 for code, value in scores.items()}


def expect(figures, ranked=()):
    """Give what must be read: {(year, code, component): (score, rank or None)}; `ranked` lists components."""
    kept = {key: ranks(figures, *key) for key in {(y, c) for y, _, c in figures} if key[1] in ranked}
    return {
        (year, code, component): (score, kept[year, component][code] if component in ranked else None)
        for (year, code, component), score in figures.items()
    }


def rows_of(reading):
    """Give what was read, in the form of `expect`."""
    found = {}
    for row in reading.reports.itertuples():
        key = (row.year, row.gso_code, row.component)
        assert key not in found
        score = None if row.score != row.score else round(row.score, 6)
        found[key] = (score, None if row.rank != row.rank else row.rank)
    return found


def par_figures(year=2022, seed=1):
    figures = draw({slug: maximum for slug, (_, _, maximum) in PAR.items()}, [year], seed)
    for code in CODES:
        figures[year, code, ""] = round(sum(figures[year, code, slug] for slug in PAR), 2)
    return figures


def annex(
    year=2022,
    maxima="(9,5 điểm)",
    letterhead=True,
    regions="merged",
    national="below",
    footer=True,
    text=True,
):
    """
    Build a PAR INDEX annex in the ministry's style: rows, merged ranges, what must be read.

    Parameters
    ----------
    maxima : str
        "(9,5 điểm)" or "(9,5)" in the heads, "row" for a row of their own, "" for none.
    regions : str
        Sub-heads of the regions: "merged", "bare" (beside an ordinal), "means" (with figures) or "".
    national : str
        The national mean "above", "below" or "".
    text : bool
        Whether numbers are written as text with decimal commas.
    """
    figures = par_figures(year)
    rank = ranks(figures, year)
    number = comma if text else float
    width = len(PAR) + 4
    rows, merged = [], []

    def add(*cells, spans=()):
        merged.extend((len(rows), left, len(rows) + down, right) for left, down, right in spans)
        rows.append([*cells, *[None] * (width - len(cells))])

    if letterhead:
        nation = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc"
        add("BỘ NỘI VỤ", None, None, None, nation, spans=[(0, 0, 3), (4, 0, width - 1)])
        add()
    for title in (
        "PHỤ LỤC 2",
        f"CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM {year}",
        "CỦA CÁC TỈNH, THÀNH PHỐ TRỰC THUỘC TRUNG ƯƠNG",
        f"(Kèm theo Quyết định số 372/QĐ-BNV ngày 19 tháng 4 năm {year + 1} của Bộ trưởng Bộ Nội vụ)",
    ):
        add(title, spans=[(0, 0, width - 1)])
    add()
    head = ["STT", "Tỉnh,\nthành phố", "Kết quả các lĩnh vực", *[None] * (len(PAR) - 1), "Tổng\nđiểm"]
    spans = [(0, 1, 0), (1, 1, 1), (2, 0, width - 3), (width - 2, 1, width - 2), (width - 1, 1, width - 1)]
    add(*head, "Xếp\nhạng", spans=spans)
    points = {slug: f"{maximum:g}".replace(".", ",") for slug, (_, _, maximum) in PAR.items()}
    stated = {"(9,5 điểm)": " ({} điểm)", "(9,5)": "\n({})"}.get(maxima, "")
    add(None, None, *[name + stated.format(points[slug]) for slug, (name, _, _) in PAR.items()])
    if maxima == "row":
        add(None, "Điểm tối đa", *[maximum for _, _, maximum in PAR.values()], 100)
    add(*[f"({place})" for place in range(1, width + 1)])

    def mean(ordinal, name, codes):
        means = [statistics.fmean(figures[year, code, slug] for code in codes) for slug in (*PAR, "")]
        add(ordinal, name, *[number(round(value, 2)) for value in means])

    if national == "above":
        mean(None, "Trung bình cả nước", CODES)
    place = 0
    groups = UNITS.table.groupby("region6", sort=False).groups if regions else {"": CODES}
    for ordinal, (region, codes) in zip(("I", "II", "III", "IV", "V", "VI"), groups.items(), strict=False):
        if regions == "merged":
            add(f"{ordinal}. {region.upper()}", spans=[(0, 0, width - 1)])
        elif regions == "bare":
            add(ordinal, region)
        elif regions == "means":
            mean(ordinal, f"Vùng {region}", codes)
        for code in sorted(codes, key=rank.get):
            place += 1
            scores = [number(figures[year, code, slug]) for slug in (*PAR, "")]
            add(place, vi(code), *scores, str(rank[code]) if text else rank[code])
    if national == "below":
        mean(None, "Giá trị trung bình", CODES)
    if footer:
        add()
        add("Ghi chú: Điểm tối đa của từng lĩnh vực được ghi trong ngoặc.", spans=[(0, 0, width - 1)])
        add(*[None] * 8, "BỘ TRƯỞNG")
        add(*[None] * 8, "(Đã ký)")
    return rows, merged, expect(figures, ranked=[""])


def table(columns, codes=CODES):
    """Build rows from columns given as (head or heads from the top, figure by running number and code)."""
    heads = [head if isinstance(head, tuple) else (head,) for head, _ in columns]
    deep = max(map(len, heads))
    rows = [[head[row] if row < len(head) else None for head in heads] for row in range(deep)]
    return rows + [[fill(n, code) for _, fill in columns] for n, code in enumerate(codes, 1)]


def column(head, figures, year, component, write=float):
    return head, lambda _, code: write(figures[year, code, component])


NUMBERING = ("STT", lambda place, _: place)
NAMES = ("Tỉnh, thành phố", lambda _, code: vi(code))


@pytest.fixture(scope="module")
def reader(root):
    return tables.Reader(root / "data" / "raw")


@pytest.fixture
def check(reader, tmp_path):
    """Write a table, read it, compare."""

    def check(rows, expected, name, folder, merged=(), kind=None, **options):
        path = write(tmp_path / name, rows, kind or name.rpartition(".")[2], merged=merged, **options)
        assert rows_of(reader.read(path, folder)) == expected

    return check


# --- the annex of the ministry


@pytest.mark.parametrize(
    ("maxima", "regions", "national"),
    [
        ("(9,5 điểm)", "merged", "below"),
        ("(9,5 điểm)", "means", "above"),
        ("(9,5)", "bare", ""),
        ("row", "merged", "above"),
        ("row", "", "above"),
        ("", "means", "below"),
        ("", "", "below"),
    ],
)
def test_annex(check, maxima, regions, national):
    rows, merged, expected = annex(maxima=maxima, regions=regions, national=national)
    check(rows, expected, "Phụ lục 2.xlsx", "par", merged)


@pytest.mark.parametrize("year", [2012, 2019])
def test_annex_of_other_years(check, year):
    """The decision is dated in the next year, which is not the data year."""
    rows, merged, expected = annex(year, maxima="")
    check(rows, expected, "annex.xlsx", "par", merged)


FORMATS = {
    "xlsx": {},
    "xls": {},
    "ods": {},
    "tsv": {},
    "html": {"comma": True},
    "comma.csv": {},
    "semicolon.csv": {"delimiter": ";", "comma": True},
    "bom.csv": {"encoding": "utf-8-sig"},
    "utf16.csv": {"encoding": "utf-16"},
    "cp1258.csv": {"encoding": "cp1258", "delimiter": ";"},
}


@pytest.mark.parametrize("name", FORMATS)
def test_annex_in_every_format(check, name):
    text = name in ("comma.csv", "cp1258.csv", "xls")
    rows, merged, expected = annex(maxima="row", regions="means", text=text)
    options = FORMATS[name]
    if options.get("encoding") == "cp1258":
        # That code page writes most tones as marks of their own behind the letter.
        rows = [[_for_cp1258(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    check(rows, expected, f"annex.{name}", "par", merged, kind=name.rpartition(".")[2], **options)


def _for_cp1258(text):
    import unicodedata

    tones = "\u0300\u0301\u0303\u0309\u0323"
    written = []
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        marks = "".join(mark for mark in parts if mark in tones)
        written.append(unicodedata.normalize("NFC", "".join(p for p in parts if p not in tones)) + marks)
    return "".join(written)


def for_paper(rows, merged, width=11):
    """Fit an annex to a page: what stands above the head, the table with wrapped heads, its merged ranges."""
    top = next(place for place, row in enumerate(rows) if row[0] == "STT")
    end = next(place for place, row in enumerate(rows) if place > top and not any(row))
    above = [line for row in rows[:top] for cell in row if cell for line in cell.split("\n")]

    def wrap(cell):
        if "\n" in cell:
            return cell
        lines = [""]
        for word in cell.split():
            fits = len(lines[-1]) + len(word) < width
            lines = [*lines[:-1], f"{lines[-1]} {word}".strip()] if fits else [*lines, word]
        return "\n".join(lines)

    shown = [
        [wrap(cell) if place < 2 and isinstance(cell, str) else cell for cell in row]
        for place, row in enumerate(rows[top:end])
    ]
    kept = [(a - top, b, c - top, d) for a, b, c, d in merged if top <= a and c < end]
    return above, shown, kept


def test_annex_in_pdf_whose_second_page_has_no_head(check):
    rows, merged, expected = annex(regions="means")
    above, rows, merged = for_paper(rows, merged)
    check(rows, expected, "annex.pdf", "par", merged, above=above, head=3, repeat=False, size=4)


def test_dropped_annex_is_taken_and_leaves_no_trace(raw, cleaned, reader, tmp_path):
    """Xlsx, csv and pdf give the same rows; without the file the figures are byte-identical to before."""
    rows, merged, expected = annex(regions="bare")
    above, on_paper, kept = for_paper(rows, merged)
    path = raw / "par" / "annex 2022.xlsx"
    read = [
        reader.read(write(tmp_path / "annex 2022.csv", rows, "csv", delimiter=";"), "par"),
        reader.read(
            write(tmp_path / "annex 2022.pdf", on_paper, "pdf", kept, above=above, head=3, size=4), "par"
        ),
        reader.read(write(path, rows, "xlsx", merged), "par"),
    ]
    assert [rows_of(reading) for reading in read] == [expected] * 3
    figures = indices.clean(raw).figures
    figures = figures[(figures["index"] == "par") & (figures["year"] == 2022)]
    taken = figures[figures["source"] == "par/annex 2022.xlsx"]
    assert set(taken["basis"]) == {"published"}
    assert {(r.year, r.gso_code, r.component): r.score for r in taken.itertuples()} == {
        key: pytest.approx(score) for key, (score, _) in expected.items()
    }
    path.unlink()
    after = indices.clean(raw)
    indices.write(after, tmp_path / "after")
    indices.write(cleaned, tmp_path / "before")
    for file in ("indices.csv", "conflicts.csv", "rejected.csv"):
        assert (tmp_path / "after" / file).read_bytes() == (tmp_path / "before" / file).read_bytes()


# --- PCI workbooks


def pci_figures(year, slugs, codes=CODES, seed=3):
    figures = draw(dict.fromkeys(slugs, 10), [year], seed, codes, places=4)
    for code in codes:
        figures[year, code, ""] = round(10 * statistics.fmean(figures[year, code, s] for s in slugs), 4)
    return figures


def sub_indices(figures, year, slugs, language=1):
    return [column(PCI[slug][language], figures, year, slug) for slug in slugs]


def other(head, seed):
    source = random.Random(seed)
    return head, lambda *_: round(100 * source.random(), 3)


@pytest.mark.parametrize(
    "beside",
    [("Region", "GDP per capita", "Population 2004", "Distance"), ("pci_id", "N", "Firms", "Response rate")],
)
def test_pci_2005(check, beside):
    """42 provinces, among them Hà Tây (no unit of today), on the second sheet; other things beside them."""
    codes = sorted(random.Random(7).sample(CODES, 41))
    figures = pci_figures(2005, PCI_2005, codes)
    columns = [("Province", lambda _, code: en(code)), *map(other, beside, range(4))]
    columns += [*sub_indices(figures, 2005, PCI_2005), column("PCI", figures, 2005, "")]
    rows = [[None] * 15, *table(columns, codes), ["Ha Tay", *[5.0] * 13, 50.0]]
    check({"Notes": [["PCI 2005"]], "Data": rows}, expect(figures), "PCI_2005.xls", "pci")


@pytest.mark.parametrize(
    ("unweighted", "weighted"),
    [
        ("Unweighted PCI", "Weighted PCI"),
        ("PCI (unweighted)", "PCI 2007 (weighted)"),
        ("PCI chưa có trọng số", "PCI có trọng số"),
        ("Un-weighted Score", "Weighted Score"),
        ("Unweighted PCI", "Final PCI"),
        ("Chưa có trọng số", "Có trọng số"),
    ],
)
def test_pci_2007_weighted_and_unweighted(check, unweighted, weighted):
    figures = pci_figures(2007, PCI_2007)
    columns = [("Province", lambda _, code: en(code)), *map(other, ("ID", "Region", "Sample"), range(3))]
    columns += sub_indices(figures, 2007, PCI_2007)
    columns += [other(unweighted, 4), column(weighted, figures, 2007, "")]
    check({"Notes": [["PCI"]], "Data": table(columns)}, expect(figures), "PCI_2007.xls", "pci")


@pytest.mark.parametrize(
    "spelling",
    [
        "{name}", "Sub-Index {n}", "Sub-index {n}: {name}", "CSTP {n}: {name}", "CSTP{n}", "{n}. {name}",
        "{name} (Sub-Index {n})", "Chỉ số thành phần {n}", "Chỉ số thành phần {n}: {ten}", "{ten} / {name}",
    ],
)  # fmt: skip
def test_pci_2009_spellings_of_the_sub_indices(check, spelling):
    figures = pci_figures(2009, PCI_2009)
    columns = [other("PCI ID", 1), ("Region", lambda *_: "x"), ("Province", lambda _, code: en(code))]
    columns += [
        column(spelling.format(n=n, ten=PCI[slug][0], name=PCI[slug][1]), figures, 2009, slug)
        for n, slug in enumerate(PCI_2009, 1)
    ]
    rows = [["PCI 2009 final", *[None] * 12], [None] * 13]
    rows += table([*columns, column("PCI 2009", figures, 2009, "")])
    check(rows, expect(figures), "PCI_2009.xls", "pci")


def pairs(figures, year, heads, shape="ns", super_heads=False, ranked=(), each_name=None, numbered=False):
    """
    Build pairs of a name and its score side by side, each sorted by itself: rows, merged ranges.

    Parameters
    ----------
    heads : dict
        Head by component.
    shape : str
        Order of the columns of a pair: n(ame), s(core), r(ank), i (running number).
    super_heads : bool
        Whether the component stands above the pair and fields below it.
    ranked : list of str
        Components with a rank behind the pair.
    each_name : str, optional
        Head of every column of names; the component stands there where it is not given.
    numbered : bool
        Whether a running number stands before the first pair.
    """
    rows, merged = [[] for _ in range(len(CODES) + 2)], []
    if numbered:
        for place, row in enumerate(rows):
            row.append("No" if place == 1 else place - 1 if place else None)
    for component, head in heads.items():
        codes = [code for y, code, c in figures if (y, c) == (year, component)]
        codes.sort(key=lambda code, c=component: -figures[year, code, c])
        rank = ranks(figures, year, component)
        left = len(rows[0])
        fields = shape + "r" * (component in ranked and "r" not in shape)
        rows[0] += [head if super_heads else None, *[None] * (len(fields) - 1)]
        if super_heads:
            merged.append((0, left, 0, left + len(fields) - 1))
            named = {"n": each_name or "Tỉnh", "s": "Điểm", "r": "Hạng", "i": "STT"}
        elif each_name:
            named = {"n": each_name, "s": head, "r": "Xếp hạng", "i": "STT"}
        else:
            named = {"n": head, "s": None, "r": "Xếp hạng", "i": "STT"}
        rows[1] += [named[name] for name in fields]
        for place, row in enumerate(rows[2:]):
            if place >= len(codes):
                row += [None] * len(fields)
                continue
            code = codes[place]
            cells = {"n": vi(code), "s": figures[year, code, component], "r": rank[code], "i": place + 1}
            row += [cells[name] for name in fields]
    return (rows, merged) if super_heads else (rows[1:], [])


@pytest.mark.parametrize("language", [0, 1])
@pytest.mark.parametrize(
    ("year", "slugs"), [(2008, PCI_2007), (2011, PCI_2009), (2012, PCI_2009), (2016, PCI_2007)]
)
def test_pci_pairs(check, year, slugs, language):
    """Each pair is sorted by itself; 2008 has Hà Tây and an unweighted index beside the weighted one."""
    figures = pci_figures(year, slugs)
    drawn = dict(figures)
    heads = {slug: PCI[slug][language] for slug in slugs}
    if year == 2008:
        heads["unweighted"] = ("PCI chưa có trọng số", "Unweighted PCI")[language]
        drawn |= {(year, code, "unweighted"): round(0.9 * figures[year, code, ""], 4) for code in CODES}
    heads[""] = f"PCI {year}"
    rows, _ = pairs(drawn, year, heads, ranked=[""], numbered=True)
    rows = [[None] * len(rows[0]), *rows]
    rows.append([None, *[cell for _ in heads for cell in ("Hà Tây", 5.0)], None])
    check(rows, expect(figures, [""]), f"PCI_{year}.xls", "pci")


@pytest.mark.parametrize("shape", ["ns", "sn", "rns", "nsr", "nrs", "srn", "rsn", "ins", "isn"])
@pytest.mark.parametrize(("super_heads", "kind"), [(True, "csv"), (False, "xlsx")])
def test_pairs_of_every_shape(check, shape, super_heads, kind):
    """Figures left of their names are never given to the name at their own left."""
    figures = pci_figures(2011, PCI_2009)
    heads = {slug: PCI[slug][0] for slug in PCI_2009} | {"": "PCI 2011"}
    rows, merged = pairs(figures, 2011, heads, shape, super_heads, each_name="Tỉnh")
    check(rows, expect(figures, heads if "r" in shape else ()), f"PCI_2011.{kind}", "pci", merged)


def test_scores_on_both_sides_of_the_names_are_refused(reader, tmp_path):
    figures = pci_figures(2011, ["entry", "land"])
    rows, _ = pairs(figures, 2011, {"entry": "Chi phí gia nhập thị trường", "land": "Tiếp cận đất đai"})
    rows = [["PCI 2011" if not n else 50 + n / 100, *row] for n, row in enumerate(rows)]
    with pytest.raises(TableError, match="figures between two columns of names"):
        reader.read(write(tmp_path / "PCI_2011.xlsx", rows, "xlsx"), "pci")


# --- SIPAS, summaries, long tables


@pytest.mark.parametrize(
    "head",
    [
        "Chỉ số hài lòng (%)", "Chỉ số SIPAS", "Chỉ số SIPAS năm 2022", "Mức độ hài lòng chung (%)",
        "Chỉ số hài lòng của người dân", "Chỉ số hài lòng chung (SIPAS)", "Kết quả Chỉ số SIPAS (%)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("written", ["85,54%", "85.54"])
def test_sipas(check, head, written):
    figures = draw({"": 100} | dict.fromkeys(SIPAS, 100), [2022])
    number = {"85,54%": lambda v: comma(v) + "%", "85.54": float}[written]
    rank = ranks(figures, 2022)
    columns = [NUMBERING, ("Tỉnh/Thành phố", NAMES[1])]
    columns += [column(f"Hài lòng về {SIPAS[s][0].lower()}", figures, 2022, s, number) for s in SIPAS]
    columns += [column(head, figures, 2022, "", number), ("Xếp hạng", lambda _, code: rank[code])]
    check(table(columns), expect(figures, [""]), "SIPAS_2022.xlsx", "sipas")


def test_percent_formatted_shares(reader, tmp_path):
    """A stored 0.8554 that is shown as 85.54 % is 85.54."""
    import openpyxl

    figures = draw({"": 100}, [2022])
    rows = table([NAMES, ("Chỉ số hài lòng", lambda _, code: figures[2022, code, ""] / 100)])
    path = write(tmp_path / "SIPAS_2022.xlsx", rows, "xlsx")
    book = openpyxl.load_workbook(path)
    for (cell,) in book.active["B2:B64"]:
        cell.number_format = "0.00%"
    book.save(path)
    assert rows_of(reader.read(path, "sipas")) == expect(figures)


@pytest.mark.parametrize(
    ("years", "kind"),
    [(("Năm 2021", "Năm 2022"), "csv"), ((2021, 2022), "xlsx"), (("2021", "2022"), "xlsx")],
)
@pytest.mark.parametrize("score", ["Điểm", "Chỉ số", "Kết quả (%)", "PAR INDEX"])
def test_several_years_side_by_side(check, years, score, kind):
    figures = draw({"": 100}, [2021, 2022])
    rank = {year: ranks(figures, year) for year in (2021, 2022)}
    rows = [
        ["STT", "Tỉnh, thành phố", years[0], None, years[1], None, "Tăng/giảm", None],
        [None, None, score, "Xếp hạng", score, "Xếp hạng", "Điểm", "Hạng"],
    ]
    merged = [(0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 3), (0, 4, 0, 5), (0, 6, 0, 7)]
    for n, code in enumerate(CODES, 1):
        one, two = figures[2021, code, ""], figures[2022, code, ""]
        ranked = rank[2021][code], rank[2022][code]
        rows.append([n, vi(code), one, ranked[0], two, ranked[1], round(two - one, 2), ranked[0] - ranked[1]])
    check(rows, expect(figures, [""]), f"tong hop.{kind}", "par", merged)


@pytest.mark.parametrize("head", ["{}", "Năm {}", "PAR INDEX {}"])
def test_years_as_columns_of_totals(check, head):
    figures = draw({"": 100}, range(2012, 2023))
    columns = [column(head.format(year), figures, year, "") for year in range(2012, 2023)]
    rows = [["PAR INDEX 2012-2022", *[None] * 12], *table([NUMBERING, NAMES, *columns])]
    check(rows, expect(figures), "par 2012-2022.xlsx", "par")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_long_table_with_ministries(check, kind):
    """As datasets have it: one row a year and unit, ministries before the provinces of each year."""
    figures = draw({"": 100, "appraisal": 61}, [2016, 2019, 2022])
    head = ["year", "unit_type", "unit_code", "unit_name", "par_index", "par_rank", "ranked", "score_moha"]
    rows = [head]
    for year in (2016, 2019, 2022):
        rank = ranks(figures, year)
        for n, name in enumerate(("Bộ Nội vụ", "Bộ Tư pháp", "Ngân hàng Nhà nước Việt Nam") * 6):
            rows.append([year, "ministry", f"M{n}", name, 80 + n / 7, 18 - n, 18, 50.5])
        for code in CODES:
            score, own = figures[year, code, ""], figures[year, code, "appraisal"]
            rows.append([year, "province", code, vi(code), score, rank[code], 63, own])
    check(rows, expect(figures, [""]), f"vn_par_master.{kind}", "par")


def test_long_table_with_a_year_of_ten_provinces(check):
    figures = draw({"": 100}, [2017, 2019, 2022]) | draw({"": 100}, [2015], codes=CODES[:60:6])
    rows = [["year", "geo_code", "geo_name", "geo_short", "geo_system", "sipas_rank", "sipas_index"]]
    rank = {year: ranks(figures, year) for year in (2015, 2017, 2019, 2022)}
    for (year, code, _), score in figures.items():
        kind = "Thành phố" if code in UNITS.cities else "Tỉnh"
        rows.append([year, code, f"{kind} {vi(code)}", vi(code), 63, rank[year][code], score])
    check(rows, expect(figures, [""]), "vn_sipas.csv", "sipas")


@pytest.mark.parametrize("lists", [2, 3])
@pytest.mark.parametrize("gap", [0, 1])
@pytest.mark.parametrize(
    "head", [["STT", "Tỉnh", "Điểm", "Hạng"], ["Hạng", "Tỉnh", "Điểm"], ["Tỉnh", "Điểm"]]
)
def test_lists_side_by_side(check, lists, gap, head):
    """A long list printed as two or three shorter ones is one table; the last list may have three names."""
    figures = draw({"": 100}, [2022])
    rank = ranks(figures, 2022)
    codes = sorted(CODES, key=rank.get)
    length = 32 if lists == 2 else 30

    def fill(place):
        if place >= len(codes):
            return [None] * len(head)
        code = codes[place]
        cells = {"STT": place + 1, "Tỉnh": vi(code), "Điểm": figures[2022, code, ""], "Hạng": rank[code]}
        return [cells[name] for name in head]

    def join(parts):
        return [cell for n, part in enumerate(parts) for cell in [*[None] * (gap if n else 0), *part]]

    rows = [join([head] * lists)]
    rows += [join([fill(row + length * part) for part in range(lists)]) for row in range(length)]
    ranked = [""] if "Hạng" in head else ()
    check(rows, expect(figures, ranked), "par_2022.xlsx", "par")


def test_list_of_the_best_beside_the_table_is_left_alone(check):
    figures = draw({"": 100}, [2022])
    best = sorted(CODES, key=ranks(figures, 2022).get)[:5]
    rows = table([NAMES, column("Điểm", figures, 2022, "")])
    for n, row in enumerate(rows):
        row += [None, "Tỉnh" if not n else vi(best[n - 1]) if n <= 5 else None]
        row.append("Điểm" if not n else figures[2022, best[n - 1], ""] if n <= 5 else None)
    check(rows, expect(figures), "par_2022.xlsx", "par")


# --- heads and names


def fields_and_ranks():
    figures = par_figures()
    slugs = [*PAR, ""]
    return figures, slugs, {slug: ranks(figures, 2022, slug) for slug in slugs}


@pytest.mark.parametrize(
    ("score", "rank"),
    [
        (("{}", "Điểm"), (None, "Xếp hạng")), (("{}", "Điểm số"), (None, "Hạng")), ("{}", "Xếp hạng"),
        ("Điểm {}", "Xếp hạng {}"), ("{} (điểm)", "{} (hạng)"), ("{} - Điểm", "{} - Thứ hạng"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_score_and_rank_of_every_field(check, score, rank, kind):
    figures, slugs, ranked = fields_and_ranks()
    columns, merged = [NUMBERING, NAMES], []
    for slug in slugs:
        name = PAR[slug][0] if slug else "PAR INDEX"
        if isinstance(score, tuple):
            merged.append((0, len(columns), 0, len(columns) + 1))
        spelled = [
            tuple(part and part.format(name) for part in head)
            if isinstance(head, tuple)
            else head.format(name)
            for head in (score, rank)
        ]
        columns.append(column(spelled[0], figures, 2022, slug))
        columns.append((spelled[1], lambda _, code, slug=slug: ranked[slug][code]))
    check(table(columns), expect(figures, slugs), f"PAR_2022.{kind}", "par", merged)


@pytest.mark.parametrize("heads", [("Điểm số", "Xếp hạng"), ("Điểm đạt được", "Thứ hạng")])
@pytest.mark.parametrize("kind", ["xlsx", "csv", "html"])
def test_super_heads_over_scores_and_ranks(check, heads, kind):
    figures, slugs, ranked = fields_and_ranks()
    below = [PAR[slug][0] if slug else "Tổng" for slug in slugs]
    rows = [["STT", "Tỉnh", heads[0], *[None] * 8, heads[1], *[None] * 8], [None, None, *below, *below]]
    for n, code in enumerate(CODES, 1):
        scores = [figures[2022, code, slug] for slug in slugs]
        rows.append([n, vi(code), *scores, *[ranked[slug][code] for slug in slugs]])
    merged = [(0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 10), (0, 11, 0, 19)]
    check(rows, expect(figures, slugs), f"PAR_2022.{kind}", "par", merged)


@pytest.mark.parametrize("form", ["rows", "\n", " / ", " - ", "({})"])
@pytest.mark.parametrize(("first", "order"), [(0, "first"), (1, "middle"), (1, "last")])
def test_two_languages_and_any_place_of_the_names(check, form, first, order):
    figures = par_figures()
    rank = ranks(figures, 2022)

    def both(vietnamese, english):
        pair = (vietnamese, english)[:: 1 if first == 0 else -1]
        if form == "({})":
            return f"{pair[0]} ({pair[1]})"
        return pair if form == "rows" else form.join(pair)

    names = (both("Tỉnh, thành phố", "Province/City"), NAMES[1])
    columns = [(both("STT", "No."), NUMBERING[1])]
    columns += [column(both(*PAR[slug][:2]), figures, 2022, slug) for slug in PAR]
    columns += [column(both("Tổng điểm", "Total score"), figures, 2022, "")]
    columns += [(both("Xếp hạng", "Rank"), lambda _, code: rank[code])]
    columns.insert({"first": 1, "middle": 5, "last": len(columns)}[order], names)
    check(table(columns), expect(figures, [""]), "PAR_2022.xlsx", "par")


NAME_FORMS = {
    "capitals": lambda code: vi(code).upper(),
    "with their kind": lambda code: ("TP. " if code in UNITS.cities else "Tỉnh ") + vi(code),
    "TP": lambda code: ("TP " if code in UNITS.cities else "T. ") + vi(code),
    "footnotes": lambda code: vi(code) + {"0": "*", "1": "¹", "2": " (1)"}.get(code[1], ""),
    "ordinals": lambda code: f"{int(code)}. {vi(code)}",
    "codes": lambda code: f"{code} - {vi(code)}",
    "English": en,
    "no marks": lambda code: provinces.strip_diacritics(vi(code)),
    "blanks": lambda code: "  " + vi(code).replace(" ", "\u00a0") + " ",
    "two languages": lambda code: f"{vi(code)} ({en(code)})",
    "slash": lambda code: f"{vi(code)}/{en(code)}",
}


@pytest.mark.parametrize("form", NAME_FORMS)
def test_forms_of_names(check, form):
    figures = draw({"": 100}, [2022])
    columns = [("Tỉnh", lambda _, code: NAME_FORMS[form](code)), column("PAR INDEX", figures, 2022, "")]
    check(table(columns), expect(figures), "par_2022.csv", "par")


@pytest.mark.parametrize("where", ["title", "sheet", "number"])
def test_title_names_the_component(check, where):
    """Below bare heads ("Điểm") the figures are of what title or sheet name, not of the index."""
    figures = draw({"entry": 10}, [2011], places=4)
    rank = ranks(figures, 2011, "entry")
    rows = table([NAMES, column("Điểm", figures, 2011, "entry"), ("Xếp hạng", lambda _, code: rank[code])])
    named = {"title": "Chỉ số thành phần 1: Chi phí gia nhập thị trường", "number": "Sub-Index 1"}
    if where == "title":
        rows = [[named["title"], None, None], *rows]
    name = {"sheet": "Chi phí gia nhập thị trường", "number": "Sub-Index 1"}.get(where, "Sheet1")
    check({name: rows}, expect(figures, ["entry"]), "PCI_2011.xlsx", "pci")


def test_title_that_only_mentions_a_component_is_no_basis(reader, tmp_path):
    figures = draw({"": 10}, [2011], places=4)
    rows = table([NAMES, column("Điểm", figures, 2011, "")])
    rows = [["Các tỉnh dẫn đầu về Chi phí gia nhập thị trường", None], *rows]
    with pytest.raises(TableError, match="no column is recognised"):
        reader.read(write(tmp_path / "PCI_2011.xlsx", rows, "xlsx"), "pci")


# --- properties

INDICES = {"par": (2022, PAR), "sipas": (2022, SIPAS), "papi": (2022, PAPI), "pci": (2011, PCI)}


@st.composite
def synthetic(draw_):
    """Draw an index, its synthetic figures with some missing, and which components have ranks."""
    slug = draw_(st.sampled_from(sorted(INDICES)))
    year, known = INDICES[slug]
    usable = PCI_2009 if slug == "pci" else list(known)
    components = draw_(st.lists(st.sampled_from(usable), unique=True, max_size=4))
    if not components or draw_(st.booleans()):
        components.append("")
    missing = draw_(st.sets(st.sampled_from(CODES), max_size=8))
    codes = draw_(st.permutations([code for code in CODES if code not in missing]))
    total = 100 if slug != "papi" else 60
    maxima = {c: known[c][2] if c else total for c in components}
    figures = draw(maxima, [year], draw_(st.integers(0, 999)), codes)
    for code in draw_(st.lists(st.sampled_from(codes), max_size=3)) if len(components) > 1 else ():
        figures.pop((year, code, components[0]), None)
    ranked = {"none": [], "all": components, "total": [""] if "" in components else []}
    return slug, year, codes, figures, components, ranked[draw_(st.sampled_from(sorted(ranked)))]


@st.composite
def written(draw_):
    """Draw a table and the way in which it is written: rows, merged ranges, format, options, what it says."""
    slug, year, codes, figures, components, ranked = draw_(synthetic())
    known, language = INDICES[slug][1], draw_(st.sampled_from([0, 1]))
    heads = {c: known[c][language] if c else TOTALS[slug][language] for c in components}
    kind = draw_(st.sampled_from(["xlsx", "csv", "html"] * 4 + ["xls", "ods", "tsv"]))
    layout = draw_(st.sampled_from(["plain", "super heads", "pairs", "lists"]))
    words = ("Điểm", "Xếp hạng", "Tỉnh, thành phố", "STT")
    words = words if language == 0 else ("Score", "Rank", "Province", "No.")
    rank = {c: ranks(figures, year, c) for c in ranked}
    spell, merged = (vi, en)[language], []
    if layout == "pairs" and len(components) > 1:
        shape = draw_(st.sampled_from(["ns", "sn"]))
        ranked = ranked if shape == "ns" else []
        rows, merged = pairs(figures, year, heads, shape, draw_(st.booleans()), ranked, each_name=words[2])
    else:
        columns = [(words[2], None, None)]
        for c in components:
            columns.append((heads[c], c, "s"))
            if c in ranked:
                columns.append((f"{words[1]} {heads[c]}", c, "r"))
        if layout == "lists":
            columns = columns[:3]
            ranked = [c for c in ranked if ("r", c) in {(field, c) for _, c, field in columns}]
            components = [c for _, c, field in columns if field == "s"]
        elif layout == "plain":
            columns = draw_(st.permutations(columns))
        if draw_(st.booleans()) and layout != "lists":
            columns.insert(0, (words[3], None, "i"))

        def fill(place):
            code = codes[place] if place < len(codes) else None
            cells = {None: code and spell(code), "i": place + 1}
            return [
                cells[field] if field in cells
                else figures.get((year, code, c)) if field == "s"
                else rank[c].get(code)
                for _, c, field in columns
            ]  # fmt: skip

        if layout == "lists":
            half = (len(codes) + 1) // 2
            rows = [[head for head, _, _ in columns] * 2]
            rows += [fill(place) + fill(place + half) for place in range(half)]
        elif layout == "super heads":
            below = {None: None, "i": None, "s": words[0], "r": words[1]}
            rows = [
                [None if field == "r" else head for head, _, field in columns],
                [below[field] for _, _, field in columns],
                *map(fill, range(len(codes))),
            ]
            merged = [(0, n - 1, 0, n) for n, (_, _, field) in enumerate(columns) if field == "r"]
        else:
            rows = [[head for head, _, _ in columns], *map(fill, range(len(codes)))]
    for title in draw_(st.lists(st.sampled_from(["PHỤ LỤC", f"Năm {year}", None]), max_size=2)):
        rows.insert(0, [title, *[None] * (len(rows[-1]) - 1)])
        merged = [(a + 1, b, c + 1, d) for a, b, c, d in merged]
    if draw_(st.booleans()):
        rows.append(["Ghi chú: số liệu giả định"] + [None] * (len(rows[-1]) - 1))
    if draw_(st.booleans()):
        rows = [[comma(c, 4) if isinstance(c, float) else c for c in row] for row in rows]
    expected = expect({key: v for key, v in figures.items() if key[2] in components}, ranked)
    return f"{slug}_{year}.{kind}", slug, rows, merged, kind, expected


RUNS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@RUNS
@given(drawn=written())
def test_any_layout_gives_the_same_rows(reader, tmp_path, drawn):
    name, folder, rows, merged, kind, expected = drawn
    reading = reader.read(write(tmp_path / name, rows, kind, merged), folder)
    assert rows_of(reading) == expected


@RUNS
@given(drawn=written(), data=st.data())
def test_a_changed_cell_changes_no_other_figure(reader, tmp_path, drawn, data):
    """The table is refused, or the figures of all other rows are still those of their own cells."""
    name, folder, rows, merged, kind, expected = drawn
    named = {*map(vi, CODES), *map(en, CODES)}
    first = next(place for place, row in enumerate(rows) if named & set(row))
    filled = [(r, c) for r in range(first, len(rows)) for c, cell in enumerate(rows[r]) if cell is not None]
    place, at = data.draw(st.sampled_from(filled))
    rows = [list(row) for row in rows]
    rows[place][at] = data.draw(
        st.sampled_from([None, "x", "Hà Nội", "Điểm", "7,77", 7.77, 2021.0, "-", "50/63"])
    )
    try:
        found = rows_of(reader.read(write(tmp_path / name, rows, kind, merged), folder))
    except TableError:
        return
    differing = {
        code
        for (year, code, component), entry in found.items()
        for now, before in zip(entry, expected.get((year, code, component), (None, None)), strict=True)
        if now is not None and now != before
    }
    assert len(differing) <= 1
