/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One WebSocket brings frames, each as a JPEG with what was detected in it, and
 * texts. Each is answered once it is on the page: what was not answered is not
 * followed by more. */

'use strict';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10000;

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
  widths: '',
};
const tiles = [];

/* for tests and the curious: what was drawn last, and what it was drawn from */
window.yolov5dpuView = { state, tiles };

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
  /* two may have the same name */
  const names = cameras.map((camera, index) =>
    (cameras.length > 1 ? `${index + 1} ${camera.name}` : camera.name));
  tiles.length = 0;
  $('tiles').replaceChildren();
  names.forEach((name, index) => makeTile(index, name));
  $('scope-row').hidden = cameras.length < 2;
  $('scope').replaceChildren(new Option('all cameras', ''),
    ...names.map((name, index) => new Option(name, String(index))));
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
