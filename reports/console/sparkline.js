// Small figures of one series: its values with the levels between change points, and its verdicts.

const WIDE = 190, HIGH = 40, EDGE = 4;

// points: [{row, value}], oldest first. changes: of this series and metric, with the index of the row.
function sparkline(points, changes, metric) {
  if (points.length < 2) return element("span", { class: "soft" }, points.length ? "one run" : UNKNOWN);
  const values = points.map((point) => point.value);
  const low = Math.min(...values), high = Math.max(...values);
  const x = (at) => EDGE + at / (points.length - 1) * (WIDE - 2 * EDGE);
  const y = (value) => HIGH - EDGE - (high === low ? 0.5 : (value - low) / (high - low)) * (HIGH - 2 * EDGE);
  const marks = changes.map((change) => ({ ...change, at: points.findIndex((point) => point.row.index === change.row) }));
  const figure = drawing("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, width: WIDE, height: HIGH, role: "img", class: "spark",
    "aria-label": sparkWords(points, changes, metric) });
  figure.append(drawing("title", {}, sparkWords(points, changes, metric)));
  for (const mark of marks.filter((one) => one.at >= 0)) figure.append(changeMark(mark, x(mark.at), metric));
  figure.append(drawing("polyline", { points: values.map((value, at) => `${round(x(at))},${round(y(value))}`).join(" ") }));
  figure.append(drawing("circle", { cx: round(x(values.length - 1)), cy: round(y(values.at(-1))), r: 2.5 }));
  return figure;
}

function changeMark(mark, at, metric) {
  return drawing("line", { class: "change " + direction(mark.before, mark.after, metric), "data-row": mark.row,
    x1: round(at), x2: round(at), y1: 0, y2: HIGH });
}

function sparkWords(points, changes, metric) {
  const last = measured(points.at(-1).value, metric);
  const low = measured(Math.min(...points.map((point) => point.value)), metric);
  const high = measured(Math.max(...points.map((point) => point.value)), metric);
  const moved = changes.map((change) => `; ${changeWords(change, metric)} at ${moment(ROWS[change.row].started_at)}`);
  return `${metric.words}: last ${last}, ${low} to ${high} in ${points.length} runs${moved.join("")}`;
}

function changeWords(change, metric) {
  return `${measured(change.before, metric)} → ${measured(change.after, metric)}`;
}

function round(number) {
  return Math.round(number * 10) / 10;
}

// The last runs as marks, each a link to its report.
function verdictStrip(rows) {
  const shown = rows.slice(-30);
  return element("span", { class: "strip", role: "group", "aria-label": `verdicts of the last ${shown.length} runs` },
    shown.map((row) => {
      const words = `${row.verdict}, ${moment(row.started_at)}, ${commitWords(row)}`;
      const kind = asMeant(row) ? "pass" : row.verdict === "void" ? "void" : "fail";
      return element("a", { href: address(row.folder + "/report.html"), class: "mark " + kind, title: words,
        "aria-label": words });
    }));
}
