/* A drawing with places on it: drawn as SVG, in a frame that zooms and scrolls. */
(() => {
  "use strict";
  const { make } = window.xk;
  const SVG = "http://www.w3.org/2000/svg";
  const ZOOMS = [1, 1.5, 2, 3, 4, 6];
  /* Smaller letters than this, in pixels of the screen, are not read. */
  const READABLE = 9;

  const draw = (tag, attributes = {}, ...inner) => {
    const made = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...inner);
    return made;
  };
  const middle = (points) => [0, 1].map((axis) => points.reduce((sum, one) => sum + one[axis], 0) / points.length);
  const corners = ({ width, height }, points) => points.map(([x, y]) => `${x * width},${y * height}`).join(" ");
  const letters = ({ width, height }) => Math.max(width, height) / 62;
  /* Chinese letters are as wide as they are high, others a little over half. */
  const extent = (line) => [...line].reduce((sum, letter) => sum + (letter > "\u2e7f" ? 1 : 0.6), 0.4);

  const sheetOf = (drawing) => draw("svg", { class: "drawing", viewBox: `0 0 ${drawing.width} ${drawing.height}`, role: "group", "aria-label": drawing.name },
    draw("image", { href: drawing.url, width: drawing.width, height: drawing.height }));

  /* Letters fit into the outline that they stand in, down to a third of their usual size. */
  function fitted(drawing, points, lines) {
    const usual = letters(drawing);
    if (points.length === 1) return usual;
    const [wide, high] = [0, 1].map((axis) => {
      const along = points.map((one) => one[axis]);
      return (Math.max(...along) - Math.min(...along)) * (axis ? drawing.height : drawing.width);
    });
    const most = Math.max(...lines.map(extent), 1);
    return Math.max(usual / 3, Math.min(usual, wide / most, high / lines.length / 1.15));
  }

  function write(spot, drawing, points, lines) {
    const { width, height } = drawing, [x, y] = middle(points), size = fitted(drawing, points, lines);
    const text = spot.querySelector("text");
    text.setAttribute("font-size", size);
    text.setAttribute("stroke-width", size / 5);
    text.setAttribute("y", y * height + size * (0.35 - (lines.length - 1) * 0.55));
    text.replaceChildren(...lines.map((line, number) => {
      const part = draw("tspan", { x: x * width, dy: number ? size * 1.1 : 0 });
      part.textContent = line;
      return part;
    }));
  }

  function spotOf(drawing, points, lines, attributes) {
    const { width, height } = drawing, [x, y] = middle(points);
    const form = points.length === 1
      ? draw("circle", { cx: x * width, cy: y * height, r: letters(drawing) * 1.9 })
      : draw("polygon", { points: corners(drawing, points) });
    const spot = draw("g", { tabindex: 0, role: "button", ...attributes }, form, draw("text"));
    write(spot, drawing, points, lines);
    return spot;
  }

  /* A narrow screen begins large enough to read; what stands in the middle stays there. */
  function framed(sheet, drawing, words) {
    const scroll = make("div", { class: "sheet-scroll", tabindex: 0, role: "region", "aria-label": drawing.name }, sheet);
    const button = (sign, name, by) => make("button", { class: "btn sm", type: "button", "aria-label": name, title: name, onclick: () => zoom(step + by) }, sign);
    const less = button("−", words.smaller, -1), more = button("+", words.larger, 1);
    const size = letters(drawing) * Math.min(window.innerWidth - 40, 1100) / drawing.width;
    let step = ZOOMS.findIndex((one) => size * one >= READABLE);
    if (step < 0) step = ZOOMS.length - 1;
    function zoom(to) {
      const [x, y] = [(scroll.scrollLeft + scroll.clientWidth / 2) / (scroll.scrollWidth || 1),
        (scroll.scrollTop + scroll.clientHeight / 2) / (scroll.scrollHeight || 1)];
      step = Math.min(Math.max(to, 0), ZOOMS.length - 1);
      sheet.style.width = `${ZOOMS[step] * 100}%`;
      sheet.classList.toggle("zoomed", step > 0);
      less.disabled = step === 0;
      more.disabled = step === ZOOMS.length - 1;
      scroll.scrollTo(x * scroll.scrollWidth - scroll.clientWidth / 2, y * scroll.scrollHeight - scroll.clientHeight / 2);
    }
    scroll.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(step + (event.deltaY < 0 ? 1 : -1));
    }, { passive: false });
    zoom(step);
    return make("div", { class: "sheet-frame" }, make("div", { class: "zoom", role: "group", "aria-label": words.zoom }, less, more), scroll);
  }

  window.xkSheet = { draw, middle, corners, sheetOf, spotOf, write, framed };
})();
