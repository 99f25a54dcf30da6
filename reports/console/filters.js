// Which runs are shown. The choice is kept in the address of the page, so that it can be sent to somebody.

const CHOICES = ["scenario", "topology", "mesh", "commit", "verdict"];
const NOT_AS_MEANT = "not as meant";

function prepareFilters() {
  for (const name of CHOICES) {
    const values = [...new Set(ROWS.map((row) => row[name] || ""))].filter(Boolean);
    if (name === "commit") values.reverse();
    else values.sort();
    if (name === "verdict") values.push(NOT_AS_MEANT);
    byId("filter-" + name).append(...values.map((value) =>
      element("option", { value }, name === "commit" ? value.slice(0, 9) : value)));
  }
  const asked = new URLSearchParams(location.hash.startsWith("#?") ? location.hash.slice(2) : "");
  for (const name of [...CHOICES, "text"]) byId("filter-" + name).value = asked.get(name) || "";
  byId("filters").addEventListener("input", applyFilters);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("show-all").addEventListener("click", () => { byId("filters").reset(); applyFilters(); });
}

function applyFilters() {
  const wanted = Object.fromEntries([...CHOICES, "text"].map((name) => [name, byId("filter-" + name).value]));
  const chosen = ROWS.filter((row) => isWanted(row, wanted));
  const asked = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value)).toString();
  if (asked || location.hash.startsWith("#?")) history.replaceState(null, "", asked ? "#?" + asked : "#runs");
  byId("counted").textContent = `${count(chosen.length)} of ${count(ROWS.length)} runs`;
  showSeries(new Set(chosen));
  showRuns(chosen);
}

function isWanted(row, wanted) {
  const texts = [row.scenario, row.cell, row.workload, row.commit, row.why, row.command, row.folder, row.host, row.void_reasons];
  return CHOICES.every((name) => !wanted[name] || row[name] === wanted[name]
      || (name === "verdict" && wanted.verdict === NOT_AS_MEANT && !asMeant(row)))
    && wanted.text.toLowerCase().split(/\s+/).every((word) => texts.join("\n").toLowerCase().includes(word));
}
