// Viewers of class "seeing": menus of sound, model and layer, pictures of the sound and of layers on one axis of time,
// and a slider whose line runs through all of them. All data stand in the page.
(() => {
  const ALL = "all layers";

  function made(name, className = "", text = "") {
    const element = document.createElement(name);
    element.className = className;
    element.textContent = text;
    return element;
  }

  function menu(bar, name, values) {
    const label = made("label", "", name), choice = document.createElement("select");
    label.append(choice);
    bar.append(label);
    fill(choice, values);
    return choice;
  }

  // Names as the options of a menu; the one that was chosen stays so if it is there still.
  function fill(choice, values) {
    const before = choice.selectedOptions[0]?.textContent;
    choice.replaceChildren(...values.map((value, place) => new Option(value, place)));
    choice.selectedIndex = Math.max(0, values.indexOf(before));
  }

  // One picture on the axis of time, from its start to its end in seconds, with what it is above it.
  function panel(plot, duration, title, alt, { picture, start, end, ticks, height }) {
    const frame = made("div", "seeing-frame"), image = document.createElement("img"), axis = made("div", "seeing-axis");
    image.src = `data:image/png;base64,${picture}`;
    image.alt = alt;
    image.style.left = `${(100 * start) / duration}%`;
    image.style.width = `${(100 * (end - start)) / duration}%`;
    frame.style.height = axis.style.height = height;
    frame.append(image, made("div", "seeing-line"));
    for (const [name, place] of ticks ?? []) {
      const tick = made("span", "", name);
      tick.style.bottom = `${100 * place}%`;
      axis.append(tick);
    }
    plot.append(made("p", "seeing-title", title), axis, frame);
  }

  function timeAxis(plot, duration) {
    const axis = made("div", "seeing-times");
    for (let k = 0; k <= 4; k += 1) {
      const tick = made("span", "", `${((duration * k) / 4).toFixed(duration < 4 ? 1 : 0)}${k === 4 ? " s" : ""}`);
      tick.style.left = `${25 * k}%`;
      axis.append(tick);
    }
    plot.append(axis);
  }

  function start(place) {
    const seen = JSON.parse(place.querySelector(".seeing-data").textContent), duration = seen.duration;
    const bar = made("div", "seeing-bar"), plot = made("div", "seeing-plot"), about = made("p", "seeing-about");
    const sound = menu(bar, "Sound", seen.sounds.map((one) => one.title));
    const model = menu(bar, "Model", seen.models.map((one) => one.name));
    const layer = menu(bar, "Layer", []);
    const audio = made("audio"), label = made("label", "seeing-time", "Time"), slider = document.createElement("input");
    const moment = made("output");
    audio.controls = true;
    audio.setAttribute("aria-label", "The chosen sound");
    Object.assign(slider, { type: "range", min: 0, max: duration, step: 0.01, value: 0 });
    label.append(slider, moment);
    about.setAttribute("aria-live", "polite");
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", "Viewer of layers against time");

    function point() {
      moment.textContent = `${Number(slider.value).toFixed(2)} s`;
      slider.setAttribute("aria-valuetext", `${Number(slider.value).toFixed(2)} seconds`);
      plot.querySelectorAll(".seeing-line").forEach((line) => { line.style.left = `${(100 * slider.value) / duration}%`; });
    }

    function show() {
      const heard = seen.sounds[sound.value], { name, layers } = seen.models[model.value];
      fill(layer, layers.length > 1 ? [ALL, ...layers.map((one) => one.name)] : layers.map((one) => one.name));
      const chosen = layer.selectedOptions[0].textContent, all = chosen === ALL;
      plot.replaceChildren();
      panel(plot, duration, `Cochleagram: ${heard.title}`, `Cochleagram of ${heard.title}`,
        { picture: heard.picture, start: 0, end: duration, ticks: seen.ticks, height: "9rem" });
      for (const one of layers.filter((each) => all || each.name === chosen)) {
        const told = one.told[sound.value];
        const title = all ? one.name : `${name}, ${one.name}: ${one.units}`;
        panel(plot, duration, title, `${one.name} of ${name} during ${heard.title}. ${told}`,
          { ...one, picture: one.pictures[sound.value], height: all ? "6rem" : "16rem" });
      }
      timeAxis(plot, duration);
      about.textContent = all ? `${layers.length} layers of ${name} during “${heard.title}”, first layer first.`
        : layers.find((each) => each.name === chosen).told[sound.value];
      point();
    }

    function play() {
      slider.value = audio.currentTime;
      point();
      if (!audio.paused && !audio.ended) requestAnimationFrame(play);
    }

    function listen() {
      audio.src = seen.sounds[sound.value].audio;
      audio.hidden = !audio.getAttribute("src");
    }

    sound.addEventListener("input", () => { listen(); show(); });
    model.addEventListener("input", show);
    layer.addEventListener("input", show);
    slider.addEventListener("input", () => { audio.currentTime = Number(slider.value); point(); });
    audio.addEventListener("play", play);
    plot.addEventListener("pointermove", (event) => {
      const frame = event.target.closest(".seeing-frame")?.getBoundingClientRect();
      if (!frame) return;
      slider.value = (duration * (event.clientX - frame.left)) / frame.width;
      point();
    });
    place.replaceChildren(bar, audio, plot, label, about, made("p", "seeing-note", seen.note));
    listen();
    show();
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".seeing").forEach(start));
})();
