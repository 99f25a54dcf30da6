// Numbers as people read them: the same rounding and spelling as reports/text/units.py, which a test holds this to.

const UNKNOWN = "n/a";

function duration(ms) {
  if (ms < 0) return "-" + duration(-ms);
  if (ms < 9.95) return significant(ms, 2) + " ms";
  if (ms < 999.5) return Math.round(ms) + " ms";
  if (ms < 99950) return significant(ms / 1000, 3) + " s";
  const seconds = Math.floor(ms / 1000 + 0.5);
  return Math.floor(seconds / 60) + " min " + (seconds % 60) + " s";
}

function significant(number, digits) {
  return String(Number(number.toPrecision(digits)));
}

function count(number) {
  if (Number.isInteger(number)) return number.toLocaleString("en-US");
  if (Math.abs(number) < 10) return significant(number, 3);
  return number.toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

// A value of a metric; null is not known.
function measured(value, metric) {
  if (value === null || value === undefined) return UNKNOWN;
  if (metric.unit === "ms") return duration(value);
  if (metric.unit === "s") return duration(value * 1000);
  if (metric.unit === "us") return count(value) + " µs";
  if (metric.unit === "tps") return count(value) + "/s";
  return count(value);
}

// How far b is from a: "+1.2 s (+34 %)", "+58 s (30 times)".
function difference(a, b, metric) {
  if (a === null || b === null) return "";
  const by = b - a;
  if (by === 0) return "equal";
  const sign = by > 0 ? "+" : "-";
  return sign + measured(Math.abs(by), metric) + (a > 0 ? ` (${share(a, b)})` : "");
}

function share(a, b) {
  if (b >= 10 * a) return count(Math.round(b / a)) + " times";
  const percent = Math.round((b / a - 1) * 100);
  return (percent > 0 ? "+" : "") + percent + " %";
}

// Whether a difference is large enough to matter to anybody, and which way: "worse", "better" or "".
function direction(a, b, metric) {
  if (a === null || b === null || a === b) return "";
  const by = Math.abs(b - a);
  if (by < metric.least_absolute || by < metric.least_effect * Math.abs(a)) return "";
  return b > a === (metric.better === "higher") ? "better" : "worse";
}

// "2026-11-27T23:38:22+00:00" -> "2026-11-27 23:38"
function moment(iso) {
  return iso ? iso.slice(0, 16).replace("T", " ") : "no time";
}

function commitWords(row) {
  return row.commit ? row.commit.slice(0, 9) + (row.dirty ? " + changes" : "") : "no commit";
}

// A path below the folder of this page, as an address that leads nowhere else, whatever is in the names.
function address(path) {
  return "./" + path.split("/").map(encodeURIComponent).join("/");
}
