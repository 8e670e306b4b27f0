/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One WebSocket brings frames, each as a JPEG with what was detected in it, and
 * texts. Each is answered once it is on the page: what was not answered is not
 * followed by more. */

'use strict';

/* of Okabe and Ito: told apart by all kinds of eyes. Where there are more
 * classes than colours, lines are broken in another way */
const PALETTE = ['#e69f00', '#6cc4f5', '#00a878', '#f5ea50', '#3a7bd5',
  '#e05a00', '#e08fc0', '#ffffff'];
const DASHES = [[], [12, 5], [4, 4], [14, 4, 3, 4]];
const PREDICTED_ALPHA = 0.65;
const MAX_EVENTS = 100;
const MAX_SECONDS = 300;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10000;
const SETTING_MS = 80;

const $ = (id) => document.getElementById(id);

const state = {
  socket: null,
  retry: FIRST_RETRY_MS,
  paused: false,
  boxes: true,
  names: true,
  solo: -1,
  readOnly: false,
  settings: [],
  stats: [],
  history: [],
  hidden: new Set(),
  opened: new Set(),
  widths: '',
};
const tiles = [];

/* for tests and the curious: what was drawn last, and what it was drawn from */
window.yolov5dpuView = { state, tiles };

/* CLASSES AND THEIR COLOURS */

const labels = [];

function indexOfLabel (label) {
  let index = labels.indexOf(label);
  if (index < 0)
    index = labels.push(label) - 1;
  return index;
}

function styleOf (label) {
  const index = indexOfLabel(label);
  return {
    color: PALETTE[index % PALETTE.length],
    dash: DASHES[Math.floor(index / PALETTE.length) % DASHES.length],
  };
}

/* PLACING LABELS */

