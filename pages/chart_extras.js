// Classic indicators on the live chart: computed by the desk, asked for by name, drawn as lines over the
// candles or in panes below. One file of text with chart.js, which calls these methods.
const EXTRA_COLORS = ["blue-color", "yellow-color", "violet-color", "orange-color", "green-color", "red-color", "gray-color"];
const EXTRA_WAIT = 2000; // milliseconds between two looks at the forming bar's numbers
const EXTRA_HEIGHT = 92; // pixels of a pane below
const EXTRA_BOUNDS = { rsi_14: [70, 30], stochastic: [80, 20], mfi_14: [80, 20], williams_14: [-20, -80], cci_20: [100, -100], macd: [0], roc_10: [0], trix_15: [0] };

class Extras {
  constructor(live) {
    this.live = live;
    this.drawn = []; // one for each indicator: {name, words, below, series: {line: series}, values: {line: Map}}
    this.key = "";
  }

  // Draw what the page wants, in its order; nothing happens while that is what is drawn.
  async want(wanted) {
    const key = JSON.stringify([wanted, this.live.data.bars]);
    if (key === this.key) return;
    this.key = key;
    this.drop();
    wanted.forEach((one, place) => this.add(one, place, wanted));
    const [candles, ...lower] = this.live.chart.panes();
    candles.setStretchFactor(window.innerWidth <= 640 ? this.live.data.phone_height : this.live.data.height);
    lower.forEach((pane) => pane.setStretchFactor(EXTRA_HEIGHT));
    await this.load();
  }

  // Another theme has other colours.
  repaint() {
    this.key = "";
    this.want(this.live.data.extras ?? []);
  }

  drop() {
    for (const one of this.drawn) for (const series of Object.values(one.series)) this.live.chart.removeSeries(series);
    this.drawn = [];
  }

  add(one, place, wanted) {
    const { lib, chart } = this.live;
    const before = wanted.slice(0, place);
    const pane = one.below ? 1 + before.filter((other) => other.below).length + (this.live.strength ? 1 : 0) : 0;
    const used = before.filter((other) => !other.below).length;
    const series = {};
    one.lines.forEach((line, i) => {
      const color = this.live.color(EXTRA_COLORS[(one.below ? i : used) % EXTRA_COLORS.length]);
      const quiet = { priceLineVisible: false, lastValueVisible: one.below, title: "", crosshairMarkerVisible: false };
      if (one.below) quiet.priceFormat = { type: "custom", formatter: (value) => this.text(value) };
      const bars = line.endsWith("_histogram");
      const dots = line === "sar";
      const options = bars ? { ...quiet, color: `${color}66` } : { ...quiet, color, lineWidth: 1, lineVisible: !dots, pointMarkersVisible: dots, pointMarkersRadius: 1.5 };
      if (!one.below && one.lines.length > 1) options.lineStyle = line.endsWith("middle") ? 2 : 0;
      series[line] = chart.addSeries(bars ? lib.HistogramSeries : lib.LineSeries, options, pane);
    });
    const bounds = EXTRA_BOUNDS[one.name] ?? [];
    const first = Object.values(series)[0];
    for (const price of bounds) first.createPriceLine({ price, color: this.live.color("border-color"), lineWidth: 1, lineStyle: 2, axisLabelVisible: false });
    this.drawn.push({ ...one, series, values: Object.fromEntries(one.lines.map((line) => [line, new Map()])) });
  }

  address(n) {
    const names = this.drawn.map((one) => `name=${encodeURIComponent(one.name)}`).join("&");
    return new URL(`${this.live.data.indicators}&n=${n}&${names}`, location.origin);
  }

  async ask(n) {
    const key = this.key;
    const reply = await fetch(this.address(n));
    if (!reply.ok) throw new Error(`the desk answered ${reply.status}`);
    const { drawings } = await reply.json();
    return this.live.closed || this.key !== key ? [] : drawings; // something else is wanted by now
  }

  // All bars of the chart; called again whenever they were read anew.
  async load() {
    if (!this.drawn.length || !this.live.bars.length) return;
    clearTimeout(this.again);
    try {
      for (const { name, time, lines } of await this.ask(Math.max(this.live.bars.length, 1))) {
        const one = this.drawn.find((other) => other.name === name);
        for (const { name: line, values } of lines) {
          one.values[line] = new Map(time.map((moment, i) => [moment, values[i]]));
          one.series[line].setData(time.map((moment, i) => (values[i] === null ? { time: moment } : { time: moment, value: values[i] })));
        }
      }
      this.live.describe();
    } catch {
      this.again = setTimeout(() => !this.live.closed && this.load(), 3000);
    }
  }

  // The forming bar has moved: its numbers are asked for, at most every two seconds.
  moved() {
    if (!this.drawn.length || this.waiting) return;
    this.waiting = setTimeout(async () => {
      this.waiting = null;
      try {
        for (const { name, time, lines } of await this.ask(2)) {
          const one = this.drawn.find((other) => other.name === name);
          for (const { name: line, values } of lines) {
            time.forEach((moment, i) => this.put(one, line, moment, values[i]));
          }
        }
        this.live.describe();
      } catch {
        // the next bar asks again
      }
    }, EXTRA_WAIT);
  }

  put(one, line, time, value) {
    const known = one.values[line];
    const last = [...known.keys()].at(-1) ?? 0;
    if (value === null || time < last) return;
    known.set(time, value);
    one.series[line].update({ time, value });
  }

  // What the legend says of the bar under the pointer.
  cells(time) {
    return this.drawn.map((one) => {
      const known = Object.values(one.values).map((values) => values.get(time)).filter((value) => value !== null && value !== undefined);
      const color = Object.values(one.series)[0].options().color.slice(0, 7);
      return { name: one.words, text: known.map((value) => this.text(value, one.below)).join(" ") || "\u2013", color };
    });
  }

  text(value, below = true) {
    if (!below) return this.live.number(value);
    return Math.abs(value) >= 1e5 ? compact.format(value) : this.live.number(value, Math.abs(value) < 1 ? 3 : 1);
  }
}
