(function () {
  "use strict";
  var words = JSON.parse(document.getElementById("words").textContent);
  var language = document.documentElement.lang;

  function made(tag, attributes, text) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text !== undefined) element.textContent = text;
    return element;
  }
  // As helpers.provinces folds names: small letters without marks, everything else a space.
  function plain(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐð]/g, "d").toLowerCase()
      .replace(/[^a-z0-9]+/g, " ").trim();
  }
  function filled(text, values) {
    return text.replace(/\{(\w+)\}/g, function (_, name) { return values[name]; });
  }

  // --- the search of provinces in the header ---
  function searchPlaces(form) {
    var told = JSON.parse(form.querySelector("script").textContent);
    var field = form.querySelector("input"), status = form.querySelector("[role=status]"), list = form.querySelector("ul");
    function fitting() {
      var typed = plain(field.value);
      return typed ? told.places.filter(function (place) { return ("|" + place[2]).indexOf("|" + typed) >= 0 || place[2].indexOf(" " + typed) >= 0; }) : [];
    }
    function show() {
      var found = fitting();
      list.replaceChildren();
      found.slice(0, 8).forEach(function (place) {
        var item = made("li");
        item.append(made("a", { href: told.folder + place[0] + ".html" }, place[1]));
        list.append(item);
      });
      status.textContent = !plain(field.value) ? "" : !found.length ? words.find_none
        : found.length === 1 ? filled(words.find_one, { name: found[0][1], year: told.year }) : filled(words.find_many, { n: found.length });
      form.classList.toggle("open", Boolean(plain(field.value)));
    }
    function shut() { field.value = ""; show(); field.focus(); }
    field.addEventListener("input", show);
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var found = fitting(), typed = plain(field.value);
      var exact = found.filter(function (place) { return place[2].split("|").indexOf(typed) >= 0; });
      if (exact.length === 1 || found.length === 1) list.querySelectorAll("a")[found.indexOf(exact[0] || found[0])].click();
    });
    form.addEventListener("keydown", function (event) {
      var links = Array.from(list.querySelectorAll("a")), at = links.indexOf(document.activeElement);
      if (event.key === "Escape") shut();
      else if (event.key === "ArrowDown" && at + 1 < links.length) links[at + 1].focus();
      else if (event.key === "ArrowUp" && at > 0) links[at - 1].focus();
      else if (event.key === "ArrowUp" && at === 0) field.focus();
      else return;
      event.preventDefault();
    });
    document.addEventListener("click", function (event) { if (!form.contains(event.target)) form.classList.remove("open"); });
    form.hidden = false;
  }
  document.querySelectorAll("form.places").forEach(searchPlaces);

  // --- tables ---
  function number(text) {
    var plainly = text.trim().replace(/\u2212/g, "-").replace(/[\s\u00a0]/g, "");
    plainly = language === "vi" ? plainly.replace(/\./g, "").replace(",", ".") : plainly.replace(/,/g, "");
    var found = /^[+-]?\d+(\.\d+)?/.exec(plainly);
    return found ? parseFloat(found[0]) : NaN;
  }
  function isMissing(text) { return /^[–-]?$/.test(text.trim()); }

  function sortable(table, rows, heads) {
    var body = table.tBodies[0], first = rows.slice();
    heads.forEach(function (head, place) {
      var texts = rows.map(function (row) { return row.cells[place].textContent.trim(); });
      var said = texts.filter(function (text) { return !isMissing(text); });
      if (!head.textContent.trim() || !said.length) return;
      var numeric = said.every(function (text) { return !isNaN(number(text)); });
      var keys = new Map(rows.map(function (row, k) { return [row, isMissing(texts[k]) ? null : numeric ? number(texts[k]) : texts[k]]; }));
      var button = made("button", { type: "button", title: words.sort });
      button.append.apply(button, Array.from(head.childNodes));
      head.append(button);
      button.addEventListener("click", function () {
        var now = head.getAttribute("aria-sort");
        var order = now === "ascending" ? "descending" : now === "descending" ? "" : "ascending";
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        if (order) head.setAttribute("aria-sort", order);
        var sign = order === "descending" ? -1 : 1, sorted = first.slice();
        // What is missing comes last, whichever way; equal ones stay as the page has them.
        if (order) sorted.sort(function (a, b) {
          var x = keys.get(a), y = keys.get(b);
          if (x === null || y === null) return (x === null) - (y === null);
          return sign * (numeric ? x - y : x.localeCompare(y, language));
        });
        body.append.apply(body, sorted);
      });
    });
  }

  var fields = 0;
  function searchable(box, rows) {
    var tools = made("div", { "class": "tools" }), id = "rows-" + ++fields;
    var field = made("input", { type: "search", id: id, autocomplete: "off", spellcheck: "false" });
    var status = made("span", { role: "status" });
    var texts = rows.map(function (row) { return " " + plain(row.textContent.replace(/</g, " ")); });
    tools.append(made("label", { "for": id }, words.filter), field, status);
    field.addEventListener("input", function () {
      var typed = plain(field.value), n = 0;
      rows.forEach(function (row, k) {
        row.hidden = texts[k].indexOf(" " + typed) < 0;
        n += !row.hidden;
      });
      status.textContent = typed ? filled(words.filtered, { n: n, all: rows.length }) : "";
    });
    box.before(tools);
  }

  // A spreadsheet would take such a text for a formula.
  function harmless(text) { return /^[=+@\t\r-]/.test(text) && isNaN(Number(text)) ? "'" + text : text; }
  function savable(box, table) {
    var button = made("button", { type: "button", "class": "save", title: words.save, "aria-label": words.save }, "CSV");
    button.addEventListener("click", function () {
      var lines = Array.from(table.rows).filter(function (row) { return !row.hidden; }).map(function (row) {
        return Array.from(row.cells).map(function (cell) {
          return '"' + harmless(cell.textContent.trim()).replace(/"/g, '""') + '"';
        }).join(",");
      });
      // By its mark Excel knows the letters of the file.
      var address = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
      var title = table.caption ? table.caption.textContent : document.title;
      var link = made("a", { href: address, download: (plain(title).replace(/ /g, "-").slice(0, 60) || "table") + ".csv" });
      link.click();
      setTimeout(function () { URL.revokeObjectURL(address); }, 1000);
    });
    box.after(button);
  }

  document.querySelectorAll(".table > table").forEach(function (table) {
    // A page that has its own way with a table says so.
    if (table.id || !table.tHead || !table.tBodies[0]) return;
    var box = table.parentElement, rows = Array.from(table.tBodies[0].rows), heads = Array.from(table.tHead.rows[0].cells);
    var even = table.tHead.rows.length === 1 && rows.every(function (row) { return row.cells.length === heads.length; });
    if (even && rows.length > 2) sortable(table, rows, heads);
    if (even && rows.length > 11) searchable(box, rows);
    savable(box, table);
  });

  // --- the table of contents stands open where there is room beside the text ---
  var contents = document.querySelector("nav.contents > details");
  if (contents && window.matchMedia("(min-width: 88rem)").matches) contents.open = true;

  // --- what a link leads to is shown, folded or not ---
  function unfold() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (target) target.scrollIntoView();
  }
  window.addEventListener("hashchange", unfold);
  try { unfold(); } catch (error) { if (!(error instanceof URIError)) throw error; }

  // --- a page that is not in the folder is named, instead of the browser's own page of errors ---
  // Scripts may not ask whether a file is there, but an element that shows it tells whether it could.
  function whether(address, there, gone) {
    var probe = made("object", { type: "text/html", tabindex: "-1", "aria-hidden": "true", "class": "probe" }), over = false;
    function end(what) {
      if (over) return;
      over = true;
      probe.remove();
      what();
    }
    probe.addEventListener("load", function () { end(there); });
    probe.addEventListener("error", function () { end(gone); });
    setTimeout(function () { end(there); }, 1500);
    probe.data = address;
    document.body.append(probe);
  }
  function tell(name) {
    var said = document.querySelector("p.gone") || made("p", { "class": "gone", role: "alert" });
    var close = made("button", { type: "button" }, words.gone_close);
    close.addEventListener("click", function () { said.remove(); });
    said.replaceChildren(filled(words.gone, { page: name }), " ", close);
    document.body.append(said);
  }
  if (location.protocol === "file:") document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    var address = new URL(link.href.baseVal || link.href, location.href);
    var elsewhere = address.protocol !== "file:" || !/\.html$/.test(address.pathname) || address.pathname === location.pathname;
    if (elsewhere || link.target || link.hasAttribute("download")) return;
    event.preventDefault();
    whether(address.href, function () { location.href = address.href; }, function () {
      // From the folder of reports on, which every page knows its way to.
      var top = new URL(words.top, location.href).pathname;
      tell(decodeURIComponent(address.pathname.indexOf(top) === 0 ? address.pathname.slice(top.length) : address.pathname.split("/").pop()));
    });
  });
})();
