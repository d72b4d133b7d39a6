// What the page was told by the server, and how it says things in the visitor's language.

export const told = JSON.parse(document.getElementById("told").textContent);

const TAGS = { es: "es-AR", pt: "pt-BR" };
const tag = TAGS[told.language] ?? told.language;
const clockFormat = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", hour12: false });
const dayFormat = new Intl.DateTimeFormat(tag, { weekday: "long", day: "numeric", month: "long" });
const nearFormat = new Intl.RelativeTimeFormat(tag, { numeric: "auto" });
const sizeFormat = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 });

export function say(name, values = {}) {
  return told.words[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

export function clock(at) {
  return clockFormat.format(new Date(at * 1000));
}

// "today", "yesterday" or the date; days are the visitor's own.
export function day(at) {
  const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(at * 1000) - midnight(Date.now())) / 86400000);
  return days > -2 && days < 1 ? nearFormat.format(days, "day") : dayFormat.format(new Date(at * 1000));
}

export function megabytes(bytes) {
  return sizeFormat.format(bytes / 1048576);
}

export function degrees(lat, lon) {
  return `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
}
