// Matrices, suites, certificates and the like: a table of each kind that there is.

function showBeside() {
  byId("beside").replaceChildren(...DATA.beside.map(kindSection));
}

function kindSection(listed) {
  const rows = listed.entries.map((entry) => element("tr", {},
    element("th", { scope: "row" }, element("a", { href: address(entry.link) }, entry.name)),
    element("td", {}, entry.verdict ? entryBadge(entry.verdict) : UNKNOWN),
    element("td", { "data-label": "when" }, entry.at.includes("-") ? moment(entry.at) : entry.at),
    element("td", { "data-label": "what it says" }, entry.words),
    element("td", {}, entry.bundle ? element("a", { href: address(entry.bundle) }, "bundle") : "")));
  const heads = ["name", "verdict", "when (UTC)", "what it says", "file"]
    .map((name) => element("th", { scope: "col" }, name));
  return element("section", {}, element("h2", {}, `${listed.kind} (${count(listed.entries.length + listed.left_out)})`),
    element("div", { class: "scroll" }, element("table", { class: "stack" }, element("thead", {}, element("tr", {}, heads)),
      element("tbody", {}, rows))),
    listed.left_out ? element("p", { class: "soft" }, `${count(listed.left_out)} older ones are not listed; they are in their folders.`) : null);
}

function entryBadge(verdict) {
  const known = { certified: "pass", refused: "fail", incomplete: "void", regression: "fail", unreadable: "void" };
  return badge(known[verdict] || verdict, verdict);
}
