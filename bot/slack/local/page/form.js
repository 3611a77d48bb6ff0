// A form that the bot has opened: shown over everything, sent as a whole.

import { el } from "./dom.js";
import { post } from "./wire.js";

export class Form {
  constructor(app) {
    this.app = app;
    this.shown = null;
    this.dialog = el("dialog", { class: "form", "aria-labelledby": "form-title" });
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.dismiss();
    });
    document.body.append(this.dialog);
  }

  /** Show a form, say what is wrong with what was filled in, or close. */
  show(form) {
    if (form && this.shown?.id === form.id && Object.keys(form.errors).length > 0) return this.wrong(form.errors);
    this.shown = form;
    if (!form) return this.dialog.close();
    this.dialog.replaceChildren(this.body(form));
    if (!this.dialog.open) this.dialog.showModal();
  }

  body(form) {
    const buttons = [el("button", { type: "button", "data-act": "dismiss" }, form.close)];
    if (form.submit) buttons.push(el("button", { type: "submit", class: "primary" }, form.submit));
    const body = el(
      "form",
      {},
      el("h2", { id: "form-title" }, form.title),
      ...form.parts.map(part),
      el("p", { class: "form-error", "data-of": "", role: "alert", hidden: true }),
      el("div", { class: "form-buttons" }, ...buttons),
    );
    body.addEventListener("submit", (event) => this.send(event, body));
    buttons[0].onclick = () => this.dismiss();
    return body;
  }

  async send(event, body) {
    event.preventDefault();
    const values = Object.fromEntries(this.shown.parts.filter(({ name }) => name).map((one) => [one.name, value(body, one)]));
    await post("submit", { as: this.app.me, values }).catch((error) => this.wrong({ "": error.message }));
  }

  dismiss() {
    return post("dismiss", { as: this.app.me }).catch((error) => console.warn("dismiss", error));
  }

  wrong(errors) {
    for (const line of this.dialog.querySelectorAll(".form-error")) {
      line.textContent = errors[line.dataset.of] ?? "";
      line.hidden = !line.textContent;
    }
  }
}

function part(one) {
  if (!one.name) return el("p", {}, one.text);
  const group = one.kind === "plain_text_input" || one.kind === "static_select" ? "label" : "fieldset";
  const caption = one.required ? one.label : `${one.label} (optional)`;
  return el(
    group,
    { class: "form-part" },
    el(group === "label" ? "span" : "legend", {}, caption),
    FIELDS[one.kind]?.(one) ?? el("em", {}, `[unsupported field: ${one.kind}]`),
    one.hint ? el("small", {}, one.hint) : null,
    el("p", { class: "form-error", "data-of": one.name, role: "alert", hidden: true }),
  );
}

const FIELDS = { plain_text_input: text, static_select: select, multi_static_select: choices, checkboxes: choices };

function text(one) {
  const tag = one.multiline ? "textarea" : "input";
  const field = el(tag, { name: one.name, maxlength: String(one.most), required: one.required });
  field.value = one.text;
  return field;
}

function select(one) {
  const options = one.options.map(({ value, text }) => el("option", { value, selected: one.chosen.includes(value) }, text));
  return el("select", { name: one.name }, ...options);
}

function choices(one) {
  const boxes = one.options.map(({ value, text }) =>
    el("label", {}, el("input", { type: "checkbox", name: one.name, value, checked: one.chosen.includes(value) }), text),
  );
  return el("div", { class: "form-choices" }, ...boxes);
}

function value(body, one) {
  const data = new FormData(body);
  return one.kind === "plain_text_input" || one.kind === "static_select" ? data.get(one.name) : data.getAll(one.name);
}
