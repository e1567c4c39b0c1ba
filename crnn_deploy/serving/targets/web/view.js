/** What the page shows. Texts of files and models are set as text, never as HTML. */

const byId = (id) => document.getElementById(id);

/** Tell those who hear the page what has changed. */
export function say(text) {
  byId("said").textContent = text;
}

/** The files are on their way. */
export function showLoading() {
  document.querySelector(".late").remove();
  showState("Loading the model …");
}

/** `share` of the files has come, while they are waited for. */
export function showProgress(share) {
  const bar = byId("loading");
  if (bar) bar.value = share;
}

/** The model is there, and the samples: invite pictures. */
export function showReady() {
  byId("loading").remove();
  document.querySelector(".buttons").hidden = false;
  document.querySelector(".samples").hidden = !byId("samples").children.length;
  byId("paste").hidden = !navigator.clipboard?.read;
  byId("check").disabled = !byId("samples").children.length;
  showState(byId("state").dataset.ready);
}

/** The model cannot be loaded. */
export function showFailure(message) {
  byId("loading").remove();
  document.querySelector(".drop").classList.add("failed");
  showState(message);
}

/** A button for each example, with its picture. */
export function showSamples(examples, onChoice) {
  examples.forEach(({ name }, index) => {
    const picture = make("img", { src: `examples/${name}`, alt: `Example ${index + 1}` });
    const button = make("button", { type: "button", onclick: () => onChoice(name) }, picture);
    byId("samples").append(make("li", {}, button));
  });
}

/** Add a picture before the others, as busy; returns what shows its reading or its failure. */
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
    /** Show what was read in so many milliseconds. */
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
      say(`Read ${reading.text || "nothing"}, ${percent(reading.confidence)} sure.`);
    },
    /** Show what is wrong instead. */
    failed(message) {
      URL.revokeObjectURL(address);
      item.remove();
      addProblem(`${name} ${message}.`);
    },
  };
}

/** Add what is wrong, before the readings. */
export function addProblem(message) {
  byId("results").hidden = false;
  const text = make("p", { className: "message", textContent: message });
  byId("readings").prepend(make("li", { className: "failed" }, make("div", { className: "body" }, text)));
  say(message);
}

/** What the check says. */
export function showChecked(text) {
  byId("checked").textContent = text;
}

/** A probability for people: 100 % only where it is certain. */
function percent(share) {
  return `${Math.min(share < 1 ? 99 : 100, Math.round(100 * share))} %`;
}

function showState(text) {
  byId("state").textContent = text;
  say(text);
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
