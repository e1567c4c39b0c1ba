/** What the page shows. Texts of files and models are set as text, never as HTML. */

const byId = (id) => document.getElementById(id);

/** Say what the page does. */
export function say(text) {
  byId("state").textContent = text;
}

/** Show how much of the files has come; null: it cannot be told. */
export function showLoading(share) {
  if (share === null) byId("loading").removeAttribute("value");
  else byId("loading").value = share;
}

/** The model is there: invite pictures. */
export function showReady() {
  byId("loading").remove();
  for (const part of document.querySelectorAll(".buttons, .samples")) part.hidden = false;
  byId("paste").hidden = !navigator.clipboard?.read;
  byId("check").disabled = false;
  say(byId("state").dataset.ready);
}

/** The model cannot be loaded. */
export function showFailure(message) {
  byId("loading").remove();
  document.querySelector(".drop").classList.add("failed");
  say(message);
}

/** A button for each example, with its picture. */
export function showSamples(examples, onChoice) {
  examples.forEach(({ name }, index) => {
    const picture = make("img", { src: `examples/${name}`, alt: `Example ${index + 1}` });
    const button = make("button", { type: "button", onclick: () => onChoice(name) }, picture);
    byId("samples").append(make("li", {}, button));
  });
}

/** Add a picture before the others, as busy; returns a function that shows its reading, and one for its failure. */
export function addPicture(name, blob) {
  byId("results").hidden = false;
  const address = URL.createObjectURL(blob);
  const picture = make("img", { src: address, alt: name });
  const text = make("p", { className: "text busy", textContent: "Reading …" });
  const facts = make("p", { className: "facts" }, make("span", { textContent: name }));
  const body = make("div", { className: "body" }, text, facts);
  const item = make("li", {}, make("div", { className: "image" }, picture), body);
  byId("readings").prepend(item);
  return {
    read(reading, milliseconds) {
      text.className = reading.text.trim() ? "text" : "text nothing";
      text.textContent = reading.text.trim() ? reading.text : "(nothing)";
      const meter = make("span", { className: "meter" }, make("span", {}));
      meter.firstChild.style.width = `${100 * reading.confidence}%`;
      meter.ariaHidden = "true";
      const sure = make("span", { className: "sure", textContent: `${percent(reading.confidence)} sure` });
      facts.prepend(meter, sure);
      facts.append(make("span", { textContent: `${Math.max(1, Math.round(milliseconds))} ms` }));
      if (reading.text) body.append(copyButton(reading.text));
    },
    failed(message) {
      item.className = "failed";
      item.firstChild.remove();
      text.className = "message";
      text.textContent = `${name} ${message}.`;
      facts.remove();
    },
  };
}

/** What the check says. */
export function showChecked(text) {
  byId("checked").textContent = text;
}

/** A probability for people: 100 % only where it is certain. */
export function percent(share) {
  return `${Math.min(share < 1 ? 99 : 100, Math.round(100 * share))} %`;
}

function copyButton(text) {
  const button = make("button", { type: "button", className: "copy", textContent: "Copy" });
  button.ariaLabel = `Copy ${text}`;
  button.onclick = async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  };
  button.hidden = !navigator.clipboard;
  return button;
}

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
