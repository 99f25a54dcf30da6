// Puts the page together once.

showBeside();
if (ROWS.length) showAll();

function showAll() {
  showOverview();
  byId("spark-metric").append(...Object.entries(METRICS).map(([name, metric]) => element("option", { value: name }, metric.words)));
  byId("spark-metric").addEventListener("change", applyFilters);
  byId("clear-sides").addEventListener("click", clearSides);
  // Only `meshbench serve`, which serves this machine alone, has that page.
  if (["127.0.0.1", "localhost"].includes(location.hostname)) {
    document.querySelector("nav").append(element("a", { href: "/live" }, "What is running now"));
  }
  prepareFilters();
  prepareRuns();
  applyFilters();
}
