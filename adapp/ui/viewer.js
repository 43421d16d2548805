// Pointer and keyboard on the picture: what is looked at stays in the browser.
// The root element keeps the state as attributes and variables, because its children are
// replaced whenever the server sends another map; the root itself never is.
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const layers = () => element.querySelector('.layers');
const size = () => {
  const figure = element.querySelector('.viewer');
  return figure ? {rows: +figure.dataset.rows, columns: +figure.dataset.columns} : null;
};
const look = {zoom: 1, x: 0, y: 0};
const spot = {row: 0, column: 0};

const place = () => {
  const stage = element.querySelector('.stage');
  if (!stage) return;
  const limitX = stage.clientWidth * (look.zoom - 1) / 2;
  const limitY = stage.clientHeight * (look.zoom - 1) / 2;
  look.x = clamp(look.x, -limitX, limitX);
  look.y = clamp(look.y, -limitY, limitY);
  element.style.setProperty('--zoom', look.zoom);
  element.style.setProperty('--pan-x', look.x + 'px');
  element.style.setProperty('--pan-y', look.y + 'px');
  element.toggleAttribute('data-zoomed', look.zoom > 1);
  element.toggleAttribute('data-close', look.zoom >= 4);
};
const zoomTo = (zoom, clientX, clientY) => {
  const stage = element.querySelector('.stage');
  if (!stage) return;
  const box = stage.getBoundingClientRect();
  const fromX = (clientX ?? box.left + box.width / 2) - box.left - box.width / 2;
  const fromY = (clientY ?? box.top + box.height / 2) - box.top - box.height / 2;
  const next = clamp(zoom, 1, 16);
  const factor = next / look.zoom;
  look.x = fromX - (fromX - look.x) * factor;
  look.y = fromY - (fromY - look.y) * factor;
  look.zoom = next;
  place();
};
const mark = () => {
  const whole = size();
  if (!whole) return;
  element.style.setProperty('--spot-x', (spot.column + 0.5) / whole.columns * 100 + '%');
  element.style.setProperty('--spot-y', (spot.row + 0.5) / whole.rows * 100 + '%');
  element.setAttribute('data-spot', '');
};
// Cells of hyperedges lie hidden in the list beside the picture, by name.
let linked = 'near';
const link = (name) => {
  linked = name;
  const layer = element.querySelector('.layer.links');
  const cells = document.querySelector(`#patch .cells[data-name="${name}"]`);
  if (!layer) return;
  layer.innerHTML = cells ? cells.innerHTML : '';
  layer.toggleAttribute('data-claim', name !== 'near');
};
element.addEventListener('link', (event) => link(event.detail));
element.addEventListener('light', (event) => {
  for (const cell of element.querySelectorAll('.links b'))
    cell.classList.toggle('is-lit', cell.dataset.rank === event.detail);
});
const unmark = () => {
  element.removeAttribute('data-spot');
  const layer = element.querySelector('.layer.links');
  if (layer) layer.innerHTML = '';
  element.querySelector('.stage')?.focus({preventScroll: true});
};
element.addEventListener('unmark', unmark);
const read = () => {
  mark();
  trigger('read', {row: spot.row, column: spot.column});
};

// Pens: a stroke that does not count, a rectangle outside of which nothing counts. The server
// adds it to the shapes it holds and sends them back as a layer: a stroke drawn before the last
// one was answered must not replace it.
let pen = '', stroke = null;
const pick = (name) => {
  pen = pen === name ? '' : name;
  for (const one of element.querySelectorAll('[data-pen]'))
    one.setAttribute('aria-pressed', one.dataset.pen === pen);
  element.toggleAttribute('data-drawing', pen !== '');
};
const fraction = (event) => {
  const box = layers().getBoundingClientRect();
  return [clamp((event.clientX - box.left) / box.width, 0, 1),
          clamp((event.clientY - box.top) / box.height, 0, 1)];
};
const sketch = () => {
  const canvas = element.querySelector('.drawing'), whole = size();
  if (!canvas || !whole) return;
  canvas.setAttribute('viewBox', `0 0 ${whole.columns} ${whole.rows}`);
  canvas.innerHTML = '';
  if (!stroke) return;
  const places = stroke.points.map(([x, y]) => [x * whole.columns, y * whole.rows]);
  const [first, last] = [places[0], places[places.length - 1]];
  canvas.innerHTML = stroke.kind === 'ignore'
    ? `<polyline points="${places.join(' ')}" stroke-width="${2 * stroke.radius * whole.columns}"/>`
    : `<rect x="${Math.min(first[0], last[0])}" y="${Math.min(first[1], last[1])}"
         width="${Math.abs(last[0] - first[0])}" height="${Math.abs(last[1] - first[1])}"/>`;
};
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-pen]');
  if (button) pick(button.dataset.pen);
});
element.addEventListener('pointerdown', (event) => {
  if (!pen || !event.target.closest('.stage') || event.target.closest('button')) return;
  event.preventDefault();
  stroke = {kind: pen, points: [fraction(event)], radius: 0.02};
  sketch();
});
window.addEventListener('pointermove', (event) => {
  if (!stroke) return;
  stroke.points.push(fraction(event));
  sketch();
});
window.addEventListener('pointerup', () => {
  if (!stroke) return;
  const done = stroke;
  stroke = null;
  if (done.kind === 'keep') done.points = [done.points[0], done.points[done.points.length - 1]];
  if (done.kind === 'ignore' || done.points.length > 1)
    trigger('area', {shape: done});
  sketch();
});

