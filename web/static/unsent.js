// Messages that nobody has acknowledged yet. Each has a key of its own in localStorage, so that two tabs never
// overwrite each other's; both may send the same message, and the server takes it once.

const PREFIX = "baldosa:unsent:";

export class Unsent {
  constructor(phone) {
    this.prefix = `${PREFIX}${phone}:`;
  }

  // The oldest first.
  all() {
    const found = [];
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(this.prefix)) found.push(JSON.parse(localStorage.getItem(key)));
      }
    } catch {
      return []; // storage is closed to this page: what is unsent lives as long as the page
    }
    return found.sort((a, b) => a.at - b.at);
  }

  keep(message) {
    try {
      localStorage.setItem(this.prefix + message.id, JSON.stringify(message));
    } catch {
      // full or closed: as above
    }
  }

  drop(id) {
    try {
      localStorage.removeItem(this.prefix + id);
    } catch {
      // as above
    }
  }
}

// A random id; crypto.randomUUID is there only on secure pages.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
