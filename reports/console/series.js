// A row for each scenario and cell: its last verdicts, and its numbers over all its runs.

function showSeries(chosen) {
  const name = byId("spark-metric").value;
  const rows = SERIES.filter((series) => series.rows.some((row) => chosen.has(row))).flatMap((series) => seriesRows(series, name));
  byId("series").replaceChildren(...rows);
  byId("spark-heading").textContent = METRICS[name] ? METRICS[name].words : "";
}

function seriesRows(series, name) {
  const last = series.rows.at(-1);
  const all = element("tr", { class: "more", hidden: true });
  const toggle = element("button", { type: "button", "aria-expanded": "false" }, "All numbers");
  toggle.addEventListener("click", () => {
    if (all.hidden) all.replaceChildren(element("td", { colspan: 6 }, everyMetric(series)));
    all.hidden = !all.hidden;
    toggle.setAttribute("aria-expanded", String(!all.hidden));
  });
  const points = pointsOf(series, name);
  const moved = series.changes.length ? `${series.changes.length} ${series.changes.length === 1 ? "change" : "changes"}` : "";
  return [element("tr", {},
    element("th", { scope: "row" }, element("b", {}, series.scenario), element("br"), element("span", { class: "soft" }, series.cell)),
    element("td", { "data-label": "last" }, runBadge(last), " ", reportLink(last, moment(last.started_at))),
    element("td", { "data-label": "verdicts" }, verdictStrip(series.rows), " ",
      element("span", { class: "soft" }, `${count(series.rows.length)} ${series.rows.length === 1 ? "run" : "runs"}`)),
    element("td", { "data-label": METRICS[name].words }, sparkline(points, changesOf(series, name), METRICS[name])),
    element("td", { class: "n", "data-label": "last value" }, points.length ? measured(points.at(-1).value, METRICS[name]) : UNKNOWN),
    element("td", {}, toggle, " ", element("span", { class: "soft" }, moved))), all];
}

function everyMetric(series) {
  const known = Object.keys(METRICS).filter((name) => pointsOf(series, name).length);
  return element("div", { class: "metrics" }, known.map((name) => {
    const points = pointsOf(series, name);
    return element("figure", { "data-metric": name },
      element("figcaption", {}, METRICS[name].words, " ", element("b", {}, measured(points.at(-1).value, METRICS[name]))),
      sparkline(points, changesOf(series, name), METRICS[name]));
  }));
}
