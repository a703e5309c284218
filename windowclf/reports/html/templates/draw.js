// Draws the figures in the colours of the page, and redraws them when the colours change.
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const draw = () => {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = { gridcolor: colour("--line"), linecolor: colour("--line"), zerolinecolor: colour("--line"), automargin: true };
    const look = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("--ink") },
      hoverlabel: { bgcolor: colour("--panel"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
      modebar: { color: colour("--faint"), activecolor: colour("--ink"), bgcolor: "rgba(0,0,0,0)" },
      colorway: [0, 1, 2, 3, 4, 5].map((i) => colour(`--hue-${i}`)),
    };
    for (const [id, figure] of Object.entries(figures)) {
      const layout = { margin: { l: 50, r: 20, t: 30, b: 45 }, ...figure.layout, ...look };
      for (const name of Object.keys(figure.layout).filter((key) => /^[xy]axis\d*$/.test(key)).concat("xaxis", "yaxis")) {
        layout[name] = { ...axis, ...figure.layout[name] };
      }
      Plotly.react(id, figure.data, layout, { responsive: true, displaylogo: false });
    }
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