function overlap (a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/* above the box as the overlay does, else inside, below, or at its right end;
 * always in the picture, and where it covers least: first of all no other label,
 * then no other object */
function placeLabel (box, size, frame, placed, others) {
  const left = box.x;
  const right = box.x + box.width - size.width;
  const candidates = [
    [left, box.y - size.height],
    [left, box.y],
    [left, box.y + box.height],
    [right, box.y - size.height],
    [right, box.y + box.height],
    [left, box.y + box.height - size.height],
    [left, box.y - 2 * size.height],
    [left, box.y + box.height + size.height],
  ];
  const sum = (place, rectangles) =>
    rectangles.reduce((total, other) => total + overlap(place, other), 0);
  let best = null;
  let least = Infinity;

  for (const [x, y] of candidates) {
    if (y < 0 || y + size.height > frame.height)
      continue;
    const place = {
      x: Math.max(0, Math.min(x, frame.width - size.width)),
      y, width: size.width, height: size.height,
    };
    const cover = 1000 * sum(place, placed) + sum(place, others);
    if (cover < least) {
      best = place;
      least = cover;
    }
    if (cover === 0)
      break;
  }
  return best || {
    x: Math.max(0, Math.min(left, frame.width - size.width)),
    y: Math.max(0, Math.min(box.y, frame.height - size.height)),
    width: size.width, height: size.height,
  };
}

function textOf (detection) {
  let text = detection.label;
  if (detection.id)
    text += ` #${detection.id}`;
  if (detection.confidence !== undefined)
    text += ` ${Math.round(detection.confidence * 100)}%`;
  return text;
}

/* DRAWING */

/* where the picture is in its canvas, which may have another shape */
function fit (canvas, width, height) {
  const scale = Math.min(canvas.width / width, canvas.height / height);
  return {
    x: (canvas.width - width * scale) / 2,
    y: (canvas.height - height * scale) / 2,
    width: width * scale,
    height: height * scale,
  };
}

function drawBoxes (context, place, header, detections, ratio) {
  const scaleX = place.width / header.width;
  const scaleY = place.height / header.height;
  const line = Math.max(2, 2 * ratio);
  const fontSize = Math.round(
    Math.max(10 * ratio, Math.min(13 * ratio, place.width / 45)));
  const drawn = detections.map((detection) => ({
    detection,
    style: styleOf(detection.label),
    box: {
      x: detection.x * scaleX, y: detection.y * scaleY,
      width: detection.width * scaleX, height: detection.height * scaleY,
    },
  }));
  const placed = [];

  context.save();
  context.translate(place.x, place.y);
  context.font = `600 ${fontSize}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  for (const { detection, style, box } of drawn) {
    context.globalAlpha = detection.predicted ? PREDICTED_ALPHA : 1;
    context.setLineDash([]);
    context.lineWidth = line + 2 * ratio;
    context.strokeStyle = 'rgba(0, 0, 0, 0.55)';
    context.strokeRect(box.x, box.y, box.width, box.height);
    context.setLineDash((detection.predicted ? [4, 6] : style.dash)
      .map((length) => length * ratio));
    context.lineWidth = line;
    context.strokeStyle = style.color;
    context.strokeRect(box.x, box.y, box.width, box.height);
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
  for (const { detection, style, box } of state.names ? drawn : []) {
    const text = textOf(detection);
    const margin = 4 * ratio;
    const size = {
      width: Math.ceil(context.measureText(text).width + 2 * margin),
      height: Math.ceil(fontSize * 1.4),
    };
    const spot = placeLabel(box, size,
      { width: place.width, height: place.height }, placed,
      drawn.map((other) => other.box).filter((other) => other !== box));
    placed.push(spot);
    context.fillStyle = style.color;
    context.fillRect(spot.x, spot.y, spot.width, spot.height);
    context.fillStyle = '#000';
    context.fillText(text, spot.x + margin, spot.y + size.height / 2);
  }
  context.restore();
  return { boxes: drawn.map(({ detection }) => detection), labels: placed };
}

const PLACE_COLOR = '#ffffff';

function textOfPlace (place) {
  return place.kind === 'line'
    ? `${place.name}: ${place.forward} forward, ${place.backward} back`
    : `${place.name}: ${place.inside} inside, ${place.entered} so far`;
}

/* lines and zones, with what was counted there */
function drawPlaces (context, place, header, ratio) {
  const fontSize = Math.round(
    Math.max(10 * ratio, Math.min(13 * ratio, place.width / 45)));

  context.save();
  context.translate(place.x, place.y);
  context.font = `${fontSize}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  for (const spot of header.places || []) {
    context.beginPath();
    for (let i = 0; i + 1 < spot.points.length; i += 2)
      context.lineTo(spot.points[i] * place.width, spot.points[i + 1] * place.height);
    if (spot.kind !== 'line')
      context.closePath();
    for (const [color, width] of [['rgba(0, 0, 0, 0.55)', 4], [PLACE_COLOR, 2]]) {
      context.strokeStyle = color;
      context.lineWidth = width * ratio;
      context.stroke();
    }
    const text = textOfPlace(spot);
    const width = context.measureText(text).width + 8 * ratio;
    const height = fontSize * 1.4;
    const x = Math.max(0, Math.min(spot.points[0] * place.width, place.width - width));
    const y = Math.max(0, Math.min(spot.points[1] * place.height, place.height - height));
    context.fillStyle = 'rgba(0, 0, 0, 0.7)';
    context.fillRect(x, y, width, height);
    context.fillStyle = PLACE_COLOR;
    context.fillText(text, x + 4 * ratio, y + height / 2);
  }
  context.restore();
}

function drawTile (tile) {
  const { canvas, picture, header } = tile;
  if (!picture)
    return;
  const context = canvas.getContext('2d', { alpha: false });
  const place = fit(canvas, picture.width, picture.height);
  context.fillStyle = '#000';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, place.x, place.y, place.width, place.height);
  if (state.boxes)
    drawPlaces(context, place, header, window.devicePixelRatio || 1);
  tile.drawn = state.boxes
    ? drawBoxes(context, place, header,
      tile.header.detections.filter(({ label }) => !state.hidden.has(label)),
      window.devicePixelRatio || 1)
    : { boxes: [], labels: [] };
  tile.drawn.frame = header.frame;
  tile.drawn.place = place;
}

function drawAll () {
  tiles.forEach(drawTile);
}

/* TILES */

