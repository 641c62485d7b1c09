// The live chart: history by one request, then bars by server-sent events; the script of
// lightweight-charts 5.2 comes from the desk itself. One instance per element, kept over reruns.
const charts = new WeakMap();
const MINUS = "\u2212";
const FEW = 20;
const LENGTH = { "1d": 86400, "1h": 3600, "1m": 60 }; // seconds of one bar

// Exponential mean as TA-Lib computes it: seeded with the plain mean of the first n values.
export function ema(values, n) {
  const out = new Array(values.length).fill(null);
  let mean = 0;
  for (let i = 0; i < values.length; i++) {
    if (i < n) mean += values[i] / n;
    else mean += (2 / (n + 1)) * (values[i] - mean);
    if (i >= n - 1) out[i] = mean;
  }
  return out;
}

// Relative strength as TA-Lib computes it: Wilder's means, seeded with plain means of n changes.
export function rsi(values, n) {
  const out = new Array(values.length).fill(null);
  let gain = 0;
  let loss = 0;
  for (let i = 1; i < values.length; i++) {
    const change = values[i] - values[i - 1];
    const up = Math.max(change, 0);
    const down = Math.max(-change, 0);
    if (i <= n) {
      gain += up / n;
      loss += down / n;
    } else {
      gain += (up - gain) / n;
      loss += (down - loss) / n;
    }
    if (i >= n) out[i] = gain + loss > 0 ? (100 * gain) / (gain + loss) : 0;
  }
  return out;
}

// The classic build makes a global, so it is loaded once as a plain script.
function library() {
  window.marketpulseChartScript ||= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("/assets/lightweight-charts.js", location.origin).href;
    script.onload = () => resolve(window.LightweightCharts);
    script.onerror = () => {
      delete window.marketpulseChartScript;
      reject(new Error("the chart's script did not load"));
    };
    document.head.append(script);
  });
  return window.marketpulseChartScript;
}

const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const sameBar = (a, b) => a.time === b.time;

class LiveChart {
  constructor(root) {
    this.root = root;
    this.box = root.querySelector(".box");
    this.legend = root.querySelector(".legend");
    this.warning = root.querySelector(".warning");
    this.bars = [];
    this.lastHeard = 0;
    this.problem = "";
    this.timer = setInterval(() => this.tick(), 1000);
    this.extras = new Extras(this); // chart_extras.js
  }

  color(name) {
    return getComputedStyle(this.root.host ?? this.root).getPropertyValue(`--st-${name}`).trim() || "#8B95A5";
  }

  // Called on every rerun of the page: only what differs is changed.
  async show(data) {
    const before = this.data;
    this.data = data;
    const wanted = data.extras ?? [];
    const below = wanted.filter((one) => one.below).length * EXTRA_HEIGHT;
    this.box.style.height = `${(window.innerWidth <= 640 ? data.phone_height : data.height) + below}px`;
    try {
      this.lib ||= await library();
    } catch (fault) {
      this.say(`${fault.message}; retrying`);
      setTimeout(() => !this.closed && this.data === data && this.show(data), 3000);
      return;
    }
    if (this.closed || this.data !== data) return;
    const other = before?.bars !== data.bars || !this.stream;
    if (other) this.bars = []; // bars of another symbol or length must not be mixed with these
    this.build();
    this.overlays();
    if (other) await this.open();
    await this.extras.want(wanted);
  }

  build() {
    if (this.chart) return;
    const lib = this.lib;
    this.chart = lib.createChart(this.box, { autoSize: true });
    this.candles = this.chart.addSeries(lib.CandlestickSeries, { borderVisible: false });
    const quiet = { priceLineVisible: false, lastValueVisible: false };
    const line = { ...quiet, lineWidth: 1, crosshairMarkerVisible: false };
    this.fast = this.chart.addSeries(lib.LineSeries, line);
    this.slow = this.chart.addSeries(lib.LineSeries, line);
    this.volume = this.chart.addSeries(lib.HistogramSeries, { ...quiet, priceFormat: { type: "volume" }, priceScaleId: "" });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.markers = lib.createSeriesMarkers(this.candles, []);
    this.lines = [];
    this.chart.subscribeCrosshairMove((at) => {
      this.hovered = at.time && at.seriesData.get(this.candles) ? at.time : null;
      this.describe();
    });
    this.paint();
  }

