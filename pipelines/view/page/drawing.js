/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Boxes, labels, lines and zones on a canvas. */

'use strict';

/* of Okabe and Ito: told apart by all kinds of eyes. Where there are more
 * classes than colours, lines are broken in another way */
const PALETTE = ['#e69f00', '#6cc4f5', '#00a878', '#f5ea50', '#3a7bd5',
  '#e05a00', '#e08fc0', '#ffffff'];
const DASHES = [[], [12, 5], [4, 4], [14, 4, 3, 4]];
const PREDICTED_ALPHA = 0.65;

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

/* BOXES, LINES, ZONES */

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
