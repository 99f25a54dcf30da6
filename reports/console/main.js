// Puts the page together once.

showOverview();
showBeside();
byId("spark-metric").append(...Object.entries(METRICS).map(([name, metric]) => element("option", { value: name }, metric.words)));
byId("spark-metric").addEventListener("change", applyFilters);
byId("clear-sides").addEventListener("click", clearSides);
prepareFilters();
prepareRuns();
applyFilters();