function makeTile (index, name) {
  const figure = document.createElement('figure');
  const canvas = document.createElement('canvas');
  const caption = document.createElement('figcaption');
  const nameText = document.createElement('span');
  const figures = document.createElement('span');
  const trouble = document.createElement('div');

  figure.className = 'tile';
  figure.tabIndex = 0;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `Live picture of ${name}`);
  nameText.className = 'name';
  nameText.textContent = name;
  figures.className = 'figures';
  trouble.className = 'trouble';
  trouble.hidden = true;
  caption.append(nameText, figures);
  figure.append(canvas, caption, trouble);
  $('tiles').append(figure);

  const tile = {
    index, name, figure, canvas, figures, trouble,
    picture: null, header: null, drawn: null, shown: 0, count: 0, rate: null,
  };
  figure.addEventListener('click', () => setSolo(state.solo === index ? -1 : index));
  figure.addEventListener('dblclick', () => toggleFull(tile));
  figure.addEventListener('keydown', (event) => {
    if (event.key === 'Enter')
      setSolo(state.solo === index ? -1 : index);
  });
  new ResizeObserver(() => resize(tile)).observe(canvas);
  tiles.push(tile);
  return tile;
}

function resize (tile) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(tile.canvas.clientWidth * ratio));
  const height = Math.max(1, Math.round(tile.canvas.clientHeight * ratio));
  if (tile.canvas.width !== width || tile.canvas.height !== height) {
    tile.canvas.width = width;
    tile.canvas.height = height;
    drawTile(tile);
  }
  tellWidths();
}

function setSolo (index) {
  state.solo = index < tiles.length && tiles.length > 1 ? index : -1;
  tiles.forEach((tile) => {
    tile.figure.hidden = state.solo >= 0 && tile.index !== state.solo;
  });
  const n = state.solo >= 0 ? 1 : tiles.length;
  $('tiles').dataset.columns = Math.min(4, Math.ceil(Math.sqrt(n)));
  tellWidths();
}

/* the one that keys and buttons mean */
function currentTile () {
  return tiles[Math.max(0, state.solo)];
}

function toggleFull (tile) {
  if (document.fullscreenElement)
    document.exitFullscreen();
  else if (tile)
    tile.figure.requestFullscreen().catch(() => {});
}

/* TALKING TO THE SERVER */

function send (words) {
  if (state.socket && state.socket.readyState === WebSocket.OPEN)
    state.socket.send(JSON.stringify(words));
}

function tellWidths () {
  const isSeen = !state.paused && document.visibilityState === 'visible';
  const widths = tiles.map((tile) =>
    (isSeen && !tile.figure.hidden ? tile.canvas.width : 0));
  const text = JSON.stringify(widths);
  if (text !== state.widths && widths.length) {
    state.widths = text;
    send({ view: widths });
  }
}

async function takeFrame (data) {
  const length = new DataView(data).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(
    new Uint8Array(data, 4, length)));
  const tile = tiles[header.camera];
  try {
    const picture = await createImageBitmap(
      new Blob([new Uint8Array(data, 4 + length)], { type: 'image/jpeg' }));
    if (tile && header.frame > tile.shown) {
      if (tile.picture)
        tile.picture.close();
      tile.picture = picture;
      tile.header = header;
      tile.shown = header.frame;
      tile.count++;
      tile.canvas.style.setProperty('--aspect', `${picture.width} / ${picture.height}`);
      drawTile(tile);
    }
  } finally {
    send({ shown: [header.camera, header.frame] });
  }
}

function takeText (text) {
  const words = JSON.parse(text);
  switch (words.type) {
    case 'hello':
      state.readOnly = words.read_only;
      state.history = words.history;
      state.widths = '';
      takeStats(words.stats, false);
      if (tiles.length !== words.settings.length)
        makeTiles(words.settings);
      tiles.forEach((tile) => { tile.shown = 0; });
      takeSettings(words.settings);
      $('events').replaceChildren();
      takeEvents(words.events);
      setSolo(state.solo);
      setState('live', false);
      break;
    case 'stats':
      takeStats(words.stats, true);
      break;
    case 'settings':
      takeSettings(words.settings);
      break;
    case 'events':
      takeEvents(words.events);
      break;
  }
  send({ heard: 1 });
}