  paint() {
    const [up, down, line] = [this.color("green-color"), this.color("red-color"), this.color("border-color")];
    this.theme = this.signature();
    this.chart.applyOptions({
      layout: {
        background: { color: "transparent" },
        textColor: this.color("gray-text-color"),
        fontFamily: this.color("font"),
        fontSize: 11,
        attributionLogo: false, // named in the desk's foot line instead
        panes: { separatorColor: line, separatorHoverColor: `${this.color("primary-color")}33` },
      },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      rightPriceScale: { borderVisible: false },
      timeScale: { borderVisible: false, rightOffset: 5 },
      crosshair: { mode: 0 },
      localization: { priceFormatter: (value) => this.number(value), timeFormatter: (time) => this.moment(time) },
    });
    this.candles.applyOptions({
      upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, priceLineColor: this.color("primary-color"),
    });
    this.fast.applyOptions({ color: this.color("blue-color") });
    this.slow.applyOptions({ color: this.color("yellow-color") });
    this.strength?.applyOptions({ color: this.color("violet-color") });
    if (this.strength) for (const bound of this.bounds) bound.applyOptions({ color: line });
  }

  signature() {
    return ["background-color", "green-color", "text-color"].map((name) => this.color(name)).join();
  }

  // Toggles, price lines and fill marks come from the page.
  overlays() {
    const { ema: means, rsi: strength, lines, fills, tick, decimals } = this.data;
    this.chart.timeScale().applyOptions({ timeVisible: this.intraday(), secondsVisible: false });
    this.candles.applyOptions({ priceFormat: { type: "price", precision: decimals, minMove: tick } });
    this.fast.applyOptions({ visible: means });
    this.slow.applyOptions({ visible: means });
    if (strength && !this.strength) this.addStrength();
    if (!strength && this.strength) {
      this.chart.removeSeries(this.strength);
      this.strength = null;
    }
    const drawn = JSON.stringify([lines, fills, this.theme, this.bars[0]?.time, this.bars.at(-1)?.time]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    for (const line of this.lines) this.candles.removePriceLine(line);
    this.lines = lines.map(({ price, title, color }) =>
      this.candles.createPriceLine({ price, title, color: this.color(color), lineWidth: 1, lineStyle: 2, axisLabelVisible: true }),
    );
    this.markers.setMarkers(
      fills.map((fill) => ({ ...fill, bar: this.barOf(fill.time) })).filter(({ bar }) => bar).map(({ bar, buy, label }) => ({
        time: bar.time,
        position: buy ? "belowBar" : "aboveBar",
        shape: buy ? "arrowUp" : "arrowDown",
        color: this.color(buy ? "green-color" : "red-color"),
        text: label,
      })),
    );
  }

  // The bar in which a moment lies; a market's hours need not begin with the clock's.
  barOf(time) {
    const bar = this.bars.findLast((one) => one.time <= time);
    return bar && (bar !== this.bars.at(-1) || time < bar.time + LENGTH[this.data.interval]) ? bar : null;
  }

  intraday() {
    return this.data.interval !== "1d";
  }

  moment(time) {
    const text = new Date(time * 1000).toISOString();
    return this.intraday() ? `${text.slice(0, 10)} ${text.slice(11, 16)} UTC` : text.slice(0, 10);
  }

  addStrength() {
    const options = { color: this.color("violet-color"), lineWidth: 1, priceLineVisible: false, crosshairMarkerVisible: false };
    const format = { type: "custom", formatter: (value) => value.toFixed(1) };
    this.strength = this.chart.addSeries(this.lib.LineSeries, { ...options, priceFormat: format }, 1);
    this.bounds = [70, 30].map((price) =>
      this.strength.createPriceLine({ price, color: this.color("border-color"), lineWidth: 1, lineStyle: 2, axisLabelVisible: false }),
    );
    this.chart.panes()[1].setHeight(72);
    this.fill(this.strength, rsi(this.closes(), 14));
  }

  closes() {
    return this.bars.map((bar) => bar.close);
  }

  fill(series, values) {
    series.setData(this.bars.map(({ time }, i) => (values[i] === null ? { time } : { time, value: values[i] })));
  }

  tinted(bar) {
    const rose = bar.close >= bar.open;
    return { time: bar.time, value: bar.volume, color: `${this.color(rose ? "green-color" : "red-color")}44` };
  }

  // Put all bars on the chart; the view stays where the person left it.
  draw(bars, fresh) {
    const scale = this.chart.timeScale();
    const view = fresh ? null : scale.getVisibleLogicalRange();
    const last = this.bars.length - 1;
    const following = view && view.to >= last;
    const moved = following ? bars.length - 1 - last : bars.findIndex((bar) => sameBar(bar, this.bars[last] ?? {})) - last;
    this.bars = bars;
    this.candles.setData(bars);
    this.volume.setData(bars.map((bar) => this.tinted(bar)));
    this.fill(this.fast, ema(this.closes(), 21));
    this.fill(this.slow, ema(this.closes(), 55));
    if (this.strength) this.fill(this.strength, rsi(this.closes(), 14));
    const shown = this.box.clientWidth > 600 ? 150 : 60;
    if (!view) scale.setVisibleLogicalRange({ from: bars.length - shown, to: bars.length + 5 });
    else scale.setVisibleLogicalRange({ from: view.from + moved, to: view.to + moved });
    this.overlays();
    this.describe();
    this.extras.load();
  }

  async history(fresh) {
    const { bars: address, symbol } = this.data;
    const gone = () => this.closed || this.data.bars !== address; // another symbol or length has been chosen
    try {
      const reply = await fetch(new URL(address, location.origin));
      if (!reply.ok) throw new Error(`the desk answered ${reply.status}`);
      const { bars } = await reply.json();
      if (gone()) return;
      this.draw(bars, fresh);
      const few = bars.length < FEW; // the desk may still be reading its history
      const count = bars.length ? `only ${bars.length} bar${bars.length > 1 ? "s" : ""}` : "no bars";
      this.say(!bars.length || (few && this.intraday()) ? `${count} of ${symbol} yet` : "");
      if (few) this.later(this.intraday() ? 2000 : 5000);
    } catch (fault) {
      if (gone()) return;
      if (fresh) this.draw([], true);
      this.say(`history not loaded (${fault.message}), retrying`);
      this.later(3000, fresh);
    }
  }

  later(wait, fresh = true) {
    const { bars: address } = this.data;
    clearTimeout(this.again);
    this.again = setTimeout(() => !this.closed && this.data.bars === address && this.history(fresh), wait);
  }

  async open() {
    this.lost = false;
    this.late = false;
    this.disputed = false;
    this.source = "";
    this.hovered = null;
    this.connect();
    await this.history(true);
  }

  connect() {
    this.stream?.close();
    const stream = (this.stream = new EventSource(new URL(this.data.stream, location.origin)));
    stream.addEventListener("bar", (event) => this.stream === stream && this.hear(JSON.parse(event.data)));
    stream.onerror = () => {
      if (this.stream !== stream || this.closed) return;
      this.lost = true;
      this.tick();
      // an answer that is no stream ends the browser's own tries
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => this.stream === stream && !this.closed && this.connect(), 3000);
    };
    stream.onopen = () => {
      if (this.lost) this.history(false); // bars that closed meanwhile
      this.lost = false;
      this.lastHeard = Date.now();
      this.tick();
    };
  }