let drag = null;
element.addEventListener('pointerdown', (event) => {
  if (pen || !event.target.closest('.stage') || event.target.closest('button')) return;
  drag = {x: event.clientX, y: event.clientY, panX: look.x, panY: look.y, moved: false};
});
window.addEventListener('pointermove', (event) => {
  if (!drag) return;
  const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
  if (Math.hypot(dx, dy) > 4) drag.moved = true;
  if (drag.moved && look.zoom > 1) {
    look.x = drag.panX + dx;
    look.y = drag.panY + dy;
    place();
  }
});
window.addEventListener('pointerup', (event) => {
  const ended = drag;
  drag = null;
  if (!ended || ended.moved || !size()) return;
  const box = layers().getBoundingClientRect(), whole = size();
  const column = Math.floor((event.clientX - box.left) / box.width * whole.columns);
  const row = Math.floor((event.clientY - box.top) / box.height * whole.rows);
  if (row < 0 || column < 0 || row >= whole.rows || column >= whole.columns) return;
  Object.assign(spot, {row, column});
  read();
});
element.addEventListener('wheel', (event) => {
  if (!event.target.closest('.stage') || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  zoomTo(look.zoom * Math.exp(-event.deltaY * 0.004), event.clientX, event.clientY);
}, {passive: false});
element.addEventListener('dragstart', (event) => event.preventDefault());
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-zoom]');
  if (!button) return;
  if (button.dataset.zoom === 'fit') Object.assign(look, {zoom: 1, x: 0, y: 0});
  else look.zoom = clamp(look.zoom * (button.dataset.zoom === 'in' ? 1.6 : 1 / 1.6), 1, 16);
  place();
});
element.addEventListener('keydown', (event) => {
  const whole = size();
  if (!whole || !event.target.closest('.stage')) return;
  const step = event.shiftKey ? 1 : Math.max(1, Math.round(Math.max(whole.rows, whole.columns) / 50));
  const moves = {ArrowUp: [-step, 0], ArrowDown: [step, 0], ArrowLeft: [0, -step], ArrowRight: [0, step]};
  if (event.key in moves) {
    const [rows, columns] = moves[event.key];
    spot.row = clamp(spot.row + rows, 0, whole.rows - 1);
    spot.column = clamp(spot.column + columns, 0, whole.columns - 1);
    read();
  } else if (event.key === '+' || event.key === '=') zoomTo(look.zoom * 1.6);
  else if (event.key === '-') zoomTo(look.zoom / 1.6);
  else if (event.key === '0') zoomTo(1);
  else if (event.key === 'Escape' && element.hasAttribute('data-spot')) {
    unmark();
    trigger('clear');
  }
  else return;
  event.preventDefault();
});

// A new layer replaces all of them, so the cells are drawn again.
watch(['value', 'paint', 'mask', 'frames', 'colorbar'], () => link(linked));

// Every change of a layer makes the page read all of them again. The picture is megabytes of text,
// so a short name stands for it as soon as it has come.
let named = '';
watch('value', () => {
  const told = /src="data:(image\/\w+);base64,([^"]+)"/.exec(props.value ?? '');
  if (!told) return;
  if (named) URL.revokeObjectURL(named);
  const bytes = Uint8Array.from(atob(told[2]), (letter) => letter.charCodeAt(0));
  named = URL.createObjectURL(new Blob([bytes], {type: told[1]}));
  props.value = props.value.replace(/src="[^"]+"/, `src="${named}"`);
});

// Another picture starts unzoomed and without a mark; another map of the same picture does not.
let shown = '';
watch('value', () => {
  const figure = element.querySelector('.viewer');
  const key = figure ? figure.dataset.picture : '';
  if (key === shown) return;
  shown = key;
  Object.assign(look, {zoom: 1, x: 0, y: 0});
  element.removeAttribute('data-spot');
  place();
});
