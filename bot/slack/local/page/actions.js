// What one can do to a message that stands there: answer it, react, edit, delete, press its buttons.

import { el } from "./dom.js";
import { writtenText } from "./message.js";
import { post } from "./wire.js";

export class MessageActions {
  constructor(app) {
    this.app = app;
    for (const timeline of [app.room, app.side]) {
      timeline.list.addEventListener("click", (event) => this.clicked(event));
    }
    document.addEventListener("pointerdown", (event) => event.target.closest(".menu") || closePickers(document));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.escaped(event), true);
  }

  clicked(event) {
    const row = event.target.closest(".message");
    const button = event.target.closest("button");
    if (!row || !button) return;
    if (button.classList.contains("block-button")) this.press(row, button);
    else this.act(button.dataset.act, row, button);
  }

  act(kind, row, button) {
    const { ts } = row.dataset;
    if (kind === "thread") this.app.openThread(ts);
    else if (kind === "edit") this.edit(row);
    else if (kind === "delete") this.send("delete", { ts });
    else if (kind === "shortcut") this.send("shortcut", { ts, callback_id: button.dataset.callback });
    else if (kind === "pick") pick(button);
    else if (kind === "react") {
      closePickers(row.parentElement);
      this.send("react", { ts, name: button.dataset.name });
    }
  }

  send(path, body) {
    return post(path, { as: this.app.me, channel: this.app.channel, ...body }).catch((error) => console.warn(path, error));
  }

  /** A button of the bot's. It rests until Slack has taken the click; a choice between several shows what was chosen. */
  async press(row, button) {
    const { actionId, blockId, value } = button.dataset;
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    await this.send("click", { ts: row.dataset.ts, action_id: actionId, block_id: blockId, value });
    button.removeAttribute("aria-busy");
    if (button.closest(".block-actions.quiet")) {
      for (const one of button.parentElement.children) one.classList.toggle("chosen", one === button);
    }
  }

  editLast(timeline) {
    const own = [...timeline.list.querySelectorAll(".message")].filter((row) => row.dataset.user === this.app.me);
    if (own.length === 0) return false;
    this.edit(own.at(-1));
    return true;
  }

  edit(row) {
    if (row.querySelector(".editor")) return;
    const input = el("textarea", { "aria-label": "Edit message", rows: "1" });
    const form = el(
      "form",
      { class: "editor" },
      input,
      el("div", {}, el("button", { type: "button" }, "Cancel"), el("button", { type: "submit", class: "primary" }, "Save")),
    );
    input.value = writtenText(row.parts.body).trim();
    form.addEventListener("submit", (event) => this.save(event, row, input));
    form.querySelector("button").onclick = () => endEdit(row);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.save(event, row, input);
    });
    input.addEventListener("input", () => grow(input));
    row.classList.add("editing");
    row.parts.body.after(form);
    grow(input);
    input.focus();
  }

  save(event, row, input) {
    event.preventDefault();
    const text = input.value.trim();
    if (text && text !== writtenText(row.parts.body).trim()) this.send("edit", { ts: row.dataset.ts, text });
    endEdit(row);
  }

  /** Escape ends the innermost thing first: a picker, then an edit; the thread pane is the app's. */
  escaped(event) {
    const open = document.querySelector(".picker:not([hidden])");
    const row = document.activeElement?.closest(".message.editing");
    if (open) closePickers(document);
    else if (row) endEdit(row);
    else return;
    event.preventDefault();
  }
}

function grow(input) {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight + 2, 300)}px`;
}

function endEdit(row) {
  row.classList.remove("editing");
  row.querySelector(".editor")?.remove();
  row.closest(".room").querySelector(".composer textarea").focus();
}

function pick(button) {
  const picker = button.parentElement.querySelector(".picker");
  const show = picker.hidden;
  closePickers(document);
  picker.hidden = !show;
  button.setAttribute("aria-expanded", String(show));
  if (show) picker.firstElementChild.focus();
}

function closePickers(within) {
  for (const picker of within.querySelectorAll(".picker:not([hidden])")) {
    picker.hidden = true;
    picker.parentElement.querySelector("[data-act=pick]").setAttribute("aria-expanded", "false");
  }
}
