// Elements are made from texts, never from markup: whatever a scenario is called, it is shown and does nothing.

const SVG = "http://www.w3.org/2000/svg";

function element(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function drawing(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "onclick" || name === "onchange" || name === "oninput") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

function badge(verdict, words) {
  const known = ["pass", "fail", "void"].includes(verdict) ? verdict : "unknown";
  return element("span", { class: "badge " + known }, words || verdict);
}

function runBadge(row) {
  const meant = row.verdict === row.expected && row.verdict !== "pass";
  return badge(meant ? "meant" : row.verdict, meant ? row.verdict + ", as meant" : row.verdict);
}

function reportLink(row, words) {
  return element("a", { href: address(row.folder + "/report.html") }, words);
}

// The command as it is typed, with a button that copies it. The clipboard may be denied to a file: then it is selected.
function commandBlock(command) {
  const text = element("code", {}, command);
  const said = element("span", { role: "status", class: "soft" });
  const copy = async () => {
    getSelection().selectAllChildren(text);
    try {
      await navigator.clipboard.writeText(command);
      said.textContent = "copied";
    } catch {
      said.textContent = document.execCommand("copy") ? "copied" : "selected: press Ctrl-C";
    }
  };
  return element("div", { class: "command" }, element("pre", { tabindex: 0 }, text),
    element("button", { type: "button", onclick: copy }, "Copy"), said);
}
