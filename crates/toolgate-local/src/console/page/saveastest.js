// Keeps a call as a test: shows the files that would be written as a diff, and writes them when a person says so.

import { post } from "./api.js";
import { unified } from "./diff.js";
import { add, button, field, fill, h, unique } from "./dom.js";
import { counted } from "./format.js";
import { code, inline, plain } from "./text.js";

/** Opens the dialog for `{function, event, clientContext, reply}`. */
export function saveAsTest(call, suggested) {
  const body = () => ({ ...call, name: name.value.trim() });
  const title = unique("dialog");
  const shown = h("div", { class: "preview" });
  const status = h("p", { role: "status" });
  const name = h("input", { type: "text", value: suggested, spellcheck: "false", autocomplete: "off", required: true });
  const save = button("Write the files", write, { kind: "primary", disabled: true });
  const dialog = h("dialog", { "aria-labelledby": title },
    h("h2", { id: title }, "Save as a test"),
    field("Name of the test", name, { hint: "Small letters, digits and hyphens. It names the event file." }),
    h("div", { class: "actions" }, button("Show the files", preview), save, button("Close", () => dialog.close())),
    status, shown);
  dialog.addEventListener("close", () => dialog.remove());
  name.addEventListener("input", () => { save.disabled = true; });
  document.body.append(dialog);
  dialog.showModal();
  preview();

  async function preview() {
    save.disabled = true;
    fill(status, "Reading…");
    try {
      const { files = [], diff = "" } = await post("tests/preview", body());
      const taken = files.filter((file) => file.exists);
      fill(status, taken.length ? h("span", { class: "error" }, "A test of this name exists: ", inline(taken.map((file) => file.path).join(", "), 300), ". Choose another name.") : `${counted(files.length, "file")} would be written. Nothing is written yet.`);
      fill(shown, diff ? unified(diff) : files.map((file) => [h("h3", null, inline(file.path, 200)), code(file.text ?? "")]));
      save.disabled = taken.length > 0;
    } catch (error) {
      fill(status, h("span", { class: "error" }, plain(error.message, 400)));
      fill(shown);
    }
  }

  async function write() {
    save.disabled = true;
    try {
      const { files = [] } = await post("tests", body());
      fill(status, "Written. Run it with ", h("code", null, "cargo test"), ".");
      fill(shown, add(h("ul"), files.map((file) => h("li", null, h("code", null, inline(file, 200))))));
    } catch (error) {
      fill(status, h("span", { class: "error" }, error.status === 409 ? "A file of this name exists. Choose another name." : plain(error.message, 400)));
    }
  }
}
