// One line of the conversation as an element.

import { icon, isOnlyEmoji, make, rich, safeAddress, unseen } from "./dom.js";
import { showPlace } from "./place.js";
import { sketch } from "./sketch.js";
import { view } from "./viewer.js";
import { clock, degrees, say } from "./words.js";

const TICKS = { waiting: "waiting", sent: "once", stored: "twice", failed: "fault" };

// `acts` are what can be done with a line: tap(option, line), command(text), reply(line), again(line), quoted(line).
export function drawLine(line, acts) {
  const element = make("li", { class: `line${line.mine ? " mine" : ""}${line.state === "failed" ? " failed" : ""}`, "data-key": line.key });
  if (hasBubble(line)) element.append(bubble(line, acts));
  const link = line.link && safeAddress(line.link.url);
  if (link) element.append(followLink(line.link.label, link));
  if (line.options?.length) element.append(options(line, acts));
  return element;
}

function hasBubble(line) {
  return Boolean(line.text || line.files?.length || line.place);
}

function bubble(line, acts) {
  const element = make("div", { class: "bubble" }, unseen(`${say(line.mine ? "you" : "bot")}: `));
  const quoted = acts.quoted(line);
  if (quoted) element.append(make("p", { class: "quote" }, quoted));
  if (line.files?.length) element.append(files(line));
  if (line.place) element.append(place(line.place, Boolean(line.files?.length)));
  if (line.text) element.append(make("p", { class: `said${isOnlyEmoji(line.text) ? " only-emoji" : ""}` }, line.mine ? line.text : rich(line.text, acts.command)));
  element.append(foot(line, acts));
  if (!line.mine) element.append(replyButton(line, acts, element));
  return element;
}

function foot(line, acts) {
  const element = make("p", { class: "foot" });
  if (line.state === "failed") {
    element.append(line.reason ?? say("not-sent"), make("button", { type: "button", class: "again", onclick: () => acts.again(line) }, say("again")));
  }
  element.append(make("time", { datetime: new Date(line.at * 1000).toISOString() }, clock(line.at)));
  if (line.mine) element.append(icon(TICKS[line.state ?? "stored"]), unseen(` ${say(`state-${line.state ?? "stored"}`)}`));
  return element;
}

// Shown beside the bubble under a mouse or in focus; on a touch screen by holding the bubble.
function replyButton(line, acts, element) {
  let hold = null;
  const cancel = () => clearTimeout(hold);
  element.addEventListener("touchstart", () => {
    hold = setTimeout(() => acts.reply(line), 500);
  }, { passive: true });
  for (const name of ["touchend", "touchmove", "touchcancel"]) element.addEventListener(name, cancel, { passive: true });
  return make("button", { type: "button", class: "reply", title: say("reply"), onclick: () => acts.reply(line) }, icon("reply"), unseen(say("reply")));
}

function followLink(label, address) {
  return make("a", { class: "quick follow", href: address, target: "_blank", rel: "noopener noreferrer" }, icon("link"), label);
}

function options(line, acts) {
  const buttons = line.options.map((option) =>
    make("button", { type: "button", class: "quick", onclick: () => acts.tap(option, line) }, option.icon ? `${option.icon} ${option.label}` : option.label),
  );
  return make("div", { class: "options", role: "group", "aria-label": say("options"), "data-columns": Math.min(line.columns ?? 1, 3) }, ...buttons);
}

// Beside a picture its words are enough: it opens the large map all the same.
function place({ lat, lon, words }, beside) {
  if (lat === undefined || lat === null) return make("p", {}, words ?? "");
  const label = say("place-open", { lat: lat.toFixed(5), lon: lon.toFixed(5) });
  return make("button", { type: "button", class: "where", "aria-label": label, onclick: () => showPlace(lat, lon, words) },
    beside ? null : sketch(lat, lon), make("span", { class: "told" }, words || degrees(lat, lon)));
}

function files(line) {
  return make("div", { class: `files${line.files.length > 1 ? " many" : ""}` }, ...line.files.map(file));
}

function file(one) {
  const name = say(`file-${one.kind}`);
  if (!one.url) return make("div", { class: "file empty" }, icon("file"), make("span", {}, say(one.status === "pending" ? "file-coming" : "file-gone")));
  if (one.kind === "voice") return make("div", { class: "file" }, make("audio", { src: one.url, controls: true, preload: "none", "aria-label": name }));
  if (one.kind === "document") return make("a", { class: "file empty", href: one.url, target: "_blank", rel: "noopener" }, icon("file"), make("span", {}, name));
  const picture = one.kind === "video" && !one.thumbnail
    ? make("video", { src: one.url, preload: "metadata", muted: true })
    : make("img", { src: one.thumbnail || one.url, alt: "", loading: "lazy", width: one.width || undefined, height: one.height || undefined });
  return make("button", { type: "button", class: "file", "aria-label": say("file-open", { name }), onclick: () => view(one.url, one.kind, name) },
    picture, one.progress === undefined ? null : make("progress", { class: "progress", max: 1, value: one.progress, "aria-label": say("file-sending") }));
}
