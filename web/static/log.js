// The conversation on the screen: every line once, in order, with its days; keeps to the end unless somebody reads back.

import { make } from "./dom.js";
import { drawLine } from "./bubbles.js";
import { day } from "./words.js";

// Lines of one side that follow each other this fast stand close together.
const NEAR_SECONDS = 180;
const AT_END = 60;

export class Log {
  constructor(root, acts) {
    this.root = root;
    this.list = root.querySelector(".lines");
    this.typing = root.querySelector(".typing");
    this.acts = { ...acts, quoted: (line) => this.quoted(line) };
    this.lines = new Map();
    root.addEventListener("keydown", (event) => this.walk(event));
    new ResizeObserver(() => this.following && this.toEnd()).observe(root);
    new ResizeObserver(() => this.following && this.toEnd()).observe(this.list);
    this.following = true;
    this.top = 0;
    // Only somebody who scrolls back stops following: a screen that shrinks under the last line does not.
    root.addEventListener("scroll", () => {
      const atEnd = root.scrollHeight - root.scrollTop - root.clientHeight < AT_END;
      if (atEnd) this.following = true;
      else if (root.scrollTop < this.top - 1) this.following = false;
      this.top = root.scrollTop;
    }, { passive: true });
  }

  // Everything anew, but what has not been acknowledged yet stays at the end.
  replace(lines) {
    const pending = [...this.lines.values()].filter(({ line }) => line.mine && line.state && line.state !== "stored");
    this.root.setAttribute("aria-live", "off"); // nobody wants the whole history read out
    this.lines.clear();
    this.list.replaceChildren();
    const known = new Set(lines.map((line) => line.key));
    lines.forEach((line) => this.put(line));
    pending.filter(({ line }) => !known.has(line.key)).forEach(({ line }) => this.put(line));
    this.arrange();
    this.toEnd();
    setTimeout(() => this.root.setAttribute("aria-live", "polite"), 500);
  }

  // New lines, or known ones that have changed; returns those that are new.
  add(lines) {
    const fresh = lines.filter((line) => !this.lines.has(line.key));
    const follow = this.following;
    lines.forEach((line) => this.put(line, true));
    this.arrange();
    if (follow) this.toEnd();
    return fresh;
  }

  put(line, animated = false) {
    const known = this.lines.get(line.key);
    if (known) line = line.edited ? { ...line, at: known.line.at, id: known.line.id } : merge(known.line, line);
    const element = drawLine(line, this.acts);
    if (known) {
      // Whoever stood on a button that is changed under her stands on the first that there is now.
      const stood = known.element.contains(document.activeElement);
      known.element.replaceWith(element);
      if (stood) (element.querySelector("button.quick") ?? element.querySelector("button"))?.focus();
    } else {
      if (animated) element.classList.add("new");
      this.list.insertBefore(element, line.mine ? null : this.firstPending());
    }
    this.lines.set(line.key, { line, element });
  }

  // What the bot says does not go below what has not reached it.
  firstPending() {
    for (const { line, element } of this.lines.values()) {
      if (line.mine && ["waiting", "sent", "failed"].includes(line.state)) return element;
    }
    return null;
  }

  change(key, values) {
    const known = this.lines.get(key);
    if (!known) return;
    this.put({ ...known.line, ...values });
    this.arrange();
  }

  remove(key) {
    this.lines.get(key)?.element.remove();
    this.lines.delete(key);
    this.arrange();
  }

  quoted(line) {
    if (!line.replyTo) return null;
    for (const { line: other } of this.lines.values()) {
      if (other.key === line.replyTo || (other.id && other.id === line.replyTo)) return shorten(other.text ?? "");
    }
    return null;
  }

  last(test) {
    return [...this.lines.values()].map(({ line }) => line).filter(test).at(-1);
  }

  // Days, closeness, and which buttons are the present ones.
  arrange() {
    let before = null;
    this.list.querySelectorAll(".day").forEach((element) => element.remove());
    const shown = [...this.list.children].map((element) => this.lines.get(element.dataset.key));
    for (const { line, element } of shown) {
      const today = day(line.at);
      const sameDay = before !== null && day(before.at) === today;
      if (!sameDay) element.before(make("li", { class: "day" }, today));
      const follows = sameDay && before.mine === line.mine && !before.options?.length && !before.link;
      element.classList.toggle("near", follows && line.at - before.at < NEAR_SECONDS);
      before = line;
    }
    this.markCurrent(shown);
  }

  // Tab goes to the last buttons only; arrows reach every older one.
  markCurrent(shown) {
    const bots = shown.filter(({ line }) => !line.mine);
    const current = bots.at(-1);
    for (const { element } of shown) {
      const now = element === current?.element;
      element.classList.toggle("current", now);
      element.querySelectorAll("button, a, audio").forEach((control) => (control.tabIndex = now || control.matches(".again") ? 0 : -1));
    }
  }

  walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const controls = [...this.list.querySelectorAll("button, a, audio")];
    const at = controls.indexOf(document.activeElement);
    const next = at < 0 ? (step < 0 ? controls.at(-1) : null) : controls[at + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  showTyping(on) {
    const follow = this.following;
    this.typing.hidden = !on;
    if (follow) this.toEnd();
  }

  toEnd() {
    this.root.scrollTop = this.root.scrollHeight;
    this.following = true;
  }
}

// The server's word on a line of ours, but pictures that are here already stay as they are.
function merge(known, line) {
  const here = known.files?.length && known.files.every((file) => file.status === "here");
  return { ...known, ...line, ...(here ? { files: known.files } : {}) };
}

export function shorten(text) {
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
