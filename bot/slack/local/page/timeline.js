// A scrolling list of messages. It follows its end for as long as the person has not scrolled up.

import { arrange, el, label } from "./dom.js";
import { icon } from "./icons.js";
import { messageElement, showMessage, statusText, when } from "./message.js";

const NEAR_THE_END_PX = 60;
const GROUP_MS = 5 * 60 * 1000;
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

export class Timeline {
  constructor(element, name) {
    this.scroller = el("div", { class: "scroller", tabindex: "0", role: "log", "aria-label": name, "aria-relevant": "additions" });
    this.list = el("ol", { class: "messages" });
    this.empty = el("div", { class: "empty" });
    this.latest = el("button", { type: "button", class: "latest", hidden: true }, icon("down"), "Latest messages");
    this.status = el("p", { class: "status", role: "status", hidden: true });
    this.scroller.append(this.empty, this.list, this.status);
    element.append(this.scroller, this.latest);
    this.elements = new Map();
    this.place = null;
    this.following = true;
    this.latest.onclick = () => this.toEnd();
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.following && this.toEnd()).observe(this.scroller);
  }

  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.following = scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
    this.latest.hidden = this.following;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.following = true;
    this.latest.hidden = true;
  }

  /** Show these messages of this place; another place starts at its end. `emptyContent` is what stands there instead. */
  show(place, messages, view, emptyContent = null) {
    if (place !== this.place) this.clear(place);
    const rows = [];
    let before = null;
    for (const message of messages) {
      const element = this.row(message, view);
      element.classList.toggle("grouped", groups(before, message));
      element.classList.toggle("open", view.openThread === message.ts);
      if (!view.inThread && !sameDay(before, message)) rows.push(this.day(message));
      rows.push(element);
      before = message;
    }
    this.forget(rows);
    arrange(this.list, rows);
    this.showEmpty(messages.length === 0 ? emptyContent : null);
    label(this.status, view.inThread ? statusText(messages[0], view) : null);
    if (this.following) this.toEnd();
  }

  row(message, view) {
    const element = this.elements.get(message.ts) ?? messageElement(message, view);
    this.elements.set(message.ts, element);
    showMessage(element, message, view);
    return element;
  }

  day(message) {
    const key = `day ${when(message.ts).toDateString()}`;
    const element = this.elements.get(key) ?? el("li", { class: "day" }, el("span", {}, dayName(when(message.ts))));
    this.elements.set(key, element);
    return element;
  }

  forget(rows) {
    const kept = new Set(rows);
    for (const [key, element] of this.elements) if (!kept.has(element)) this.elements.delete(key);
  }

  showEmpty(content) {
    this.empty.hidden = !content;
    if (content) this.empty.replaceChildren(content);
    else this.empty.replaceChildren();
  }

  clear(place) {
    this.place = place;
    this.elements.clear();
    this.list.replaceChildren();
    this.following = true;
  }
}

function groups(before, message) {
  return (
    before !== null &&
    before.user === message.user &&
    when(message.ts) - when(before.ts) < GROUP_MS &&
    before.reply_count === 0 &&
    sameDay(before, message)
  );
}

function sameDay(before, message) {
  return before !== null && when(before.ts).toDateString() === when(message.ts).toDateString();
}

function dayName(date) {
  return date.toDateString() === new Date().toDateString() ? "Today" : DAY.format(date);
}
