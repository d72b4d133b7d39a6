// Choosing a place: tap, drag or walk the pin with the arrow keys, use the device's position, or type coordinates.

import { drawMap, pinIcon } from "./map.js";
import { degrees, say } from "./words.js";

const dialog = document.querySelector("dialog.place");
const box = dialog.querySelector(".map");
const status = dialog.querySelector(".told");
const typed = dialog.querySelector("input");
const sendButton = dialog.querySelector('[data-do="send"]');
const hereButton = dialog.querySelector('[data-do="here"]');
const title = dialog.querySelector("h2");
const chooseTitle = title.textContent;

let chart = null;
let pin = null;
let chosen = null;
let resolveChoice = null;

// The place somebody chooses as {lat, lon, source, accuracy}, null when they change their mind.
export async function choosePlace() {
  start(chooseTitle, false);
  tell(say("place-tap"));
  await prepareMap();
  chart?.map.fitBounds(chart.bounds);
  return new Promise((resolve) => (resolveChoice = resolve));
}

// Show a place that was sent.
export async function showPlace(lat, lon, words) {
  start(say("place-shown"), true);
  tell(words ? `${words} · ${degrees(lat, lon)}` : degrees(lat, lon));
  await prepareMap();
  if (!chart) return;
  put(lat, lon);
  pin.dragging.disable();
  chart.map.setView([lat, lon], 14);
}

function start(heading, onlyShown) {
  title.textContent = heading;
  for (const element of [sendButton, hereButton, typed.parentElement]) element.hidden = onlyShown;
  dialog.dataset.shown = onlyShown ? "yes" : "";
  hereButton.hidden = onlyShown || !canLocate();
  forget();
  dialog.showModal();
}

export function canLocate() {
  return "geolocation" in navigator && window.isSecureContext;
}

// The device's own position; rejects with a sentence.
export function locate() {
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lat: coords.latitude, lon: coords.longitude, accuracy: coords.accuracy, source: "device" }),
      (error) => reject(new Error(say(error.code === error.PERMISSION_DENIED ? "place-denied" : "place-unknown"))),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 },
    );
  });
}

async function prepareMap() {
  if (chart) return chart.map.invalidateSize();
  try {
    chart = await drawMap(box);
  } catch {
    tell(say("place-no-map"));
    return;
  }
  chart.map.fitBounds(chart.bounds);
  chart.map.on("click", ({ latlng }) => dialog.dataset.shown || choose(latlng.lat, latlng.lng, "pin"));
  box.addEventListener("keydown", setByKey);
}

// On the map itself, Enter puts the pin in the middle; on the pin, arrows walk it.
function setByKey(event) {
  if (dialog.dataset.shown) return;
  const steps = { ArrowUp: [0, -8], ArrowDown: [0, 8], ArrowLeft: [-8, 0], ArrowRight: [8, 0] };
  const { map } = chart;
  if (event.key === "Enter" && event.target === box) {
    event.preventDefault();
    const centre = map.getCenter();
    choose(centre.lat, centre.lng, "pin");
  } else if (event.key in steps && pin && event.target === pin.getElement()) {
    event.preventDefault();
    event.stopPropagation();
    const moved = map.containerPointToLatLng(map.latLngToContainerPoint(pin.getLatLng()).add(steps[event.key]));
    choose(moved.lat, moved.lng, "pin");
  }
}

function choose(lat, lon, source, accuracy) {
  chosen = { lat, lon, source, ...(accuracy ? { accuracy } : {}) };
  sendButton.disabled = false;
  if (chart) put(lat, lon);
  if (source !== "coordinates") typed.value = degrees(lat, lon);
  tell(source === "device" && accuracy ? say("place-near", { n: Math.round(accuracy) }) : say("place-set"));
}

function put(lat, lon) {
  if (pin) {
    pin.setLatLng([lat, lon]);
    pin.dragging.enable();
    return;
  }
  pin = chart.L.marker([lat, lon], { draggable: true, icon: pinIcon(chart.L), keyboard: true, alt: say("place-pin") });
  pin.addTo(chart.map);
  pin.getElement().setAttribute("aria-label", say("place-pin"));
  pin.on("dragend", () => choose(pin.getLatLng().lat, pin.getLatLng().lng, "pin"));
}

function forget() {
  chosen = null;
  pin?.remove();
  pin = null;
  typed.value = "";
  sendButton.disabled = true;
}

function tell(words) {
  status.textContent = words;
}

typed.addEventListener("input", () => {
  const found = typed.value.match(/(-?\d{1,2}(?:[.,]\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:[.,]\d+)?)/);
  const [lat, lon] = found ? [found[1], found[2]].map((part) => Number(part.replace(",", "."))) : [NaN, NaN];
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) {
    sendButton.disabled = true;
    tell(typed.value.trim() ? say("place-odd") : say("place-tap"));
    return;
  }
  choose(lat, lon, "coordinates");
  chart?.map.setView([lat, lon], Math.max(chart.map.getZoom(), 14));
});

hereButton.addEventListener("click", async () => {
  tell(say("place-looking"));
  try {
    const { lat, lon, accuracy } = await locate();
    choose(lat, lon, "device", accuracy);
    chart?.map.setView([lat, lon], 16);
  } catch (error) {
    tell(error.message);
  }
});

function finish(place) {
  resolveChoice?.(place);
  resolveChoice = null;
  if (dialog.open) dialog.close();
}

dialog.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (chosen) finish(chosen);
});
sendButton.addEventListener("click", () => chosen && finish(chosen));
dialog.querySelectorAll('[data-do="close"]').forEach((button) => button.addEventListener("click", () => finish(null)));
dialog.addEventListener("close", () => finish(null));
