// The first screen: what failed last, and what changed.

const LISTED = 4;

function showOverview() {
  const last = ROWS.at(-1);
  byId("last").replaceChildren(...lastRun(last));
  byId("top").classList.add(asMeant(last) ? "pass" : last.verdict);
  fillList("failed", failures());
  fillList("changed", DATA.changes.slice().sort((a, b) => b.row - a.row).map(changeItem));
}

function lastRun(row) {
  const ended = element("h1", {}, element("span", { class: "word" }, row.verdict), " ",
    element("span", { class: "scenario" }, reportLink(row, row.scenario), " ", row.cell));
  const meant = asMeant(row) && row.verdict !== "pass" ? " (as the scenario is meant to end)" : "";
  const meta = `the last of ${count(DATA.total)} runs · ${moment(row.started_at)} UTC · ${commitWords(row)}${meant}`;
  return [ended, element("p", { class: "why clamp" }, row.why), element("p", { class: "meta" }, meta)];
}

// Each scenario whose last run did not end as it is meant to, newest first; void ones, which say nothing, come after.
function failures() {
  const broken = SERIES.filter((series) => !asMeant(series.rows.at(-1)));
  const isVoid = (series) => series.rows.at(-1).verdict === "void";
  byId("failed-count").textContent = `the last run of ${count(broken.length)} of ${count(SERIES.length)} scenarios`;
  return broken.length ? [...broken.filter((one) => !isVoid(one)), ...broken.filter(isVoid)].map(failureItem) : [allWell()];
}

function failureItem(series) {
  const row = series.rows.at(-1);
  const good = series.rows.findLast(asMeant);
  const bad = good ? series.rows.length - 1 - series.rows.lastIndexOf(good) : series.rows.length;
  const runs = bad === 1 ? "this run" : `these ${bad} runs`;
  const since = good
    ? [`not before ${runs}: `, reportLink(good, `${moment(good.started_at)} ended as meant`), ` (${commitWords(good)})`]
    : [`never ended as meant, in ${count(bad)} ${bad === 1 ? "run" : "runs"}`];
  return element("li", {}, runBadge(row), " ", reportLink(row, row.scenario), " ", row.cell,
    element("span", { class: "soft" }, ` ${moment(row.started_at)}`),
    element("p", { class: "clamp" }, row.verdict === "void" ? row.void_reasons : row.why),
    element("p", { class: "soft" }, since));
}

function allWell() {
  const words = `The last run of every scenario (${count(SERIES.length)}) ended as it is meant to.`;
  const failed = ROWS.findLast((row) => !asMeant(row));
  const before = failed
    ? ["The last that did not: ", runBadge(failed), " ", reportLink(failed, failed.scenario), ` ${moment(failed.started_at)}`]
    : ["No run ever ended otherwise."];
  return element("li", {}, words, " ", ...before);
}

function changeItem(change) {
  const row = ROWS[change.row], metric = METRICS[change.metric], series = row.series;
  const way = direction(change.before, change.after, metric);
  return element("li", {}, sparkline(pointsOf(series, change.metric), changesOf(series, change.metric), metric),
    element("div", {},
      element("span", { class: "badge " + way }, way), " ", element("b", {}, metric.words), " ", changeWords(change, metric),
      ` (${changeShare(change)})`,
      element("p", {}, row.scenario, " ", row.cell, ", since ", reportLink(row, moment(row.started_at))),
      element("p", { class: "soft" }, whatDiffers(row))));
}

function changeShare(change) {
  return change.before ? share(change.before, change.after) : "from nothing";
}

// What else is new in the run at which a level began: its commit, its settings, its machine.
function whatDiffers(row) {
  const before = row.series.rows[row.series.rows.indexOf(row) - 1];
  if (!before) return "";
  const found = [];
  if (commitWords(before) !== commitWords(row)) found.push(`commit ${commitWords(before)} → ${commitWords(row)}`);
  if (before.settings !== row.settings) found.push("other settings");
  if (before.host !== row.host) found.push("another machine");
  return found.length ? found.join(", ") : "same commit, settings and machine as the run before";
}

// The first few; the rest behind a button.
function fillList(id, items) {
  const list = byId(id);
  if (!items.length) return;
  list.replaceChildren(...items.slice(0, LISTED));
  const rest = items.slice(LISTED);
  if (!rest.length) return;
  const more = element("button", { type: "button", onclick: () => { list.append(...rest); more.remove(); } },
    `${rest.length} more`);
  list.after(more);
}
