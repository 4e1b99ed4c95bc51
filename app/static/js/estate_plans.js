/* Entrances and what their columns hold: typed line by line, or pasted as a block from a spreadsheet. */
(() => {
  "use strict";
  const { make } = window.xk;
  const fields = ["house_type", "gross_area", "inside_area", "orientation"];
  const emptyPlan = () => Object.fromEntries(fields.map((name) => [name, ""]));
  const area = (text) => text.replaceAll(",", "").trim() || null;
  const most = 60;
  const isArea = (text) => /^\d*\.?\d*$/.test(area(text) || "");

  /* options: types (name → areas), labels (field → words), named(at): what an entrance is called by rule,
     counted: words for an entrance's count, single(): whether there is but one plan, alike(): all entrances
     have the first one's columns, shown(): whether a lone entrance has a name to type, changed(), not_area:
     the sentence for what is typed for an area and is none. */
  window.xkPlans = (host, options) => {
    /* What is out of sight while a number is typed comes back: only count and wide say what there is. */
    let entrances = [{ name: "", wide: 4, columns: Array.from({ length: 4 }, emptyPlan) }], count = 1;
    const single = emptyPlan();
    const there = () => entrances.slice(0, count);
    const seen = (one) => one.columns.slice(0, one.wide);

    const column = (plan) => ({ house_type: plan.house_type.trim() || null, gross_area: area(plan.gross_area),
      inside_area: area(plan.inside_area), orientation: plan.orientation.trim() || null });
    const columnsOf = (place) => seen(options.alike() ? entrances[0] : entrances[place]);

    function set(plan, name, text) {
      plan[name] = text;
      const type = name === "house_type" && options.types.get(text.trim());
      if (!type?.gross_area) return false;
      plan.gross_area = type.gross_area;
      plan.inside_area = type.inside_area || "";
      return true;
    }
    /* A block of several cells goes down the lines from where it is put; more lines make more columns. */
    function paste(event, one, at, name) {
      const lines = event.clipboardData.getData("text").replaceAll("\r", "").replace(/\n+$/, "").split("\n").map((line) => line.split("\t"));
      if (lines.length === 1 && lines[0].length === 1) return;
      event.preventDefault();
      const first = fields.indexOf(name);
      lines.slice(0, one === null ? 1 : most - at).forEach((cells, down) => {
        if (one) fit(one, Math.max(one.wide, at + down + 1));
        const plan = one ? one.columns[at + down] : single;
        cells.slice(0, fields.length - first).forEach((text, right) => set(plan, fields[first + right], text.trim()));
      });
      draw();
      options.changed();
    }
    function planRow(plan, number, one = null, at = 0) {
      const inputs = fields.map((name) => {
        const input = make("input", { type: "text", value: plan[name], "aria-label": [number, options.labels[name]].filter(Boolean).join(" "),
          list: { house_type: "house-types", orientation: "orientations" }[name], inputmode: name.endsWith("area") ? "decimal" : null,
          class: name.endsWith("area") ? "num" : "" });
        const mark = () => { if (name.endsWith("area")) input.setAttribute("aria-invalid", String(!isArea(plan[name]))); };
        mark();
        input.addEventListener("input", () => {
          if (set(plan, name, input.value)) [row.children[2].value, row.children[3].value] = [plan.gross_area, plan.inside_area];
          mark();
          options.changed();
        });
        input.addEventListener("paste", (event) => paste(event, one, at, name));
        return input;
      });
      const row = make("div", { class: "row" }, make("span", { class: "n" }, number ? String(number) : ""), ...inputs);
      return row;
    }
    const heads = () => make("div", { class: "row heads" }, make("span"), ...fields.map((name) => make("span", {}, options.labels[name].replace(" ㎡", ""))));

    function fit(one, wide) {
      while (one.columns.length < wide) one.columns.push({ ...one.columns.at(-1) });
      one.wide = wide;
    }
    function head(one, at) {
      const name = make("input", { type: "text", value: one.name, maxlength: 60, "aria-label": options.named(at) });
      name.addEventListener("input", () => { one.name = name.value; options.changed(); });
      const line = make("div", { class: "ent" }, name);
      if (count > 1 && !options.alike()) {
        const wide = make("input", { type: "text", class: "num count", inputmode: "numeric", value: String(one.wide),
          title: options.counted, "aria-label": `${options.named(at)} ${options.counted}` });
        wide.addEventListener("change", () => {
          fit(one, Math.min(Math.max(Math.trunc(Number(wide.value)) || 1, 1), most));
          draw();
          options.changed();
        });
        line.append(wide);
      }
      return line;
    }
    function faultsOf(plan, place) {
      return fields.filter((name) => name.endsWith("area") && !isArea(plan[name]))
        .map((name) => options.not_area(`${place}${options.labels[name].replace(" ㎡", "")}`, plan[name].trim()));
    }
    /* What is typed and cannot be read, line by line. */
    function faults() {
      if (options.single()) return faultsOf(single, "");
      return (options.alike() ? entrances.slice(0, 1) : there()).flatMap((one) => seen(one).flatMap((plan, at) =>
        faultsOf(plan, `${options.alike() ? "" : one.name} ${options.column_name(at + 1)} `.trimStart())));
    }
    function draw() {
      if (options.single()) { host.replaceChildren(make("div", { class: "plans-of" }, heads(), planRow(single, ""))); return; }
      const alike = options.alike();
      host.replaceChildren(...there().map((one, at) => {
        const part = make("div", { class: "plans-of" });
        if (count > 1 || one.name || options.shown()) part.append(head(one, at));
        if (!at || !alike) part.append(heads(), ...seen(one).map((plan, place) => planRow(plan, place + 1, one, place)));
        return part;
      }));
    }

    return {
      draw,
      faults,
      single: () => column(single),
      specification: () => there().map((one, place) => ({ name: one.name, columns: columnsOf(place).map(column) })),
      planAt: (entrance, place) => (entrance < count ? columnsOf(entrance)[place - 1] : undefined),
      get wide() { return entrances[0].wide; },
      resize(wished, wide) {
        count = wished;
        while (entrances.length < count) entrances.push({ ...structuredClone(entrances[0]), name: "" });
        there().forEach((one, at) => {
          if (count > 1 && !one.name) one.name = options.named(at);
          if (count === 1 && !options.shown() && one.name === options.named(0)) one.name = "";
          if (wide) fit(one, wide);
        });
        draw();
      },
      /* From now on each has its own columns: those that all had until now. */
      part() { entrances.slice(1).forEach((one) => Object.assign(one, { ...structuredClone(entrances[0]), name: one.name })); },
      name(names) { entrances.forEach((one, at) => { one.name = names[at] || one.name; }); },
      load(found, one) {
        const typed = (plan) => Object.fromEntries(fields.map((name) => [name, String(plan?.[name] ?? "")]));
        if (found?.length) entrances = found.map(({ name, columns }) => ({ name: name || "", wide: columns.length, columns: columns.map(typed) }));
        count = Math.max(found?.length || 1, 1);
        Object.assign(single, typed(one));
      },
    };
  };
  window.xkPlans.isArea = isArea;
})();
