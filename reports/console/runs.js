// Every run, newest first or by one of its numbers.

const AT_ONCE = 500;
// As the heading has them.
const COLUMNS = { write_outage_ms: "write outage", response_p99_ms: "response p99", achieved_tps: "achieved", lost: "lost" };
const order = { by: "", largest: true };
let listed = [];

function prepareRuns() {
  for (const head of document.querySelectorAll("#runs-table th[data-by]")) {
    head.querySelector("button").addEventListener("click", () => {
      order.largest = order.by === head.dataset.by ? !order.largest : true;
      order.by = head.dataset.by;
      showRuns(listed);
    });
  }
  byId("more-runs").addEventListener("click", () => addRuns(byId("runs-body").querySelectorAll("tr.run").length));
}

function showRuns(rows) {
  listed = inOrder(rows);
  for (const head of document.querySelectorAll("#runs-table th[data-by]")) {
    const sorted = head.dataset.by === order.by;
    head.setAttribute("aria-sort", sorted ? (order.largest ? "descending" : "ascending") : "none");
  }
  byId("runs-body").replaceChildren();
  addRuns(0);
}

function inOrder(rows) {
  const value = (row) => (order.by ? numberOf(row, order.by) : row.index);
  const known = rows.filter((row) => value(row) !== null), unknown = rows.filter((row) => value(row) === null);
  known.sort((a, b) => (order.largest ? 1 : -1) * (value(b) - value(a)) || b.index - a.index);
  return [...known, ...unknown];
}

function addRuns(from) {
  byId("runs-body").append(...listed.slice(from, from + AT_ONCE).flatMap(runRows));
  const left = listed.length - from - AT_ONCE;
  byId("more-runs").hidden = left <= 0;
  byId("more-runs").textContent = `Show ${count(Math.min(left, AT_ONCE))} more of ${count(left)}`;
}

function runRows(row) {
  const more = element("tr", { class: "more", hidden: true });
  const toggle = element("button", { type: "button", "aria-expanded": "false", "aria-label": `more of ${row.folder}` }, "More");
  toggle.addEventListener("click", () => {
    if (more.hidden) more.replaceChildren(element("td", { colspan: 11 }, details(row)));
    more.hidden = !more.hidden;
    toggle.setAttribute("aria-expanded", String(!more.hidden));
  });
  const box = element("input", { type: "checkbox", "aria-label": `side by side: ${row.folder}`, onchange: () => choose(row, box) });
  box.checked = sides.includes(row);
  return [element("tr", { class: "run" },
    element("td", { class: "box" }, box),
    element("th", { scope: "row" }, reportLink(row, moment(row.started_at))),
    element("td", { class: "head" }, runBadge(row)),
    element("td", { "data-label": "scenario" }, row.scenario, " ", element("span", { class: "soft" }, row.cell)),
    ...Object.entries(COLUMNS).map(([name, words]) =>
      element("td", { class: "n", "data-label": words }, measured(numberOf(row, name), METRICS[name]))),
    element("td", { "data-label": "commit" }, element("code", {}, commitWords(row))),
    element("td", { class: "n", "data-label": "seed" }, row.seed === null ? UNKNOWN : String(row.seed)),
    element("td", {}, toggle)), more];
}

function details(row) {
  const known = Object.keys(METRICS).filter((name) => numberOf(row, name) !== null);
  return element("div", { class: "details" },
    element("p", {}, row.why),
    row.void_reasons ? element("p", {}, "Void: ", row.void_reasons) : null,
    element("p", { class: "soft" }, "Run it again:"), row.command ? commandBlock(row.command) : "The run does not say how.",
    element("dl", {}, [...known.map((name) => [METRICS[name].words, measured(numberOf(row, name), METRICS[name])]), ...facts(row)]
      .map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)))));
}

function facts(row) {
  return [["workload", row.workload], ["pods", row.pods], ["machine", row.host], ["commit", row.commit],
    ["part of", row.part_of && partLink(row)], ["folder", row.folder]]
    .filter(([, value]) => value !== null && value !== "");
}

// To the page of the suite or so whose trial it was, where that is listed here.
function partLink(row) {
  const entries = DATA.beside.flatMap((listed) => listed.entries);
  const whole = entries.find((entry) => entry.link.split("/").at(-2) === row.part_id);
  return whole ? element("a", { href: address(whole.link) }, row.part_of) : row.part_of;
}
