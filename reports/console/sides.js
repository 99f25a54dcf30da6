// Two runs side by side: their numbers, and what about them differs.

let sides = [];

function choose(row, box) {
  sides = sides.filter((one) => one !== row);
  if (box.checked) sides = [...sides.slice(-1), row];
  showSides();
}

function clearSides() {
  sides = [];
  showSides();
}

function showSides() {
  for (const box of document.querySelectorAll("#runs-body input[type=checkbox]")) {
    box.checked = sides.some((row) => box.getAttribute("aria-label").endsWith(": " + row.folder));
  }
  byId("chosen").hidden = !sides.length;
  byId("chosen-words").textContent = sides.length === 1 ? "1 run chosen: choose another one" : "2 runs chosen";
  byId("to-sides").hidden = sides.length !== 2;
  byId("sides").hidden = sides.length !== 2;
  if (sides.length === 2) byId("sides-body").replaceChildren(...sideTables(sides.toSorted((a, b) => a.index - b.index)));
}

function sideTables([a, b]) {
  const known = Object.keys(METRICS).filter((name) => numberOf(a, name) !== null || numberOf(b, name) !== null);
  const heads = [a, b].map((row) => element("th", { scope: "col" }, runBadge(row), " ",
    reportLink(row, `${row.scenario} ${moment(row.started_at)}`)));
  const comparable = a.series === b.series && a.counts && b.counts;
  const numbers = known.map((name) => {
    const metric = METRICS[name], [from, to] = [numberOf(a, name), numberOf(b, name)];
    const way = comparable ? direction(from, to, metric) : "";
    return sideRow(metric.words, [measured(from, metric), measured(to, metric)],
      element("td", { class: "n " + way }, difference(from, to, metric), " ", way));
  });
  const settings = settingsOf(a).map(([name, value], at) => [name, value, settingsOf(b)[at][1]]);
  const differing = [...settings, ...namedOf(a, b, "versions"), ...namedOf(a, b, "images")].filter(([, one, other]) => one !== other);
  return [
    element("p", { class: "soft" }, sideNote(a, b)),
    table("Numbers", [...heads, element("th", { scope: "col", class: "n" }, "difference")], numbers),
    differing.length
      ? table("What differs in settings, versions and machine", heads.map((head) => head.cloneNode(true)),
        differing.map(([name, one, other]) => sideRow(name, [one, other])))
      : element("p", {}, "Settings, versions and machine are the same."),
  ];
}

function sideNote(a, b) {
  if (a.series !== b.series) return "Different scenarios, topologies or meshes: no difference here is called better or worse.";
  if (!a.counts || !b.counts) return "A void run proved nothing: no difference here is called better or worse.";
  return ["One run each shows what happened, not what is likely: ", element("code", {}, "meshbench compare"),
    " tells chance from change with several trials of each."];
}

function table(caption, heads, rows) {
  return element("div", { class: "scroll" }, element("table", {}, element("caption", {}, caption),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, ""), heads)), element("tbody", {}, rows)));
}

function sideRow(name, values, ...rest) {
  return element("tr", {}, element("th", { scope: "row" }, name),
    values.map((value) => element("td", { class: rest.length ? "n" : "facts" }, value === null || value === "" ? UNKNOWN : String(value))), rest);
}

function settingsOf(row) {
  return [["scenario", row.scenario], ["topology and mesh", row.cell], ["pods", row.pods], ["workload", row.workload],
    ["seed", row.seed], ["settings (digest)", row.settings.slice(0, 12)], ["command", row.command],
    ["commit", commitWords(row)], ["machine", row.host]];
}

// Of versions or images, each by its name: [name, of a, of b].
function namedOf(a, b, kind) {
  const [one, other] = [a, b].map((row) => JSON.parse(row[kind]));
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .map((name) => [name, one[name] ?? "", other[name] ?? ""]);
}
