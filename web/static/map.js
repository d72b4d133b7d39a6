// The map: Leaflet on tiles where some are configured, else on a ground drawn from the pack's own areas.

import { told } from "./words.js";

let library = null;
let ground = null;

// Leaflet's own files come when a map is first wanted.
export function leaflet() {
  library ??= new Promise((resolve, reject) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: told.leaflet.style });
    const script = Object.assign(document.createElement("script"), { src: told.leaflet.script });
    script.onload = () => resolve(window.L);
    script.onerror = () => reject(new Error("no map"));
    document.head.prepend(style); // before our own styles, which come later and so win
    document.head.append(script);
  });
  return library;
}

export function outline() {
  ground ??= fetch("/chat/map.json")
    .then((answer) => (answer.ok ? answer.json() : { type: "FeatureCollection", features: [] }))
    .catch(() => ({ type: "FeatureCollection", features: [] }));
  return ground;
}

const TONES = ["#f6efdf", "#f1e7d2", "#eef0e0", "#f5e9dc", "#e9eee6"];

// A map in `element` that shows the areas; the caller sets its view.
export async function drawMap(element) {
  const [L, areas] = await Promise.all([leaflet(), outline()]);
  const map = L.map(element, { attributionControl: Boolean(told.tiles), maxZoom: 19, minZoom: 3, zoomSnap: 0.5 });
  if (told.tiles) {
    map.attributionControl.setPrefix(false);
    L.tileLayer(told.tiles, { attribution: told.tilesCredit, maxZoom: 19 }).addTo(map);
  }
  L.control.scale({ imperial: false }).addTo(map);
  let number = 0;
  const layer = L.geoJSON(areas, {
    interactive: false,
    style: () => ({
      color: "#8a7350",
      weight: 1.5,
      fill: !told.tiles,
      fillColor: TONES[number++ % TONES.length],
      fillOpacity: 1,
    }),
    onEachFeature: (feature, shape) => {
      const name = feature.properties?.name;
      if (name && !told.tiles) shape.bindTooltip(String(name), { permanent: true, direction: "center", className: "area" });
    },
  }).addTo(map);
  map.on("zoomend resize", () => thin(element));
  setTimeout(() => thin(element));
  const bounds = layer.getBounds();
  return { L, map, bounds: bounds.isValid() ? bounds : L.latLngBounds([-34.71, -58.54], [-34.52, -58.33]) };
}

// Names that would lie on another name are left out until somebody zooms in.
function thin(element) {
  const kept = [];
  for (const label of element.querySelectorAll(".area")) {
    const box = label.getBoundingClientRect();
    const free = kept.every((other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom);
    label.classList.toggle("covered", !free);
    if (free) kept.push(box);
  }
}

const PIN =
  '<svg class="pin-drop" viewBox="0 0 34 44"><path d="M17 43C27 31 33 24 33 16.5a16 16 0 1 0-32 0C1 24 7 31 17 43z" fill="#a3402a" stroke="#fff" stroke-width="2"/><rect x="10.5" y="10" width="13" height="13" rx="2" fill="#fff" transform="rotate(-9 17 16.5)"/></svg>';

export function pinIcon(L) {
  return L.divIcon({ html: PIN, className: "", iconSize: [34, 44], iconAnchor: [17, 43] });
}
