// The linked page. One state (what is chosen, which provinces are marked) is drawn into four panels, and stands
// in the fragment of the address. Everything that comes from data is set as text, never as markup.
//
// Keyboard: map, scatter plot and time course are pictures with a text alternative and no tab stops; the ranking,
// a listbox that holds every province and figure, and the search do all that a pointer can do in them.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("figures").textContent);
  const words = data.words;
  const variables = new Map(data.variables.map((variable) => [variable.key, variable]));
  const provinces = data.provinces.map((province, place) => ({ ...province, place }));
  const byCode = new Map(provinces.map((province) => [province.code, province.place]));
  const regions = new Map(data.regions.map((region, place) => [region.key, place]));
  // More lines than these cannot be told apart; further provinces are marked by their outline alone.
  const STYLES = [
    { colour: "#0b5394", dash: "", marker: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z" },
    { colour: "#a3262a", dash: "7 3", marker: "M-4-4h8v8h-8z" },
    { colour: "#1d6b3a", dash: "2 3", marker: "M0-5L5 4H-5z" },
    { colour: "#7a1f5c", dash: "9 3 2 3", marker: "M0-5.5L5 0L0 5.5L-5 0z" },
    { colour: "#8a4b00", dash: "5 2 1 2 1 2", marker: "M-5-4H5L0 5z" },
    { colour: "#333333", dash: "12 4", marker: "M-5-1.5h3.5V-5h3v3.5H5v3H1.5V5h-3V1.5H-5z" },
  ];
  const SVG = "http://www.w3.org/2000/svg";
  const MISSING = "–";

  const find = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

  function make(tag, attributes = {}, text = "") {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== "") made.textContent = text;
    return made;
  }

  function draw(tag, attributes = {}, text = "") {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== "") made.textContent = text;
    return made;
  }

  // Names may hold marks that turn the direction of writing: they turn nothing but themselves.
  const named = (place) => make("bdi", {}, provinces[place].name);

  // As wording.number writes it: halves go to the even digit, as Python rounds them.
  function number(value, places) {
    const size = Math.abs(value), scaled = size * 10 ** places;
    let written = size.toFixed(places);
    if (Number.isInteger(size * 2 ** (places + 1)) && scaled % 1 === 0.5 && Math.floor(scaled) % 2 === 0) {
      written = (Math.floor(scaled) / 10 ** places).toFixed(places);
    }
    let [whole, rest] = written.split(".");
    const vietnamese = data.language === "vi";
    whole = whole.replace(/\B(?=(\d{3})+$)/g, vietnamese ? "." : ",");
    const sign = value < 0 && Number(written) !== 0 ? "−" : "";
    return sign + whole + (rest ? (vietnamese ? "," : ".") + rest : "");
  }

  function plain(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐð]/g, "d").toLowerCase()
      .replace(/[^a-z0-9]+/g, " ").trim();
  }

  // --- figures ---------------------------------------------------------------------------------------------

  const of = (variable, year) => variable.of[year];
  const entry = (list, place) => (Array.isArray(list) ? list[place] : list);

  // The value of a province, or null where there is none that can be set beside those of the others.
  function value(variable, year, by, place) {
    const made = of(variable, year);
    if (!made || !made[by] || made[by].state[place] !== ".") return null;
    return by === "score" ? made.scores[place] : made.ranks[place];
  }

  function reason(variable, year, by, place) {
    const made = of(variable, year);
    if (!made || !made[by]) {
      if (made && by === "rank" && made.scores[place] !== null) return data.reasons[data.letters.only_score];
      if (made && by === "score" && made.ranks[place] !== null) return data.reasons[data.letters.only_rank];
      return words.no_figure;
    }
    return data.reasons[made[by].state[place]];
  }

  // The last rank of a year.
  const lowest = (variable, year) => Math.max(0, ...[of(variable, year)?.ranked ?? 0].flat());
  const hasFigures = (variable, year, by) => Boolean(of(variable, year) && of(variable, year)[by]);

  // Everything that is known of a province in a year; null where there is nothing.
  function figure(variable, year, place) {
    const made = of(variable, year);
    const score = made ? made.scores[place] : null, rank = made ? made.ranks[place] : null;
    const beside = (list, known) => (known === null ? null : entry(list, place) ?? null);
    const source = (list, known) => data.sources[beside(list, known)] ?? null;
    return {
      score,
      max: made ? beside(made.scales, score) : null,
      rank,
      ranked: made ? beside(made.ranked, rank) : null,
      basis: made ? beside(made.basis, score) : null,
      rankBasis: made ? beside(made.rank_basis, rank) : null,
      source: made ? source(made.source, score) : null,
      rankSource: made ? source(made.rank_source, rank) : null,
      places: made ? made.places : 2,
    };
  }

  // The same in words, with how it was read and where.
  function told(variable, year, place) {
    const known = figure(variable, year, place), said = [];
    if (known.score !== null) {
      const score = number(known.score, known.places);
      const of = known.max === null ? words.read_score : words.read_score_of;
      const max = known.max === null ? "" : number(known.max, Number.isInteger(known.max) ? 0 : 2);
      said.push([fill(of, { score, max }), known.basis, known.source]);
    }
    if (known.rank !== null) {
      const rank = fill(known.ranked === null ? words.read_rank : words.read_rank_of, known);
      said.push([rank, known.rankBasis, known.rankSource]);
    }
    const parts = said.map(([text, basis, source], at) => {
      const next = said[at + 1];
      if (next && next[1] === basis && next[2] === source) return text;
      const origin = { basis: data.basis[basis] ?? MISSING, source: source ?? MISSING };
      return `${text} ${fill(words.read_source, origin)}`;
    });
    const all = parts.join(", ") || reason(variable, year, state.by, place);
    return fill(words.read_colon, { what: `${variable.label} ${year}`, said: all });
  }

  // Ranks from 1 upwards; equal values share their mean rank.
  function meanRanks(values) {
    const order = values.map((_, at) => at).sort((a, b) => values[a] - values[b]), ranks = [];
    for (let start = 0; start < order.length; ) {
      let end = start;
      while (end + 1 < order.length && values[order[end + 1]] === values[order[start]]) end += 1;
      for (let at = start; at <= end; at += 1) ranks[order[at]] = (start + end) / 2 + 1;
      start = end + 1;
    }
    return ranks;
  }

  // Spearman's rho: Pearson's coefficient of mean ranks. null where one of the two does not vary.
  function spearman(x, y) {
    const a = meanRanks(x), b = meanRanks(y), middle = (x.length + 1) / 2;
    let ab = 0, aa = 0, bb = 0;
    for (let at = 0; at < a.length; at += 1) {
      ab += (a[at] - middle) * (b[at] - middle);
      aa += (a[at] - middle) ** 2;
      bb += (b[at] - middle) ** 2;
    }
    return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : null;
  }

  // --- state and address -----------------------------------------------------------------------------------

  const first = () => ({ ...data.start, by: "score", show: "x", region: "", marked: [] });
  let state = first(), pointed = null, active = null;

  const shown = () => variables.get(state[state.show]);
  const left = (place) => state.region === "" || provinces[place].region === regions.get(state.region);

  function address() {
    const parts = ["year", "x", "y", "by", "show"].map((name) => `${name}=${encodeURIComponent(state[name])}`);
    if (state.region) parts.push(`region=${state.region}`);
    if (state.marked.length) parts.push(`marked=${state.marked.map((place) => provinces[place].code).join(".")}`);
    return parts.join("&");
  }

  // Reads a fragment part by part: [state, parts that mean nothing].
  function understood(fragment) {
    const read = first(), faults = [];
    const known = {
      year: (text) => data.years.includes(Number(text)) && /^\d+$/.test(text) && (read.year = Number(text)),
      x: (text) => variables.has(text) && (read.x = text),
      y: (text) => variables.has(text) && (read.y = text),
      by: (text) => ["score", "rank"].includes(text) && (read.by = text),
      show: (text) => ["x", "y"].includes(text) && (read.show = text),
      region: (text) => regions.has(text) && (read.region = text),
    };
    for (const part of fragment.split("&").filter(Boolean)) {
      const [name, ...rest] = part.split("=");
      let text = rest.join("=");
      try {
        text = decodeURIComponent(text);
      } catch {
        faults.push(part);
        continue;
      }
      if (name === "marked") {
        const codes = text.split(".").filter(Boolean), strange = codes.filter((code) => !byCode.has(code));
        read.marked = [...new Set(codes)].filter((code) => byCode.has(code)).map((code) => byCode.get(code));
        if (strange.length) faults.push(`marked=${strange.join(".")}`);
      } else if (!Object.hasOwn(known, name) || !known[name](text)) {
        faults.push(part);
      }
    }
    return [read, faults];
  }

  function follow() {
    let fragment = location.hash.slice(1);
    // Links within the page have fragments, too.
    if (fragment && document.getElementById(fragment)) return;
    if (fragment === address()) return;
    const [read, faults] = understood(fragment);
    state = read;
    const short = faults.slice(0, 6).map((part) => (part.length > 40 ? `${part.slice(0, 40)}…` : part));
    if (faults.length > short.length) short.push("…");
    find("fault").textContent = faults.length ? fill(words.address_fault, { parts: short.join(", ") }) : "";
    show();
  }

  // After every choice: a step that the browser's back button takes back.
  function chosen(message = "") {
    const fragment = address();
    if (location.hash.slice(1) !== fragment) location.hash = fragment;
    find("fault").textContent = "";
    link();
    if (message) say(message);
  }

  // The other language shows the same.
  function link() {
    for (const other of document.querySelectorAll('header.site a[hreflang][href*="explore.html"]')) {
      other.href = `${other.getAttribute("href").split("#")[0]}#${address()}`;
    }
  }

  function say(text) {
    find("spoken").textContent = text;
  }

  function sayMarks() {
    const names = state.marked.map((place) => provinces[place].name);
    if (!names.length) say(words.marked_none);
    else if (names.length > 12) say(fill(words.marked_many, { n: names.length }));
    else say(fill(words.marked, { n: names.length, names: names.join(", ") }));
  }

  function mark(places, speak = true) {
    state.marked = places;
    showMarks();
    chosen();
    if (speak) sayMarks();
  }

  function toggle(place) {
    const without = state.marked.filter((other) => other !== place);
    point(place);
    mark(without.length < state.marked.length ? without : [...state.marked, place]);
    reveal(place);
  }

  // --- map -------------------------------------------------------------------------------------------------

  const shapes = [...document.querySelectorAll("#map [data-code]")];
  for (const shape of shapes) shape.place = byCode.get(shape.dataset.code);

  function tints(variable, year, by) {
    const made = of(variable, year), colours = variable.tints[made[by].labels.length];
    // The first rank is the best: it gets the darkest colour.
    return by === "rank" ? [...colours].reverse() : colours;
  }

  function tint(variable, year, by, place) {
    const at = of(variable, year)[by].number[place];
    return tints(variable, year, by)[Number(at)];
  }

  // Two patterns: some other figure is known of the province, or none at all.
  function blank(variable, year, place) {
    const made = of(variable, year);
    if (!made) return "hatch";
    const partly = made.scores[place] !== null || made.ranks[place] !== null;
    return partly || data.partly.includes((made[state.by] || {}).state?.[place]) ? "dots" : "hatch";
  }

  function what(template, variable) {
    return fill(words[template + state.by], { what: variable.label, year: state.year });
  }

  function showMap() {
    const variable = shown(), year = state.year, by = state.by, counts = new Map(), gaps = new Map();
    for (const shape of shapes) {
      const known = value(variable, year, by, shape.place) !== null;
      const look = known ? tint(variable, year, by, shape.place) : `url(#${blank(variable, year, shape.place)})`;
      shape.setAttribute("fill", look);
      shape.classList.toggle("out", !left(shape.place));
    }
    for (const { place } of provinces.filter((province) => left(province.place))) {
      if (value(variable, year, by, place) !== null) {
        const at = Number(of(variable, year)[by].number[place]);
        counts.set(at, (counts.get(at) || 0) + 1);
      } else {
        const key = `${blank(variable, year, place)} ${reason(variable, year, by, place)}`;
        gaps.set(key, (gaps.get(key) || 0) + 1);
      }
    }
    const title = what("what_", variable);
    find("map-what").textContent = title;
    find("map").setAttribute("aria-label", fill(words.map_alt, { what: title }));
    find("legend-head").textContent = fill(words.legend, { what: words[`by_${by}`] });
    const labels = hasFigures(variable, year, by) ? of(variable, year)[by].labels : [];
    const rows = labels.map((label, at) => {
      const look = { style: `background:${tints(variable, year, by)[at]}` };
      return legendRow(label, counts.get(at) || 0, look);
    });
    if (by === "score") rows.reverse();
    find("legend").replaceChildren(...rows);
    find("legend-missing").replaceChildren(...[...gaps].sort().map(([key, n]) => {
      const at = key.indexOf(" ");
      return legendRow(key.slice(at + 1), n, { class: key.slice(0, at) });
    }));
  }

  function legendRow(label, n, look) {
    const row = make("li");
    row.append(make("i", look), make("span", {}, fill(words.legend_row, { label, n })));
    return row;
  }

  function showMapMarks() {
    const groups = { map: find("map-marks"), inset: find("inset-marks") };
    const drawn = { map: [], inset: [] };
    const outlined = pointed === null || state.marked.includes(pointed) ? state.marked : [...state.marked, pointed];
    for (const shape of shapes) {
      const at = outlined.indexOf(shape.place);
      if (at < 0) continue;
      const lines = drawn[shape.dataset.inset ? "inset" : "map"], d = shape.getAttribute("d");
      const look = at < state.marked.length ? "outline" : "outline pointed";
      lines.unshift(draw("path", { d, class: "halo" }), draw("path", { d, class: look }));
      if (at < STYLES.length && at < state.marked.length) {
        const [x, y] = shape.dataset.middle.split(" ").map(Number);
        lines.push(draw("text", { x, y: y + 15, class: "number" }, String(at + 1)));
      }
    }
    for (const name of ["map", "inset"]) groups[name].replaceChildren(...drawn[name]);
  }

  // --- scatter plot ----------------------------------------------------------------------------------------

  const scatter = find("scatter"), circles = provinces.map(({ place }) => {
    const circle = draw("circle", { r: 5 });
    circle.place = place;
    find("points").append(circle);
    return circle;
  });
  let spots = [];

  function span(values, by, ranked) {
    if (by === "rank") return [1, Math.max(ranked, ...values, 2)];
    const low = Math.min(...values), high = Math.max(...values);
    const room = (high - low) * 0.05 || Math.abs(high) * 0.02 || 1;
    return [low - room, high + room];
  }

  function ticks([low, high], by, count) {
    if (by === "rank") {
      const step = [1, 2, 5, 10, 20].find((size) => (high - low) / size <= count) || 20, made = [1];
      for (let at = step; at <= high; at += step) if (at > 1) made.push(at);
      return made.map((at) => [at, String(at)]);
    }
    const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((size) => size * power).find((size) => size >= raw);
    const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), made = [];
    for (let at = Math.ceil(low / step); at * step <= high; at += 1) {
      made.push([at * step, number(at * step, places)]);
    }
    return made;
  }

  // Places values on a picture; ranks run the other way, so that better is right or up.
  function scale(domain, range, by) {
    const [low, high] = by === "rank" ? [domain[1], domain[0]] : domain;
    return (at) => range[0] + ((at - low) / (high - low)) * (range[1] - range[0]);
  }

  function sized(picture) {
    const width = Math.max(picture.clientWidth, 200), height = Math.max(picture.clientHeight, 120);
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    return [width, height];
  }

  // Shortens a text to a room, by the mean width of a letter.
  function cut(text, room) {
    const letters = Math.max(3, Math.floor(room / 6.3));
    return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
  }

  // A line of the grid with its number: across the frame at a height, or up the frame at a distance.
  function gridAcross(frame, y, text) {
    const line = draw("path", { class: "grid", d: `M${frame.left} ${y}H${frame.right}` });
    return [line, draw("text", { class: "tick", x: frame.left - 5, y: y + 4, "text-anchor": "end" }, text)];
  }

  function gridUp(frame, x, text) {
    const line = draw("path", { class: "grid", d: `M${x} ${frame.top}V${frame.bottom}` });
    return [line, draw("text", { class: "tick", x, y: frame.bottom + 14, "text-anchor": "middle" }, text)];
  }

  function showScatter() {
    const x = variables.get(state.x), y = variables.get(state.y), { year, by } = state;
    const [width, height] = sized(scatter), frame = { left: 52, right: width - 12, top: 20, bottom: height - 38 };
    const points = provinces.map(({ place }) => [value(x, year, by, place), value(y, year, by, place)]);
    const pairs = points.map(([a, b], place) => ({ a, b, place })).filter(({ a, b }) => a !== null && b !== null);
    const axes = find("scatter-axes"), drawn = [];
    spots = points.map(() => null);
    if (pairs.length) {
      const spanX = span(pairs.map(({ a }) => a), by, lowest(x, year));
      const spanY = span(pairs.map(({ b }) => b), by, lowest(y, year));
      // A rank of 1 is not drawn on the frame itself.
      const inner = by === "rank" ? 8 : 0;
      const toX = scale(spanX, [frame.left + inner, frame.right - inner], by);
      const toY = scale(spanY, [frame.bottom - inner, frame.top + inner], by);
      for (const [at, text] of ticks(spanX, by, Math.max(3, width / 80))) {
        drawn.push(...gridUp(frame, toX(at), text));
      }
      for (const [at, text] of ticks(spanY, by, Math.max(4, height / 45))) {
        drawn.push(...gridAcross(frame, toY(at), text));
      }
      for (const { a, b, place } of pairs) spots[place] = [toX(a), toY(b)];
    } else {
      const absent = [...new Set([x, y])].filter((variable) => !hasFigures(variable, year, by));
      const named = absent.map(({ label }) => fill(words.not_this_year, { what: label, year })).join("; ");
      const middle = { x: width / 2, y: height / 2, "text-anchor": "middle" };
      drawn.push(draw("text", middle, cut(named || words.no_figure, width - 20)));
    }
    drawn.push(draw("path", { class: "axis", d: `M${frame.left} ${frame.top}V${frame.bottom}H${frame.right}` }));
    const axis = (to, { label }) => fill(words[by === "rank" ? `axis_rank_${to}` : "axis_score"], { what: label });
    const below = { x: frame.right, y: height - 6, "text-anchor": "end" };
    drawn.push(draw("text", below, cut(axis("right", x), width - 20)));
    drawn.push(draw("text", { x: 4, y: 12 }, cut(`↑ ${axis("up", y)}`, width - 10)));
    axes.replaceChildren(...drawn);
    const mapped = shown();
    for (const circle of circles) {
      const spot = spots[circle.place];
      circle.setAttribute("display", spot ? "inline" : "none");
      if (!spot) continue;
      circle.setAttribute("cx", spot[0].toFixed(1));
      circle.setAttribute("cy", spot[1].toFixed(1));
      circle.setAttribute("fill", tint(mapped, year, by, circle.place));
      circle.classList.toggle("out", !left(circle.place));
    }
    showCoefficient(x, y, pairs.filter(({ place }) => left(place)));
  }

  function showCoefficient(x, y, pairs) {
    const { year, by } = state, n = pairs.length, within = provinces.filter(({ place }) => left(place));
    const count = (variable) => within.filter(({ place }) => value(variable, year, by, place) !== null).length;
    const values = { n, of: within.length, x: x.label, nx: count(x), y: y.label, ny: count(y) };
    const rho = n >= data.minimum ? spearman(pairs.map(({ a }) => a), pairs.map(({ b }) => b)) : null;
    const overlap = data.overlaps.find(({ whole, part }) =>
      (whole === x.key && part === y.key) || (whole === y.key && part === x.key));
    const caution = x === y ? words.overlap_same : overlap ? overlap.note : "";
    let coefficient = fill(words.rho, { rho: rho === null ? "" : number(rho, 2) });
    if (n < data.minimum) coefficient = fill(words.rho_few, { minimum: data.minimum });
    else if (rho === null) coefficient = words.rho_constant;
    const line = find("pairs"), counted = fill(words.pairs, values);
    line.dataset.n = n;
    line.dataset.rho = rho === null ? "" : rho;
    line.textContent = [counted, coefficient, caution].filter(Boolean).join(" ");
    find("scatter-what").textContent = `${x.label} × ${y.label}, ${year}`;
    const alternative = fill(words.scatter_alt, { x: what("what_", x), y: what("what_", y), n });
    scatter.setAttribute("aria-label", `${alternative} ${coefficient}`);
  }

  function showScatterMarks() {
    const numbers = [];
    for (const circle of circles) {
      const at = state.marked.indexOf(circle.place);
      circle.classList.toggle("marked", at >= 0);
      circle.classList.toggle("pointed", circle.place === pointed);
      circle.setAttribute("r", at >= 0 || circle.place === pointed ? 7 : 5);
      if (at >= 0 && at < STYLES.length && spots[circle.place]) {
        const [x, y] = spots[circle.place];
        numbers.push(draw("text", { class: "number", x, y: y < 40 ? y + 21 : y - 11 }, String(at + 1)));
      }
    }
    // What is marked lies above the rest.
    find("points").append(...state.marked.map((place) => circles[place]).reverse());
    find("point-numbers").replaceChildren(...numbers);
  }

  // --- ranking ---------------------------------------------------------------------------------------------

  const ranking = find("ranking"), options = provinces.map(({ place, code }) => {
    const option = make("div", { role: "option", class: "row", id: `option-${code}`, "aria-selected": "false" });
    option.place = place;
    return option;
  });
  let listed = [];

  function showRanking() {
    const variable = shown(), { year, by } = state, title = what("what_", variable);
    const within = provinces.map(({ place }) => place).filter(left);
    const known = within.filter((place) => value(variable, year, by, place) !== null);
    const unknown = within.filter((place) => value(variable, year, by, place) === null);
    const better = by === "rank" ? 1 : -1;
    known.sort((a, b) => better * (value(variable, year, by, a) - value(variable, year, by, b)) || a - b);
    listed = [...known, ...unknown];
    for (const place of listed) {
      const option = options[place], found = figure(variable, year, place);
      const score = found.score === null ? MISSING : number(found.score, found.places);
      const cells = [make("span", {}, found.rank === null ? MISSING : String(found.rank)), make("span")];
      cells[1].append(named(place));
      if (value(variable, year, by, place) === null) {
        const why = reason(variable, year, by, place);
        cells.push(make("span", { class: "why" }, found.score === null ? why : `${score} · ${why}`));
        option.title = "";
      } else {
        const source = (by === "rank" ? found.rankSource : found.source) ?? MISSING;
        cells.push(make("span", {}, score), make("span", {}, source));
        option.title = source;
      }
      option.setAttribute("aria-label", `${provinces[place].name}. ${told(variable, year, place)}`);
      option.replaceChildren(...cells);
    }
    find("ranked").replaceChildren(...known.map((place) => options[place]));
    find("ranked").hidden = !known.length;
    find("ranked").setAttribute("aria-label", title);
    find("unranked").hidden = !unknown.length;
    find("unranked-head").textContent = fill(words.missing_group, { n: unknown.length });
    find("unranked").replaceChildren(find("unranked-head"), ...unknown.map((place) => options[place]));
    ranking.setAttribute("aria-label", fill(words.ranking_label, { what: title }));
    find("ranking-what").textContent = title;
    const held = of(variable, year)?.held === "reported" ? words.held_reported : "";
    find("coverage").textContent = [fill(words.coverage, { n: known.length, of: within.length }), held].join(" ");
    if (!listed.includes(active)) activate(null);
  }

  function showRankingMarks() {
    for (const option of options) {
      const at = state.marked.indexOf(option.place);
      option.setAttribute("aria-selected", String(at >= 0));
      option.classList.toggle("pointed", option.place === pointed);
      const old = option.querySelector(".badge");
      if (old) old.remove();
      if (at >= 0 && at < STYLES.length && option.children[1]) {
        option.children[1].prepend(make("span", { class: "badge", "aria-hidden": "true" }, String(at + 1)));
      }
    }
  }

  function activate(place) {
    if (active !== null) options[active].classList.remove("active");
    active = place;
    if (place === null) {
      ranking.removeAttribute("aria-activedescendant");
      return;
    }
    options[place].classList.add("active");
    ranking.setAttribute("aria-activedescendant", options[place].id);
    reveal(place);
    point(place);
  }

  // Scrolls the list alone, never the page.
  function reveal(place) {
    const option = options[place];
    if (!option.isConnected) return;
    const top = option.offsetTop, bottom = top + option.offsetHeight;
    if (top < ranking.scrollTop) ranking.scrollTop = top;
    else if (bottom > ranking.scrollTop + ranking.clientHeight) ranking.scrollTop = bottom - ranking.clientHeight;
  }

  function rankingKey(event) {
    const at = listed.indexOf(active), steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    const ends = { Home: 0, End: listed.length - 1 };
    if (event.ctrlKey || event.metaKey || event.altKey || !listed.length) return;
    if (event.key in steps || event.key in ends) {
      const moved = Math.min(Math.max(at + steps[event.key], 0), listed.length - 1);
      const to = event.key in ends ? ends[event.key] : moved;
      if (event.shiftKey && active !== null) {
        const range = listed.slice(Math.min(at, to), Math.max(at, to) + 1);
        mark([...new Set([...state.marked, ...range])]);
      }
      activate(listed[to]);
    } else if ((event.key === " " || event.key === "Enter") && active !== null) {
      toggle(active);
    } else if (event.key === "Escape" && state.marked.length) {
      mark([]);
    } else {
      return;
    }
    event.preventDefault();
  }

  // --- time course -----------------------------------------------------------------------------------------

  const course = find("course");
  let years = [], knots = [];

  function showCourse() {
    const variable = shown(), { by } = state, [width, height] = sized(course);
    const wide = width >= 440, frame = { left: 46, right: width - (wide ? 130 : 26), top: 12, bottom: height - 24 };
    const step = data.years.length > 1 ? (frame.right - frame.left - 16) / (data.years.length - 1) : 0;
    years = data.years.map((year, at) => ({ year, x: frame.left + 8 + at * step }));
    const ofYear = (year) => provinces.map(({ place }) => value(variable, year, by, place));
    const found = data.years.flatMap(ofYear).filter((at) => at !== null);
    const drawn = [], now = years.find(({ year }) => year === state.year), band = Math.max(Math.min(step, 26), 10);
    const column = { x: now.x - band / 2, y: frame.top - 8, width: band, height: frame.bottom - frame.top + 8 };
    drawn.push(draw("rect", { class: "now", ...column }));
    const every = Math.ceil(32 / Math.max(step, 1));
    years.forEach(({ year, x }, at) => {
      if ((years.length - 1 - at) % every) return;
      drawn.push(draw("text", { class: "tick", x, y: height - 8, "text-anchor": "middle" }, String(year)));
    });
    knots = [];
    find("course-what").textContent = fill(words[`what_years_${by}`], { what: variable.label });
    if (found.length) {
      const domain = span(found, by, Math.max(...data.years.map((year) => lowest(variable, year))));
      const toY = scale(domain, [frame.bottom - 4, frame.top], by);
      for (const [at, text] of ticks(domain, by, Math.max(4, height / 30))) {
        drawn.push(...gridAcross(frame, toY(at), text));
      }
      for (const [year] of data.breaks[variable.index] || []) {
        const after = years.findIndex((one) => one.year === year);
        if (after <= 0) continue;
        const x = (years[after - 1].x + years[after].x) / 2;
        drawn.push(draw("path", { class: "break", d: `M${x} ${frame.top - 8}V${frame.bottom}` }));
      }
      let dots = "";
      for (const { year, x } of years) {
        for (const { place } of provinces) {
          const at = left(place) ? value(variable, year, by, place) : null;
          if (at !== null) dots += `M${x.toFixed(1)} ${toY(at).toFixed(1)}h0`;
        }
      }
      drawn.push(draw("path", { class: "all", d: dots }), ...lines(variable, toY, frame, wide));
    }
    drawn.push(draw("path", { class: "axis", d: `M${frame.left} ${frame.top - 8}V${frame.bottom}H${frame.right}` }));
    if (!state.marked.length) {
      const top = { class: "hint", x: (frame.left + frame.right) / 2, y: frame.top + 8 };
      drawn.push(draw("text", top, cut(words.course_empty, frame.right - frame.left)));
    }
    course.replaceChildren(...drawn);
    const names = state.marked.slice(0, STYLES.length).map((place) => provinces[place].name).join(", ");
    const told = { what: find("course-what").textContent, names };
    course.setAttribute("aria-label", names ? fill(words.course_alt, told) : words.course_empty);
    const counts = { shown: STYLES.length, n: state.marked.length };
    find("course-note").textContent = counts.n > counts.shown ? fill(words.course_some, counts) : "";
  }

  // Two years are joined if both have a figure and, of scores, if both are of one series and scale.
  function joined(variable, before, after) {
    if (after - before !== 1) return false;
    if (state.by === "rank") return true;
    const a = of(variable, before), b = of(variable, after);
    return a.series === b.series && a.max === b.max;
  }

  function lines(variable, toY, frame, wide) {
    const drawn = [], labels = [];
    state.marked.slice(0, STYLES.length).forEach((place, at) => {
      const look = STYLES[at], own = [];
      for (const { year, x } of years) {
        const found = value(variable, year, state.by, place);
        if (found !== null) own.push({ year, place, x, y: toY(found) });
      }
      let d = "";
      own.forEach((knot, step) => {
        const before = own[step - 1];
        if (before && joined(variable, before.year, knot.year)) d += `M${before.x} ${before.y}L${knot.x} ${knot.y}`;
      });
      drawn.push(draw("path", { class: "line", d, stroke: look.colour, "stroke-dasharray": look.dash }));
      for (const { x, y } of own) {
        const there = { transform: `translate(${x} ${y})`, fill: look.colour, stroke: "#fff" };
        drawn.push(draw("path", { d: look.marker, ...there }));
      }
      knots.push(...own);
      const text = wide ? `${at + 1} ${provinces[place].name}` : String(at + 1);
      if (own.length) labels.push({ y: own[own.length - 1].y, text });
    });
    // Labels that would lie on each other move apart, downwards, and back up from the bottom.
    labels.sort((a, b) => a.y - b.y);
    labels.forEach((label, at) => { if (at) label.y = Math.max(label.y, labels[at - 1].y + 14); });
    labels.reverse().forEach((label, at) => { label.y = Math.min(label.y, frame.bottom - 14 * at); });
    for (const { y, text } of labels) drawn.push(draw("text", { x: frame.right + 6, y: y + 4 }, cut(text, 124)));
    return drawn;
  }

  function showChips() {
    find("chips").replaceChildren(...state.marked.map((place, at) => {
      const chip = make("li"), label = fill(words.unmark, { name: provinces[place].name });
      const button = make("button", { type: "button", "aria-label": label });
      if (at < STYLES.length) {
        const look = STYLES[at], sample = draw("svg", { viewBox: "0 0 32 14", "aria-hidden": "true" });
        const line = { stroke: look.colour, "stroke-width": 2, "stroke-dasharray": look.dash };
        const marker = { d: look.marker, transform: "translate(16 7)", fill: look.colour };
        sample.append(draw("path", { d: "M0 7H32", ...line }), draw("path", marker));
        button.append(make("b", {}, String(at + 1)), sample);
      }
      button.append(named(place), make("span", { class: "cross", "aria-hidden": "true" }, "×"));
      button.addEventListener("click", () => {
        toggle(place);
        // The button is gone: the next one, or the search, has the focus.
        const rest = find("chips").querySelectorAll("button");
        (rest[Math.min(at, rest.length - 1)] || find("search")).focus();
      });
      chip.append(button);
      return chip;
    }));
  }

  function showBreaks() {
    const found = data.breaks[shown().index] || [];
    find("breaks-fold").hidden = !found.length;
    const lines = found.map(([year, change]) => make("li", {}, fill(words.break_in, { year, change })));
    find("breaks").replaceChildren(...lines);
  }

  // --- table -----------------------------------------------------------------------------------------------

  function showTable() {
    if (!find("shown").open) return;
    const pair = [variables.get(state.x), variables.get(state.y)], { year } = state;
    const table = make("table"), head = make("tr"), body = make("tbody");
    const heads = [words.column_province, words.column_marked];
    for (const variable of pair) {
      for (const column of [words.column_score, words.column_rank, words.column_source]) {
        heads.push(fill(words.column_of, { what: variable.label, column }));
      }
    }
    head.append(...heads.map((text) => make("th", { scope: "col" }, text)));
    const within = provinces.filter(({ place }) => left(place));
    for (const { place, code } of within) {
      const row = make("tr", { "data-code": code }), name = make("th", { scope: "row" });
      name.append(named(place));
      row.append(name, make("td", {}, state.marked.includes(place) ? words.yes : ""));
      for (const variable of pair) {
        const found = figure(variable, year, place), { rank, ranked } = found;
        const used = [...new Set([found.source, found.rankSource])].filter((source) => source !== null);
        const score = found.score === null ? MISSING : number(found.score, found.places);
        const ranking = rank === null ? MISSING : [rank, ranked].filter((at) => at !== null).join("/");
        row.append(make("td", { class: "number" }, score), make("td", { class: "number" }, ranking),
          make("td", {}, used.join(", ") || reason(variable, year, state.by, place)));
      }
      body.append(row);
    }
    const caption = fill(words.table_caption, { x: pair[0].label, y: pair[1].label, year, n: within.length });
    const above = make("thead");
    above.append(head);
    table.append(make("caption", {}, caption), above, body);
    find("shown-table").replaceChildren(table);
  }

  // Numbers as they are in the table of figures; a text that a spreadsheet would run as a formula gets an apostrophe.
  function csv() {
    const { year } = state, rows = [["gso_code", "province", "region", "year", "marked"]];
    const pair = [["x", variables.get(state.x)], ["y", variables.get(state.y)]];
    const columns = ["index", "component", "score", "max_score", "rank", "ranked", "source", "rank_source"];
    for (const [axis] of pair) rows[0].push(...columns.map((name) => `${axis}_${name}`));
    for (const { place, code, name, region } of provinces.filter((province) => left(province.place))) {
      const row = [code, name, data.regions[region].name, year, state.marked.includes(place) ? 1 : 0];
      for (const [, variable] of pair) {
        const { score, max, rank, ranked, source, rankSource } = figure(variable, year, place);
        row.push(variable.index, variable.component, score, max, rank, ranked, source, rankSource);
      }
      rows.push(row);
    }
    const cell = (at) => {
      if (at === null || at === undefined) return "";
      if (typeof at === "number") return String(at);
      const text = /^\s*[=+\-@]|^[\t\r\n]/.test(at) ? `'${at}` : at;
      return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  }

  function download() {
    // The mark at the beginning lets spreadsheets read Vietnamese letters.
    const file = URL.createObjectURL(new Blob(["\ufeff", csv()], { type: "text/csv;charset=utf-8" }));
    const way = make("a", { href: file, download: `explore-${state.year}-${state.x}-${state.y}.csv` });
    document.body.append(way);
    way.click();
    way.remove();
    setTimeout(() => URL.revokeObjectURL(file), 1000);
  }

  // --- all together ----------------------------------------------------------------------------------------

  function showControls() {
    const at = data.years.indexOf(state.year), slider = find("year");
    slider.value = at;
    slider.setAttribute("aria-valuetext", state.year);
    find("year-shown").textContent = state.year;
    for (const axis of ["x", "y"]) {
      for (const option of find(axis).options) {
        const variable = variables.get(option.value), absent = { what: variable.label, year: state.year };
        const known = ["score", "rank"].some((by) => hasFigures(variable, state.year, by));
        option.textContent = known ? variable.label : fill(words.option_none, absent);
      }
      find(axis).value = state[axis];
      find(`show-${axis}`).textContent = `${axis}: ${variables.get(state[axis]).label}`;
      find(`show-${axis}`).title = variables.get(state[axis]).label;
    }
    for (const name of ["by", "show"]) find("controls").elements[name].value = state[name];
    find("region").value = state.region;
    const region = state.region ? data.regions[regions.get(state.region)].name : words.all_regions;
    const [x, y] = [state.x, state.y].map((key) => variables.get(key).label);
    find("state").textContent = fill(words.state, { year: state.year, region, x, y, by: words[`by_${state.by}`] });
  }

  function showPoint() {
    const readout = find("readout"), place = pointed;
    if (place === null) {
      readout.replaceChildren(make("p", {}, words.point_hint));
      return;
    }
    const head = make("p"), name = make("b");
    name.append(named(place));
    head.append(name, ` · ${data.regions[provinces[place].region].name}`);
    const pair = [...new Set([state.x, state.y])].map((key) => told(variables.get(key), state.year, place));
    readout.replaceChildren(head, ...pair.map((text) => make("p", {}, text)));
  }

  function point(place) {
    if (place === pointed) return;
    pointed = place;
    showPoint();
    showMapMarks();
    showScatterMarks();
    for (const option of options) option.classList.toggle("pointed", option.place === pointed);
  }

  function showMarks() {
    showMapMarks();
    showScatterMarks();
    showRankingMarks();
    showCourse();
    showChips();
    showTable();
  }

  function show() {
    showControls();
    showMap();
    showScatter();
    showRanking();
    showBreaks();
    showMarks();
    showPoint();
    link();
  }

  function change(part) {
    Object.assign(state, part);
    show();
    chosen(`${find("state").textContent}. ${find("pairs").textContent}`);
  }

  // --- events ----------------------------------------------------------------------------------------------

  function listen() {
    // While the slider is dragged the panels follow; the address, and with it the history, when it is let go.
    find("year").addEventListener("input", () => {
      state.year = data.years[Number(find("year").value)];
      show();
    });
    find("year").addEventListener("change", () => change({ year: data.years[Number(find("year").value)] }));
    for (const name of ["x", "y", "region"]) {
      find(name).addEventListener("change", () => change({ [name]: find(name).value }));
    }
    for (const button of document.querySelectorAll('#controls input[type="radio"]')) {
      button.addEventListener("change", () => change({ [button.name]: button.value }));
    }
    find("controls").addEventListener("submit", (event) => event.preventDefault());
    find("clear").addEventListener("click", () => mark([]));
    find("reset").addEventListener("click", () => {
      find("search").value = "";
      suggest();
      point(null);
      activate(null);
      change(first());
    });
    find("copy").addEventListener("click", copy);
    find("area").addEventListener("click", () => {
      const on = find("area").getAttribute("aria-pressed") !== "true";
      find("area").setAttribute("aria-pressed", String(on));
      scatter.classList.toggle("area", on);
    });
    find("download").addEventListener("click", download);
    find("shown").addEventListener("toggle", showTable);
    find("map").addEventListener("click", (event) => {
      if (event.target.place !== undefined && left(event.target.place)) toggle(event.target.place);
    });
    find("map").addEventListener("pointermove", (event) => {
      if (event.target.place !== undefined) point(event.target.place);
    });
    ranking.addEventListener("keydown", rankingKey);
    ranking.addEventListener("focus", () => {
      if (active !== null || !listed.length || !ranking.matches(":focus-visible")) return;
      activate(listed.includes(state.marked[0]) ? state.marked[0] : listed[0]);
    });
    ranking.addEventListener("click", (event) => {
      const option = event.target.closest('[role="option"]');
      if (!option) return;
      activate(option.place);
      toggle(option.place);
    });
    ranking.addEventListener("pointermove", (event) => {
      const option = event.target.closest('[role="option"]');
      if (option) point(option.place);
    });
    course.addEventListener("pointermove", (event) => {
      const [x, y] = inside(course, event), near = nearest(knots, x, y, 14);
      if (near) point(near.place);
    });
    course.addEventListener("click", (event) => {
      const [x] = inside(course, event);
      const near = years.reduce((best, one) => (Math.abs(one.x - x) < Math.abs(best.x - x) ? one : best));
      if (near.year !== state.year) change({ year: near.year });
    });
    listenToBrush();
    listenToSearch();
    addEventListener("hashchange", follow);
    new ResizeObserver(() => {
      showScatter();
      showScatterMarks();
      showCourse();
    }).observe(scatter);
  }

  // The point of an event in the units of a picture.
  function inside(picture, event) {
    const box = picture.getBoundingClientRect(), { width, height } = picture.viewBox.baseVal;
    return [((event.clientX - box.left) * width) / box.width, ((event.clientY - box.top) * height) / box.height];
  }

  function nearest(candidates, x, y, reach) {
    let best = null, least = reach;
    for (const one of candidates) {
      const far = Math.hypot(one.x - x, one.y - y);
      if (far <= least) [best, least] = [one, far];
    }
    return best;
  }

  // A rectangle is dragged with a mouse or pen at any time, by touch only while "Select an area" is on: otherwise
  // a finger on the plot scrolls the page.
  function listenToBrush() {
    const brush = find("brush");
    let start = null, before = [], dragging = false, waiting = false;
    const candidates = () => provinces.filter(({ place }) => spots[place] && left(place))
      .map(({ place }) => ({ place, x: spots[place][0], y: spots[place][1] }));

    function end() {
      start = null;
      dragging = false;
      brush.setAttribute("display", "none");
    }

    scatter.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const free = event.pointerType !== "touch" || scatter.classList.contains("area");
      start = { at: inside(scatter, event), free, id: event.pointerId };
      before = [...state.marked];
    });
    scatter.addEventListener("pointermove", (event) => {
      const [x, y] = inside(scatter, event);
      if (!start) {
        const near = nearest(candidates(), x, y, 14);
        if (near) point(near.place);
        return;
      }
      if (!start.free || event.pointerId !== start.id) return;
      if (!dragging && Math.hypot(x - start.at[0], y - start.at[1]) < 5) return;
      if (!dragging) scatter.setPointerCapture(event.pointerId);
      dragging = true;
      const [low, high] = [Math.min, Math.max].map((pick) => [pick(x, start.at[0]), pick(y, start.at[1])]);
      const frame = { x: low[0], y: low[1], width: high[0] - low[0], height: high[1] - low[1], display: "inline" };
      for (const [name, size] of Object.entries(frame)) brush.setAttribute(name, size);
      const within = (one) => one.x >= low[0] && one.x <= high[0] && one.y >= low[1] && one.y <= high[1];
      const caught = candidates().filter(within);
      // The best of the panel that is shown come first, and get the numbers.
      const places = caught.map(({ place }) => place).sort((a, b) => listed.indexOf(a) - listed.indexOf(b));
      state.marked = event.shiftKey ? [...new Set([...before, ...places])] : places;
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        showMarks();
      });
    });
    scatter.addEventListener("pointerup", (event) => {
      if (!start || event.pointerId !== start.id) return;
      if (dragging) {
        mark(state.marked);
      } else {
        const reach = event.pointerType === "touch" ? 24 : 14;
        const [x, y] = inside(scatter, event), near = nearest(candidates(), x, y, reach);
        if (near) toggle(near.place);
      }
      end();
    });
    scatter.addEventListener("pointercancel", () => {
      if (dragging) mark(before, false);
      end();
    });
  }

  // --- search ----------------------------------------------------------------------------------------------

  let suggested = [], chosenOne = -1;

  function suggest() {
    const field = find("search"), list = find("suggestions"), typed = plain(field.value);
    const fits = (names) => ` ${names.replace(/\|/g, " | ")}`.indexOf(` ${typed}`) >= 0;
    suggested = typed ? provinces.filter((province) => fits(province.words)).map(({ place }) => place) : [];
    chosenOne = suggested.length ? 0 : -1;
    list.replaceChildren(...suggested.map((place) => {
      const id = `suggestion-${provinces[place].code}`;
      const option = make("li", { role: "option", id, "aria-selected": "false" });
      option.append(named(place));
      // Before the field loses its focus, which closes the list.
      option.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        accept(place);
      });
      return option;
    }));
    list.hidden = !suggested.length;
    field.setAttribute("aria-expanded", String(suggested.length > 0));
    if (typed) say(suggested.length ? fill(words.search_found, { n: suggested.length }) : words.search_none);
    light();
  }

  function light() {
    [...find("suggestions").children].forEach((option, at) => {
      option.setAttribute("aria-selected", String(at === chosenOne));
    });
    const lit = find("suggestions").children[chosenOne];
    if (lit) {
      find("search").setAttribute("aria-activedescendant", lit.id);
      lit.scrollIntoView({ block: "nearest" });
    } else {
      find("search").removeAttribute("aria-activedescendant");
    }
  }

  // Finding is for marking: a province that is marked already stays so.
  function accept(place) {
    find("search").value = "";
    suggest();
    point(place);
    if (state.marked.includes(place)) sayMarks();
    else mark([...state.marked, place]);
    reveal(place);
  }

  function listenToSearch() {
    const field = find("search");
    field.addEventListener("input", suggest);
    field.addEventListener("blur", () => {
      find("suggestions").hidden = true;
      field.setAttribute("aria-expanded", "false");
    });
    field.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && suggested.length) chosenOne = (chosenOne + step + suggested.length) % suggested.length;
      else if (event.key === "Enter" && chosenOne >= 0) accept(suggested[chosenOne]);
      else if (event.key === "Escape" && field.value) {
        field.value = "";
        suggest();
      } else if (event.key !== "Enter") return;
      event.preventDefault();
      light();
    });
  }

  // --- address ---------------------------------------------------------------------------------------------

  async function copy() {
    chosen();
    try {
      await navigator.clipboard.writeText(location.href);
      find("by-hand").hidden = true;
      say(words.copied);
      find("copy").textContent = `${words.copy} ✓`;
      setTimeout(() => { find("copy").textContent = words.copy; }, 2500);
    } catch {
      find("by-hand").hidden = false;
      find("address").value = location.href;
      find("address").select();
      say(words.copy_by_hand);
    }
  }

  find("explore").hidden = false;
  listen();
  show();
  if (location.hash.length > 1) follow();
  performance.mark("explore-ready");
})();
