/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is beside the pictures: settings, classes, figures, events. */

'use strict';

const MAX_EVENTS = 100;
const MAX_SECONDS = 300;
const SETTING_MS = 80;
/* a slider that somebody moves is not moved by others for so long */
const TOUCH_MS = 600;

/* SETTINGS */

let lastTouch = 0;
let showTimer = 0;
let pending = null;
let pendingTimer = 0;

function isTouched () {
  return performance.now() - lastTouch < TOUCH_MS;
}

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
  /* not under somebody's finger, but once it is gone */
  clearTimeout(showTimer);
  if (isTouched()) {
    showTimer = setTimeout(showSettings, TOUCH_MS);
  } else {
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
    if (!isTouched()) {
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
