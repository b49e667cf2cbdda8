// The few ways in which the page is changed: nodes stay, only what differs is written. So a day of messages leaves no
// node behind, and a reader of the page is not told of what has not changed.

export const find = (id) => document.getElementById(id);

/** Writes a text where it is another. */
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

export function attribute(node, name, value) {
  if (value === null || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, String(value));
  }
}

export function show(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** A property of the element's style, through the CSSOM: no inline style for the policy to refuse. */
export function style(node, name, value) {
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
}

export function make(tag, className = "", content = null) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (content !== null) node.textContent = content;
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

// Each state has a shape of its own, in a box of 20: a circle, a triangle, a square, two bars, half a circle, a ring.
const SHAPES = {
  ok: "M10 1a9 9 0 1 0 0 18a9 9 0 1 0 0-18z",
  at_risk: "M10 1L19.6 18.5H.4z",
  breaching: "M1.5 1.5h17v17h-17z",
  closed: "M3 2h5v16H3zM12 2h5v16h-5z",
  partial: "M10 1a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM10 4a6 6 0 0 1 0 12z",
  unknown: "M10 1a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM10 5a5 5 0 1 1 0 10a5 5 0 1 1 0-10z",
};
const SHAPE_OF = { ...SHAPES, met: SHAPES.ok, missed: SHAPES.at_risk, few: SHAPES.unknown, stale: SHAPES.unknown };

/** Draws the shape of a state into a mark made by `mark()`. */
export function shape(svg, state) {
  attribute(svg.firstElementChild, "d", SHAPE_OF[state] ?? SHAPES.unknown);
}

export function mark() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "mark");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

/** A line of an hour: always left to right, whichever way the words run, as charts are read everywhere. */
export function sparkline() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 300 40");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "spark");
  for (const name of ["spark-area", "spark-line"]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    svg.append(path);
  }
  return svg;
}

/** Draws points [[instant, number], …]; nothing under two of them. Its floor is 0, so that a slope is not overstated. */
export function draw(svg, points) {
  const isDrawn = Array.isArray(points) && points.length > 1;
  svg.classList.toggle("empty", !isDrawn);
  if (!isDrawn) return;
  const times = points.map(([at]) => Date.parse(at));
  const [first, last] = [times[0], times.at(-1)];
  const most = Math.max(5, ...points.map(([, value]) => value));
  const x = (at) => (last > first ? ((at - first) / (last - first)) * 300 : 0).toFixed(1);
  const y = (value) => (38 - (value / most) * 35).toFixed(1);
  const line = points.map(([, value], place) => `${place ? "L" : "M"}${x(times[place])} ${y(value)}`).join("");
  attribute(svg.children[0], "d", `${line}L300 40L0 40z`);
  attribute(svg.children[1], "d", line);
}
