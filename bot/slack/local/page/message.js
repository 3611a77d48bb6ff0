// One message as an element: made once, afterwards changed only where the message changed.

import { arrange, el, fragment, label, morph } from "./dom.js";
import { emoji, OFFERED } from "./emoji.js";
import { face, iconButton } from "./icons.js";
import { capital } from "./store.js";

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export function when(ts) {
  return new Date(Number.parseFloat(ts) * 1000);
}

/** The parts stay reachable as `element.parts`; the server's text of the message as `element.message`. */
export function messageElement(message, view) {
  const parts = {
    face: face(view.store.person(message.user), message.is_bot),
    body: el("div", { class: "body" }),
    edited: el("span", { class: "edited" }),
    status: el("p", { class: "status" }),
    reactions: el("div", { class: "reactions" }),
    replies: el("button", { type: "button", class: "replies", "data-act": "thread" }),
    menu: menu(message, view),
  };
  const element = el("li", { class: "message", "data-ts": message.ts, "data-user": message.user });
  element.append(
    parts.face,
    el("div", { class: "content" }, head(message, view), message.whispered ? whispered() : null, parts.body, parts.edited, parts.status, parts.reactions, parts.replies),
  );
  if (!message.whispered) element.append(parts.menu); // nothing can be done to it
  element.parts = parts;
  return element;
}

function head(message, view) {
  const time = el("time", { datetime: when(message.ts).toISOString(), title: FULL.format(when(message.ts)) });
  time.textContent = CLOCK.format(when(message.ts));
  return el(
    "div",
    { class: "head" },
    el("strong", {}, view.store.person(message.user)?.name ?? capital(message.name)),
    message.is_bot ? el("span", { class: "badge" }, "APP") : null,
    time,
  );
}

const whispered = () => el("p", { class: "whispered" }, "Only visible to you");

function menu(message, view) {
  const own = message.user === view.me;
  const row = el("div", { class: "menu", role: "toolbar", "aria-label": "Message actions" });
  if (!view.inThread) row.append(iconButton("reply", "Reply in thread", { "data-act": "thread" }));
  row.append(iconButton("react", "Add reaction", { "data-act": "pick", "aria-expanded": "false" }));
  if (own) {
    row.append(iconButton("edit", "Edit message", { "data-act": "edit" }));
    row.append(iconButton("trash", "Delete message", { "data-act": "delete" }));
  }
  for (const [callback, name] of Object.entries(view.store.shortcuts)) {
    row.append(iconButton(name.startsWith("Delete") ? "trash" : "app", name, { "data-act": "shortcut", "data-callback": callback }));
  }
  const offered = OFFERED.map((name) =>
    el("button", { type: "button", "data-act": "react", "data-name": name, "aria-label": `React with ${name}` }, emoji(name)),
  );
  row.append(el("div", { class: "picker", hidden: true }, ...offered));
  return row;
}

/** Bring the element up to what `message` is now. */
export function showMessage(element, message, view) {
  const { body, edited, status, reactions } = element.parts;
  if (element.html !== message.html) {
    morph(body, fragment(message.html));
    element.html = message.html;
  }
  label(edited, message.edited ? "(edited)" : null);
  element.classList.toggle("was-edited", message.edited);
  label(status, view.inThread ? null : statusText(message, view));
  showReactions(reactions, message, view);
  showReplies(element.parts.replies, message, view);
}

/** What the bot says it is doing in the thread of this root: Slack puts its name before. */
export function statusText(root, view) {
  return root?.status ? `${capital(view.store.bot.name)} ${root.status}` : null;
}

function showReactions(row, message, view) {
  row.hidden = message.reactions.length === 0;
  const chips = message.reactions.map(({ name, users }) => {
    const old = [...row.children].find((chip) => chip.dataset.name === name);
    const chip = old ?? el("button", { type: "button", class: "chip", "data-act": "react", "data-name": name });
    const who = users.map((id) => view.store.name(id)).join(", ");
    chip.setAttribute("aria-pressed", String(users.includes(view.me)));
    chip.setAttribute("aria-label", `${name}, ${users.length}`);
    chip.title = `${who} reacted with :${name}:`;
    label(chip, `${emoji(name)} ${users.length}`);
    return chip;
  });
  arrange(row, chips);
}

function showReplies(button, message, view) {
  const replies = view.inThread ? [] : view.store.replies(message.channel, message.ts);
  const count = view.inThread ? 0 : replies.length || message.reply_count;
  button.hidden = count === 0;
  if (count === 0) return;
  const who = [...new Set(replies.map(({ user }) => user))].slice(0, 4);
  const key = `${count}|${replies.at(-1)?.ts}|${who.join()}|${view.openThread === message.ts}`;
  if (button.key === key) return;
  button.key = key;
  button.setAttribute("aria-expanded", String(view.openThread === message.ts));
  const last = replies.at(-1);
  button.replaceChildren(
    el("span", { class: "faces" }, ...who.map((id) => face(view.store.person(id), id === view.store.bot.id))),
    el("span", { class: "count" }, count === 1 ? "1 reply" : `${count} replies`),
    el("span", { class: "last" }, last ? `Last reply ${CLOCK.format(when(last.ts))}` : ""),
  );
}

const MARKS = { STRONG: "*", EM: "_", S: "~", DEL: "~", CODE: "`" };

/** The text that a person wrote, near enough for editing it: the page is sent HTML alone. */
export function writtenText(node) {
  let text = "";
  for (const child of node.childNodes) {
    const inner = writtenText(child);
    if (child.nodeType === Node.TEXT_NODE) text += child.data;
    else if (child.nodeName === "BR") text += "\n";
    else if (child.nodeName === "PRE") text += `\`\`\`\n${child.textContent}\n\`\`\`\n`;
    else if (child.nodeName === "P") text += `${inner}\n`;
    else if (child.nodeName === "BLOCKQUOTE") text += `> ${inner.replaceAll("\n", "\n> ")}\n`;
    else if (child.classList.contains("mention") && inner.startsWith("@")) text += inner.toLowerCase();
    else text += `${MARKS[child.nodeName] ?? ""}${inner}${MARKS[child.nodeName] ?? ""}`;
  }
  return text;
}