function makeTiles (cameras) {
  tiles.length = 0;
  $('tiles').replaceChildren();
  cameras.forEach((camera, index) => makeTile(index, camera.name));
  $('scope-row').hidden = cameras.length < 2;
  $('scope').replaceChildren(new Option('all cameras', ''),
    ...cameras.map((camera, index) => new Option(camera.name, String(index))));
}

function setState (text, isBad) {
  $('state').textContent = text;
  $('state').className = isBad ? 'bad' : '';
}

/* a token that is no longer right cannot be told from a server that is gone
 * but by asking */
async function explainLoss () {
  try {
    const answer = await fetch('api/v1/stats');
    if (answer.status === 403)
      setState('the server was started anew: open the address that it has printed', true);
  } catch (error) {
    setState('no connection, trying again', true);
  }
}

function connect () {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(`${scheme}//${location.host}/live`);
  socket.binaryType = 'arraybuffer';
  state.socket = socket;
  socket.onopen = () => { state.retry = FIRST_RETRY_MS; };
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string')
      takeText(data);
    else
      takeFrame(data).catch(() => {});
  };
  socket.onclose = ({ reason }) => {
    setState(reason || 'no connection, trying again', true);
    explainLoss();
    setTimeout(connect, state.retry);
    state.retry = Math.min(2 * state.retry, LAST_RETRY_MS);
  };
}

/* SETTINGS */

let lastTouch = 0;
let pending = null;
let pendingTimer = 0;

function scope () {
  return $('scope').value === '' ? null : Number($('scope').value);
}

async function patch (changes) {
  const number = scope();
  try {
    const answer = await fetch('api/v1/settings', {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(number === null ? changes : { ...changes, camera: number }),
    });
    const words = await answer.json();
    $('refusal').hidden = answer.ok;
    $('refusal').textContent = answer.ok ? '' : words.error;
  } catch (error) {
    $('refusal').hidden = false;
    $('refusal').textContent = 'The setting did not get through.';
  }
}

/* while a slider moves, not each step of it */
function change (changes) {
  lastTouch = performance.now();
  pending = {
    ...pending, ...changes,
    ...(changes.class_thresholds && {
      class_thresholds: { ...(pending || {}).class_thresholds, ...changes.class_thresholds },
    }),
  };
  if (pendingTimer)
    return;
  pendingTimer = setTimeout(() => {
    const now = pending;
    pending = null;
    pendingTimer = 0;
    patch(now);
  }, SETTING_MS);
}

function showSlider (id, value) {
  $(id).value = value;
  $(`${id}-value`).textContent = Number(value).toFixed(2);
}

function takeSettings (settings) {
  state.settings = settings;
  settings.forEach((camera) => camera.labels.forEach(indexOfLabel));
  $('read-only').hidden = !state.readOnly;
  ['threshold', 'iou'].forEach((id) => { $(id).disabled = state.readOnly; });
  showSettings();
}

function showSettings () {
  const settings = state.settings[scope() || 0];
  if (!settings)
    return;
  /* not under somebody's finger */
  if (performance.now() - lastTouch > 600) {
    showSlider('threshold', settings.threshold);
    showSlider('iou', settings.iou_threshold);
  }
  showClasses();
}

/* CLASSES */

function sumOf (member, label) {
  return state.stats.reduce((sum, camera) => sum + (camera[member][label] || 0), 0);
}

function swatch (label) {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  const { color, dash } = styleOf(label);
  canvas.className = 'swatch';
  canvas.width = 32;
  canvas.height = 18;
  context.fillStyle = '#111';
  context.fillRect(0, 0, 32, 18);
  context.strokeStyle = color;
  context.lineWidth = 5;
  context.setLineDash(dash.map((length) => length / 2));
  context.strokeRect(3, 3, 26, 12);
  return canvas;
}

function makeOwnThreshold (row, label) {
  const own = document.createElement('tr');
  const cell = document.createElement('td');
  const line = document.createElement('label');
  const input = document.createElement('input');
  const output = document.createElement('output');
  const reset = document.createElement('button');

  own.className = 'own';
  cell.colSpan = 4;
  line.className = 'slider';
  input.type = 'range';
  input.min = 0;
  input.max = 1;
  input.step = 0.01;
  input.disabled = state.readOnly;
  reset.type = 'button';
  reset.textContent = 'As the others';
  reset.disabled = state.readOnly;
  line.append('own', input, output);
  cell.append(line, reset);
  own.append(cell);
  input.addEventListener('input', () => {
    output.textContent = Number(input.value).toFixed(2);
    change({ class_thresholds: { [label]: Number(input.value) } });
  });
  reset.addEventListener('click', () => {
    lastTouch = 0;
    patch({ class_thresholds: { [label]: null } });
  });
  row.own = own;
  row.ownInput = input;
  row.ownOutput = output;
  return own;
}

