// A small drawing of where a place is: the areas around it and a pin. No map library, no network.

import { outline } from "./map.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 244;
const HEIGHT = 128;
// The whole drawing is about this many metres wide.
const METRES = 9000;
const METRES_A_DEGREE = 111320;

export function sketch(lat, lon) {
  const svg = draw("svg", { class: "sketch", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" });
  svg.append(draw("rect", { width: WIDTH, height: HEIGHT, fill: "#e3dcca" }));
  const ground = svg.appendChild(draw("g", { stroke: "#8a7350", "stroke-width": 1.4, fill: "#f6efdf" }));
  const pin = svg.appendChild(draw("g", { transform: `translate(${WIDTH / 2} ${HEIGHT / 2})` }));
  pin.append(draw("circle", { r: 17, fill: "#a3402a", "fill-opacity": 0.2 }));
  pin.append(draw("circle", { r: 7, fill: "#a3402a", stroke: "#fff", "stroke-width": 2.5 }));
  outline().then((areas) => areas.features.forEach((area) => ground.append(...shapes(area, lat, lon))));
  return svg;
}

function shapes(area, lat, lon) {
  const { type, coordinates } = area.geometry;
  const polygons = type === "Polygon" ? [coordinates] : type === "MultiPolygon" ? coordinates : [];
  const scale = WIDTH / METRES;
  const across = METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180) * scale;
  const along = METRES_A_DEGREE * scale;
  const point = ([x, y]) => `${(WIDTH / 2 + (x - lon) * across).toFixed(1)} ${(HEIGHT / 2 - (y - lat) * along).toFixed(1)}`;
  return polygons.map((rings) => draw("path", { d: rings.map((ring) => `M${ring.map(point).join("L")}Z`).join("") }));
}

function draw(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
