// What Python wrote (reports/console/content.py), as rows and series.

const DATA = JSON.parse(document.getElementById("data").textContent);
const METRICS = DATA.metrics;
const ROWS = (DATA.rows.started_at || []).map((_, index) => new Row(index));
const SERIES = allSeries();

// One run; texts that many runs share are written once, and its numbers are columns.
function Row(index) {
  this.index = index;
  for (const [name, column] of Object.entries(DATA.rows)) this[name] = column[index];
  for (const name of DATA.shared) this[name] = this[name] === null ? null : DATA.texts[this[name]];
}

function numberOf(row, name) {
  return DATA.numbers[name][row.index];
}

// Runs of one scenario on one topology behind one mesh, oldest first; the series whose last run is the newest comes first.
function allSeries() {
  const found = new Map();
  for (const row of ROWS) {
    const key = JSON.stringify([row.scenario, row.cell]);
    if (!found.has(key)) found.set(key, { key, scenario: row.scenario, cell: row.cell, rows: [], changes: [] });
    found.get(key).rows.push(row);
    row.series = found.get(key);
  }
  for (const change of DATA.changes) ROWS[change.row].series.changes.push(change);
  return [...found.values()].sort((a, b) => b.rows.at(-1).index - a.rows.at(-1).index);
}

// Values of a metric where they may be compared: a void run's never.
function pointsOf(series, name) {
  return series.rows
    .filter((row) => row.counts && numberOf(row, name) !== null)
    .map((row) => ({ row, value: numberOf(row, name) }));
}

function changesOf(series, name) {
  return series.changes.filter((change) => change.metric === name);
}

function asMeant(row) {
  return row.verdict === row.expected;
}
