"use strict";
// Asks /api/live twice a second and draws what it says. Every value becomes text, never markup.
const EVERY_MS = 500;
const STALE_MS = 3000;
const NOTHING = "–";
let answered_ms = performance.now();

function el(tag, attributes, ...children) {
  const svg = ["svg", "path", "rect"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  for (const child of children.flat(Infinity)) if (child !== null) made.append(child);
  return made;
}

const seconds = (ns) => ns / 1e9;
const shown = (value, unit) => (value === null || value === undefined ? NOTHING : `${value}${unit || ""}`);
const clock = (s) => (s < 60 ? `${s.toFixed(1)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`);
const milliseconds = (ms) => (ms === null ? NOTHING : ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`);

function table(headings, rows, none) {
  if (!rows.length) return el("p", { class: "meta" }, none);
  const head = el("thead", {}, el("tr", {}, headings.map((text) => el("th", {}, text))));
  const body = rows.map(([kind, ...cells]) => el("tr", { class: kind }, cells.map((text) => el("td", {}, text))));
  return el("div", { class: "scroll" }, el("table", {}, head, el("tbody", {}, body)));
}

function number(label, value, kind) {
  return el("div", { class: kind || "", "data-number": label }, el("dt", {}, label), el("dd", {}, value));
}

// Phases

const current = (run) => run.phases.filter((phase) => phase.ended_ns === null).pop();

function timeLeft(run, phase, now) {
  if (phase.expected_s === null) return "";
  const began = phase.name === "load" && run.load.zero_ns !== null ? run.load.zero_ns : phase.began_ns;
  return `, ${clock(Math.max(0, phase.expected_s - seconds(now - began)))} left`;
}

function phases(run, now) {
  const lasts = current(run);
  return el("ol", { class: "phases" }, run.phases.map((phase) => {
    const lasted = clock(seconds((phase.ended_ns || now) - phase.began_ns));
    const is_now = phase === lasts;
    const text = `${phase.name} ${lasted}${is_now ? timeLeft(run, phase, now) : ""}`;
    return el("li", is_now ? { class: "now", "data-phase": phase.name } : {}, text);
  }));
}

// Faults

const whom = (fault) => `${fault.fault} of ${fault.target}${fault.pod ? ` (${fault.pod})` : ""}`;

function banner(run, now) {
  const active = run.faults.filter((fault) => fault.active);
  if (active.length) {
    const words = active.map((fault) => `${whom(fault)} for ${clock(seconds(now - fault.steps.injected))}`);
    return el("p", { class: "fault active", "data-fault": "active" }, words.join("; "));
  }
  const due = run.faults.filter((fault) => !("injected" in fault.steps) && fault.steps.planned > now);
  due.sort((a, b) => a.steps.planned - b.steps.planned);
  const next = due.length ? `next: ${whom(due[0])} in ${clock(seconds(due[0].steps.planned - now))}` : "nothing is broken now";
  return el("p", { class: "fault", "data-fault": "none" }, next);
}

function faults(run, since) {
  const rows = run.faults.map((fault) => {
    const steps = Object.entries(fault.steps).map(([step, at]) => `${step} ${since(at)}`);
    return [fault.active ? "down" : "", whom(fault), steps.join(", "), fault.ok === false ? "not as it should" : ""];
  });
  return table(["fault", "steps", ""], rows, "no fault so far");
}

// The load

function path(values, highest, kind) {
  const first = 120 - values.length;
  let words = "";
  let drawing = false; // a gap is a gap: nothing was acknowledged in that second
  values.forEach((value, at) => {
    if (value !== null) words += `${drawing ? "L" : "M"}${first + at} ${(100 - (95 * value) / highest).toFixed(1)}h0.01`;
    drawing = value !== null;
  });
  return el("path", { class: kind, d: words });
}

function plot(run, curves, words) {
  const list = run.load.seconds;
  const last = list.length ? list[list.length - 1].t_s : 0;
  const highest = Math.max(1, ...curves.flatMap(([, of]) => list.map(of)).filter((value) => value !== null));
  const at = (ns) => 119 + seconds(ns - run.load.zero_ns) - last;
  const broken = run.load.zero_ns === null ? [] : run.faults.filter((fault) => "injected" in fault.steps && (fault.active || fault.steps.healed));
  const shades = broken.map((fault) => {
    const from = Math.max(0, at(fault.steps.injected));
    const to = fault.active ? 120 : Math.max(0, at(fault.steps.healed));
    return el("rect", { class: "shade", x: from, y: 0, width: Math.max(0, to - from), height: 100 });
  });
  const drawn = curves.map(([kind, of]) => path(list.map(of), highest, kind));
  const svg = el("svg", { class: "plot", viewBox: "0 0 120 100", preserveAspectRatio: "none", role: "img", "aria-label": words.join(" ") }, shades, drawn);
  const key = curves.map(([kind]) => [el("span", { class: `key ${kind}` }, kind), " "]);
  return el("figure", {}, svg, el("figcaption", {}, key, `: the last two minutes, up to ${Math.round(highest)} ${words[1]}; shaded while something was broken`));
}

function load(run) {
  const last = run.load.seconds[run.load.seconds.length - 1];
  const of = (name) => (last ? String(last[name]) : NOTHING);
  const bad = (name) => (last && last[name] ? "bad" : "");
  return [
    el("dl", { class: "numbers" },
      number("offered/s", of("offered")), number("achieved/s", of("achieved")), number("failed/s", of("failed"), bad("failed")),
      number("unknown/s", of("unknown"), bad("unknown")), number("waiting", of("backlog")),
      number(`p99 of the last ${run.load.over_s || 5} s`, milliseconds(run.load.response_p99_ms)),
      number(`p50 of the last ${run.load.over_s || 5} s`, milliseconds(run.load.response_p50_ms)), number("achieved in all", String(run.load.achieved))),
    plot(run, [["offered", (s) => s.offered], ["achieved", (s) => s.achieved], ["failed", (s) => s.failed + s.unknown]], ["operations", "operations a second"]),
    plot(run, [["p99", (s) => s.response_p99_ms]], ["response p99", "ms"]),
  ];
}

// Pods, proxies, decisions: of runs and of clusters that are up

function pods(seen) {
  const rows = seen.pods.map((pod) => {
    if (!pod.up) return ["down", pod.name, NOTHING, "does not answer", NOTHING, NOTHING];
    const state = pod.quarantined ? `quarantined: ${pod.quarantined}` : shown(pod.state);
    const lag = pod.lag_ms === null ? NOTHING : milliseconds(pod.lag_ms);
    return [pod.role === "primary" ? "primary" : "", pod.name, shown(pod.role), state, pod.read_only ? "no" : "yes", lag];
  });
  return table(["pod", "role", "state", "writable", "lag"], rows, "nobody looks at the pods yet");
}

function proxies(seen) {
  const rows = seen.proxies.flatMap((proxy) => {
    if (!proxy.up) return [["down", proxy.name, NOTHING, NOTHING, "does not answer", NOTHING]];
    return Object.entries(proxy.pools).flatMap(([pool, members]) => Object.entries(members).map(([pod, one]) =>
      [one.healthy ? "" : "down", proxy.name, pool, pod, one.healthy ? "yes" : "no", String(one.connections)]));
  });
  return table(["proxy", "pool", "pod", "healthy", "sessions"], rows, "there is no proxy, or nobody looks at it yet");
}

function decisions(seen, since) {
  const rows = [...seen.decisions].reverse().map((one) => ["", since(one.at_ns), one.event.replaceAll("_", " "), shown(one.pod)]);
  const shown_rows = table(["when", "the control plane", "pod"], rows, "it has decided nothing");
  shown_rows.classList.add("decisions");
  return shown_rows;
}

const part = (title, ...content) => el("div", {}, el("h3", {}, title), content);

function runSection(run, now) {
  const zero = run.load.zero_ns;
  const since = (ns) => (ns === null ? "" : zero === null ? `${clock(seconds(now - ns))} ago` : `${seconds(ns - zero).toFixed(1)} s`);
  const words = `${run.topology} · ${run.mesh} · workload ${run.workload} · seed ${run.seed} · started ${run.started_at}`;
  return el("section", { class: "run", "data-run": run.run_id },
    el("h2", {}, run.scenario), el("p", { class: "meta" }, words, " · ", el("a", { href: `/${encodeURI(run.folder)}/` }, run.folder)),
    phases(run, now), banner(run, now), load(run),
    el("div", { class: "halves" },
      part("Pods", pods(run)), part("Proxies", proxies(run)),
      part("Faults", faults(run, since)), part("Decisions", decisions(run, since))));
}

function clusterSection(cluster, now) {
  const ago = (ns) => `${clock(seconds(now - ns))} ago`;
  const title = el("h2", {}, `cluster ${cluster.name}`);
  if (cluster.problem) return el("section", { class: "run" }, title, el("p", {}, cluster.problem));
  return el("section", { class: "run", "data-cluster": cluster.name }, title,
    el("p", { class: "meta" }, `${cluster.topology} · ${cluster.mesh} · up since ${cluster.started_at}`),
    el("div", { class: "halves" }, part("Pods", pods(cluster)), part("Proxies", proxies(cluster)), part("Decisions", decisions(cluster, ago))));
}

function draw(told) {
  const sections = [
    ...told.runs.map((run) => runSection(run, told.now_ns)),
    ...told.clusters.map((cluster) => clusterSection(cluster, told.now_ns)),
  ];
  const none = "Nothing is running: `meshbench run NAME` starts a run, `meshbench up group` a cluster to look around in.";
  if (!sections.length) sections.push(el("p", {}, none));
  if (told.problem) sections.push(el("p", { class: "meta" }, `clusters cannot be shown: ${told.problem}`));
  document.getElementById("all").replaceChildren(...sections);
}

function state(text, stale) {
  const place = document.getElementById("state");
  place.textContent = text;
  place.className = stale ? "stale" : "";
}

async function asked() {
  try {
    return await (await fetch("/api/live", { cache: "no-store" })).json();
  } catch {
    return null; // whoever serves it has ended, or will answer the next time
  }
}

async function again() {
  const told = await asked();
  setTimeout(again, EVERY_MS);
  if (told !== null) {
    answered_ms = performance.now();
    state(`as of ${new Date().toLocaleTimeString()}`, false);
    draw(told);
  } else if (performance.now() - answered_ms > STALE_MS) {
    const silent_s = Math.round((performance.now() - answered_ms) / 1000);
    state(`no answer for ${silent_s} s: what is shown is old`, true);
  }
}

again();
