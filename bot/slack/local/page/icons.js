// Line icons of 20 by 20, and people's faces.

import { el, fragment } from "./dom.js";

const PATHS = {
  hash: '<path d="M8 3 6.5 17M13.5 3 12 17M3.5 7.5h13.5M3 12.5h13.5"/>',
  lock: '<rect x="4.5" y="9" width="11" height="8" rx="2"/><path d="M7 9V6.5a3 3 0 0 1 6 0V9"/>',
  menu: '<path d="M3.5 5.5h13M3.5 10h13M3.5 14.5h13"/>',
  close: '<path d="m5 5 10 10M15 5 5 15"/>',
  send: '<path d="M3.5 10h12M10.5 4.5 16 10l-5.5 5.5"/>',
  reply: '<path d="M3.5 4.5h13v9h-7l-3.5 3v-3h-2.5z"/>',
  react: '<circle cx="10" cy="10" r="7"/><path d="M7 12a3.6 3.6 0 0 0 6 0M7.5 8v.1M12.5 8v.1"/>',
  edit: '<path d="m4 16 .7-3.3L13.5 4l2.5 2.5-8.7 8.7z"/>',
  app: '<path d="M4 5h8M15.5 5h.5M4 10h2M9.5 10H16M4 15h7M14.5 15h1.5"/><circle cx="13.5" cy="5" r="1.6"/><circle cx="7.7" cy="10" r="1.6"/><circle cx="12.7" cy="15" r="1.6"/>',
  trash: '<path d="M4 5.5h12M8 5.5V3.5h4v2M5.5 5.5l.7 11h7.6l.7-11M8.5 8.5v5M11.5 8.5v5"/>',
  down: '<path d="M10 4v11.5M5 10.5l5 5 5-5"/>',
};

export function icon(name) {
  return fragment(
    `<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6"
      stroke-linecap="round" stroke-linejoin="round">${PATHS[name]}</svg>`,
  ).firstElementChild;
}

export function iconButton(name, title, attributes = {}) {
  const button = el("button", { type: "button", class: "icon-button", "aria-label": title, title, ...attributes });
  button.append(icon(name));
  return button;
}

/** A person's initials on their colour; the bot's face is the ball of yarn. */
export function face(person, isBot) {
  if (isBot) return el("span", { class: "face bot" }, el("img", { src: "/page/mark.svg", alt: "" }));
  const element = el("span", { class: "face", "aria-hidden": "true" }, person?.initials ?? "?");
  element.style.setProperty("--face", person?.color ?? "#777");
  return element;
}
