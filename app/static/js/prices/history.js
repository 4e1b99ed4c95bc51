/* The price history of a room as a chart; the table under it says the same. */
(() => {
  "use strict";
  const place = document.getElementById("chart");
  if (!place || !window.echarts) return;
  const { points, words, until } = JSON.parse(place.dataset.history);
  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw() {
    const ink = token("--ink-2"), line = token("--line");
    const series = (name, key, colour, dashed) => ({
      name, type: "line", step: "end", symbolSize: 7, color: colour,
      lineStyle: { width: 2, type: dashed ? "dashed" : "solid" },
      // Prices hold until the next one: the last goes on until today.
      data: [...points.map((one) => [one.from, Number(one[key])]), [until, Number(points.at(-1)[key])]],
    });
    const floors = points[0].floor !== null;
    chart.setOption({
      animation: false,
      aria: { enabled: true, description: words.description },
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
      grid: { left: 8, right: 16, top: 16, bottom: 8, containLabel: true },
      tooltip: {
        trigger: "axis", renderMode: "richText",
        formatter: (shown) => [new Date(shown[0].value[0]).toLocaleString("zh-CN"), ...shown.map((one) => `${one.seriesName} ${money.format(one.value[1])}`)].join("\n"),
      },
      xAxis: { type: "time", axisLabel: { color: ink, hideOverlap: true }, axisLine: { lineStyle: { color: line } } },
      yAxis: { type: "value", scale: true, axisLabel: { color: ink, formatter: (value) => `${(value / 10000).toLocaleString("en-US")} ${words.ten_thousand}` }, splitLine: { lineStyle: { color: line } } },
      series: [series(words.total, "total", token("--brand")), ...(floors ? [series(words.floor, "floor", token("--warn"), true)] : [])],
    });
  }
  draw();
  addEventListener("resize", () => chart.resize());
  addEventListener("xk:theme", draw);
  addEventListener("beforeprint", () => chart.resize());
})();