const rows = new Map();

function makeRow (label) {
  const row = document.createElement('tr');
  const head = document.createElement('th');
  const line = document.createElement('label');
  const box = document.createElement('input');
  const name = document.createElement('span');
  const now = document.createElement('td');
  const all = document.createElement('td');
  const more = document.createElement('td');
  const button = document.createElement('button');

  head.scope = 'row';
  box.type = 'checkbox';
  box.checked = !state.hidden.has(label);
  box.addEventListener('change', () => setClass(label, box.checked));
  name.textContent = label;
  line.append(box, swatch(label), name);
  head.append(line);
  button.type = 'button';
  button.textContent = '⋯';
  button.title = `Threshold of ${label}`;
  button.setAttribute('aria-expanded', 'false');
  more.append(button);
  row.append(head, now, all, more);
  row.dataset.label = label;
  const made = { row, box, now, all };
  const own = makeOwnThreshold(made, label);
  own.hidden = true;
  button.addEventListener('click', () => {
    own.hidden = !own.hidden;
    button.setAttribute('aria-expanded', String(!own.hidden));
  });
  rows.set(label, made);
  return made;
}

function setClass (label, isOn) {
  if (isOn)
    state.hidden.delete(label);
  else
    state.hidden.add(label);
  const row = rows.get(label);
  if (row)
    row.box.checked = isOn;
  drawAll();
}

function showClasses () {
  const settings = state.settings[scope() || 0];
  const body = $('classes').tBodies[0];
  let n = 0;

  labels.forEach((label) => {
    const isSeen = sumOf('present', label) > 0 || sumOf('totals', label) > 0
      || state.hidden.has(label) || rows.has(label);
    if (!isSeen && $('seen-only').checked)
      return;
    if (!rows.has(label)) {
      const made = makeRow(label);
      const after = labels.slice(labels.indexOf(label) + 1)
        .find((other) => rows.has(other));
      const next = after === undefined ? null : rows.get(after).row;
      body.insertBefore(made.row, next);
      body.insertBefore(made.own, next);
    }
    n++;
    const row = rows.get(label);
    row.now.textContent = sumOf('present', label);
    row.all.textContent = sumOf('totals', label);
    const own = settings && settings.class_thresholds[label];
    if (performance.now() - lastTouch > 600) {
      row.ownInput.value = own === undefined ? (settings || {}).threshold : own;
      row.ownOutput.textContent = own === undefined ? '–' : own.toFixed(2);
    }
  });
  $('no-classes').hidden = n > 0;
}

/* FIGURES, GRAPH, EVENTS */

const round = (value, digits) =>
  (value === null || value === undefined ? '–' : value.toFixed(digits));

function takeStats (stats, isNew) {
  state.stats = stats;
  stats.forEach((camera, index) => {
    const tile = tiles[index];
    if (isNew) {
      state.history[index] = state.history[index] || [];
      state.history[index].push(camera);
      if (state.history[index].length > MAX_SECONDS)
        state.history[index].shift();
    }
    if (!tile)
      return;
    if (isNew) {
      tile.rate = tile.count;
      tile.count = 0;
    }
    tile.figures.textContent = `${round(camera.frames_per_second, 0)} frames/s, `
      + `${round(tile.rate, 0)} here, ${round(camera.latency_ms, 0)} ms`;
    tile.trouble.hidden = camera.error === null;
    tile.trouble.textContent = camera.error || '';
  });
  const sum = (member) => stats.reduce((total, camera) => total + camera[member], 0);
  const latencies = stats.map((camera) => camera.latency_ms)
    .filter((latency) => latency !== null);
  $('figure-fps').textContent = round(sum('frames_per_second'), 0);
  $('figure-latency').textContent = latencies.length
    ? `${Math.max(...latencies).toFixed(0)} ms` : '–';
  $('figure-dpu').textContent = `${(100 * Math.min(1, sum('dpu_use'))).toFixed(0)} %`;
  $('figure-objects').textContent = sum('objects');
  showClasses();
  drawGraph();
}

