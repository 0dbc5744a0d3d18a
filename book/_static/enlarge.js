// A figure is a button: it opens as large as the window, and any click or Escape closes it.
(() => {
  function enlarge(picture) {
    const dialog = document.createElement("dialog");
    dialog.className = "enlarged";
    const large = picture.cloneNode();
    large.removeAttribute("style");
    dialog.append(large);
    dialog.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".bd-article figure img").forEach((picture) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "enlarge";
      button.ariaLabel = "Enlarge figure";
      button.addEventListener("click", () => enlarge(picture));
      (picture.closest("a") ?? picture).replaceWith(button);
      button.append(picture);
    });
  });
})();