  hear(bar) {
    this.lastHeard = Date.now();
    const last = this.bars.at(-1);
    if (bar.symbol !== this.data.symbol || !last || bar.time < last.time) return;
    this.late = bar.stale;
    this.disputed = bar.agreement === "disputed";
    this.source = bar.source;
    const opened = bar.time > last.time;
    if (opened) this.bars.push(bar);
    else this.bars[this.bars.length - 1] = bar;
    const closes = this.closes();
    const newest = (values) => ({ time: bar.time, value: values.at(-1) ?? undefined });
    this.candles.update(bar);
    this.volume.update(this.tinted(bar));
    this.fast.update(newest(ema(closes, 21)));
    this.slow.update(newest(ema(closes, 55)));
    this.strength?.update(newest(rsi(closes, 14)));
    this.extras.moved();
    // the closed bar's last word, and a split's new past; that of a minute takes a moment to arrive
    if (opened) {
      this.overlays();
      if (this.intraday()) this.later(2000, false);
      else this.history(false);
    }
    this.describe();
  }

  number(value, digits = this.data.decimals) {
    const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (value < 0 ? MINUS : "") + text;
  }

  // The bar under the pointer, else the newest.
  describe() {
    const found = this.hovered ? this.bars.findIndex((bar) => bar.time === this.hovered) : -1;
    const i = found < 0 ? this.bars.length - 1 : found;
    const bar = this.bars[i];
    if (!bar) return this.legend.replaceChildren();
    const change = 100 * (bar.close / (this.bars[i - 1]?.close ?? bar.open) - 1);
    const signed = (change > 0 ? "+" : "") + this.number(change, 2) + "%";
    const forming = this.intraday() && bar === this.bars.at(-1) && !bar.volume; // no source tells it yet
    const cells = [["", this.moment(bar.time)], ["O", this.number(bar.open)], ["H", this.number(bar.high)], ["L", this.number(bar.low)],
      ["C", this.number(bar.close)], [change < 0 ? "down" : "up", signed], ["Vol", forming ? "\u2013" : compact.format(bar.volume)]];
    if (this.source && bar === this.bars.at(-1)) cells.push(["from", this.source]);
    const told = this.extras.cells(bar.time).map(({ name, text, color }) => [name, text, color]);
    this.legend.replaceChildren(...[...cells, ...told].map(([name, text, color]) => {
      const cell = document.createElement("span");
      const strong = document.createElement("b");
      strong.textContent = text;
      if (name === "up" || name === "down") strong.className = name;
      else cell.textContent = name && `${name} `;
      if (color) cell.style.color = color;
      cell.append(strong);
      return cell;
    }));
  }

  say(problem) {
    this.problem = problem;
    this.tick();
  }

  tick() {
    if (this.chart && this.theme !== this.signature()) {
      this.paint();
      this.volume.setData(this.bars.map((bar) => this.tinted(bar)));
      this.overlays();
      this.extras.repaint();
    }
    const seconds = Math.round((Date.now() - this.lastHeard) / 1000);
    const heard = this.lastHeard ? `last update ${seconds} s ago` : "no update yet";
    const doubt = this.late ? "STALE: no fresh price" : this.disputed ? "DISPUTED: another source tells another price" : "";
    const words = this.lost ? `stream lost, retrying; ${heard}` : this.problem || doubt;
    this.warning.textContent = words;
    this.warning.hidden = !words;
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    this.stream?.close();
    this.chart?.remove();
  }
}

export default function ({ parentElement, data }) {
  const box = parentElement.querySelector(".box");
  if (!charts.has(box)) charts.set(box, new LiveChart(parentElement));
  const live = charts.get(box);
  const turn = (live.turn = (live.turn ?? 0) + 1);
  live.show(data);
  return () => {
    if (live.turn !== turn) return; // a call that a newer one overtook while it was loading
    live.close();
    charts.delete(box);
  };
}