const GRAPHS = [
  { title: 'frames/s', member: 'frames_per_second', join: 'sum', least: 10, scale: 1, unit: '' },
  { title: 'latency', member: 'latency_ms', join: 'max', least: 50, scale: 1, unit: ' ms' },
  { title: 'DPU use', member: 'dpu_use', join: 'sum', least: 100, most: 100, scale: 100, unit: ' %' },
  { title: 'objects', member: 'objects', join: 'sum', least: 5, scale: 1, unit: '' },
];

function valuesOf ({ member, join, scale, most }) {
  const n = Math.max(0, ...state.history.map((seconds) => seconds.length));
  const values = new Array(n).fill(null);

  state.history.forEach((seconds) => {
    const from = n - seconds.length;
    seconds.forEach((second, i) => {
      const value = second[member];
      if (value === null || value === undefined)
        return;
      const before = values[from + i] || 0;
      values[from + i] = join === 'sum' ? before + scale * value
        : Math.max(before, scale * value);
    });
  });
  return values.map((value) =>
    (value !== null && most ? Math.min(value, most) : value));
}

function drawGraph () {
  const canvas = $('graph');
  const ratio = window.devicePixelRatio || 1;
  const style = getComputedStyle(document.documentElement);
  const width = canvas.clientWidth;
  const height = canvas.clientHeight / GRAPHS.length;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  const context = canvas.getContext('2d');
  context.scale(ratio, ratio);
  context.font = '12px system-ui, sans-serif';
  GRAPHS.forEach((graph, i) => {
    const values = valuesOf(graph);
    const most = Math.max(graph.least, ...values.filter((value) => value !== null));
    const last = values.length ? values[values.length - 1] : null;
    const top = i * height + 18;
    const bottom = (i + 1) * height - 4;
    const y = (value) => bottom - (bottom - top) * value / most;
    const x = (second) => width - (values.length - 1 - second) * width / (MAX_SECONDS - 1);

    context.fillStyle = style.getPropertyValue('--quiet');
    context.textAlign = 'left';
    context.fillText(`${graph.title}, up to ${Math.round(most)}${graph.unit}`, 0, top - 6);
    context.textAlign = 'right';
    context.fillStyle = style.getPropertyValue('--text');
    context.fillText(last === null ? '' : `${Math.round(last)}${graph.unit}`, width, top - 6);
    context.strokeStyle = style.getPropertyValue('--line');
    context.lineWidth = 1;
    context.strokeRect(0.5, top, width - 1, bottom - top);
    context.strokeStyle = style.getPropertyValue('--accent');
    context.lineWidth = 1.5;
    context.beginPath();
    let isDown = false;
    values.forEach((value, second) => {
      if (value === null) {
        isDown = false;
      } else if (isDown) {
        context.lineTo(x(second), y(value));
      } else {
        context.moveTo(x(second), y(value));
        isDown = true;
      }
    });
    context.stroke();
  });
}

const PHRASES = {
  'new': (event) => `${event.label} #${event.id} is new`,
  'line-crossed': (event) =>
    `${event.label} #${event.id} crossed ${event.place} ${event.direction}`,
  'zone-entered': (event) => `${event.label} #${event.id} entered ${event.place}`,
  'zone-left': (event) => `${event.label} #${event.id} left ${event.place}`,
  'zone-dwell': (event) => `${event.label} #${event.id} stays in ${event.place}`,
};

function takeEvents (events) {
  const list = $('events');
  events.forEach((event) => {
    const item = document.createElement('li');
    const time = document.createElement('time');
    const text = document.createElement('span');
    const phrase = PHRASES[event.kind];
    const when = new Date(event.time);

    time.dateTime = when.toISOString();
    time.textContent = when.toLocaleTimeString();
    text.textContent = (tiles.length > 1 && tiles[event.camera]
      ? `${tiles[event.camera].name}: ` : '')
      + (phrase ? phrase(event) : event.kind);
    item.append(time, text);
    list.prepend(item);
  });
  while (list.children.length > MAX_EVENTS)
    list.lastChild.remove();
  $('no-events').hidden = list.children.length > 0;
}

/* WHAT PEOPLE DO */

function setPaused (isPaused) {
  state.paused = isPaused;
  $('pause').setAttribute('aria-pressed', String(isPaused));
  $('pause').textContent = isPaused ? 'Go on' : 'Pause';
  tellWidths();
}

function toggle (member, button) {
  state[member] = !state[member];
  $(button).setAttribute('aria-pressed', String(state[member]));
  drawAll();
}

/* what is to be seen, in the picture's own size, with the boxes */
function saveSnapshot () {
  const tile = currentTile();
  if (!tile || !tile.picture)
    return;
  const canvas = document.createElement('canvas');
  canvas.width = tile.picture.width;
  canvas.height = tile.picture.height;
  const context = canvas.getContext('2d');
  context.drawImage(tile.picture, 0, 0);
  if (state.boxes) {
    const place = { x: 0, y: 0, width: canvas.width, height: canvas.height };
    drawPlaces(context, place, tile.header, 1);
    drawBoxes(context, place, tile.header,
      tile.header.detections.filter(({ label }) => !state.hidden.has(label)), 1);
  }
  canvas.toBlob((blob) => {
    const link = document.createElement('a');
    const time = new Date().toISOString().replace(/[:.]/g, '-');
    link.href = URL.createObjectURL(blob);
    link.download = `${tile.name}-${time}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, 'image/png');
}

function nudgeThreshold (step) {
  if (state.readOnly)
    return;
  const value = Math.min(1, Math.max(0, Number($('threshold').value) + step));
  showSlider('threshold', value);
  change({ threshold: Number(value.toFixed(2)) });
}

function onKey (event) {
  if (event.ctrlKey || event.altKey || event.metaKey || $('help').open
      || (event.target.matches('input, select, button') && event.key === ' ')
      || event.target.matches('select'))
    return;
  const actions = {
    ' ': () => setPaused(!state.paused),
    'b': () => toggle('boxes', 'boxes'),
    'l': () => toggle('names', 'names'),
    's': saveSnapshot,
    'f': () => toggleFull(currentTile()),
    '?': () => $('help').showModal(),
    '+': () => nudgeThreshold(0.05),
    '-': () => nudgeThreshold(-0.05),
  };
  const action = actions[event.key];
  if (action)
    action();
  else if (/^[0-9]$/.test(event.key))
    setSolo(Number(event.key) - 1);
  else
    return;
  event.preventDefault();
}

function start () {
  /* the cookie has it now; it need not be in the history */
  history.replaceState(null, '', location.pathname);
  $('pause').addEventListener('click', () => setPaused(!state.paused));
  $('boxes').addEventListener('click', () => toggle('boxes', 'boxes'));
  $('names').addEventListener('click', () => toggle('names', 'names'));
  $('snapshot').addEventListener('click', saveSnapshot);
  $('full').addEventListener('click', () => toggleFull(currentTile()));
  $('keys').addEventListener('click', () => $('help').showModal());
  $('threshold').addEventListener('input', ({ target }) => {
    showSlider('threshold', target.value);
    change({ threshold: Number(target.value) });
  });
  $('iou').addEventListener('input', ({ target }) => {
    showSlider('iou', target.value);
    change({ iou_threshold: Number(target.value) });
  });
  $('scope').addEventListener('change', () => {
    lastTouch = 0;
    showSettings();
  });
  $('seen-only').addEventListener('change', ({ target }) => {
    if (target.checked) {
      rows.forEach(({ row, own }) => { row.remove(); own.remove(); });
      rows.clear();
    }
    showClasses();
  });
  $('all-on').addEventListener('click', () => labels.forEach((label) => setClass(label, true)));
  $('all-off').addEventListener('click', () => labels.forEach((label) => setClass(label, false)));
  document.addEventListener('keydown', onKey);
  document.addEventListener('visibilitychange', tellWidths);
  matchMedia('(prefers-color-scheme: light)').addEventListener('change', drawGraph);
  connect();
}

start();
