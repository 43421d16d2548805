// Linked looking: all maps zoom and move together, a cross marks the same place in each.
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const look = {zoom: 1, x: 0, y: 0};
const place = () => {
  const stage = element.querySelector('.stage');
  if (!stage) return;
  look.x = clamp(look.x, -(look.zoom - 1) / 2, (look.zoom - 1) / 2);
  look.y = clamp(look.y, -(look.zoom - 1) / 2, (look.zoom - 1) / 2);
  element.style.setProperty('--zoom', look.zoom);
  element.style.setProperty('--pan-x', look.x * 100 + '%');
  element.style.setProperty('--pan-y', look.y * 100 + '%');
  element.toggleAttribute('data-zoomed', look.zoom > 1);
  element.toggleAttribute('data-close', look.zoom >= 4);
};
const zoomTo = (zoom, stage, clientX, clientY) => {
  const box = stage.getBoundingClientRect();
  const fromX = clientX === undefined ? 0 : (clientX - box.left) / box.width - 0.5;
  const fromY = clientY === undefined ? 0 : (clientY - box.top) / box.height - 0.5;
  const next = clamp(zoom, 1, 16), factor = next / look.zoom;
  look.x = fromX - (fromX - look.x) * factor;
  look.y = fromY - (fromY - look.y) * factor;
  look.zoom = next;
  place();
};
element.addEventListener('wheel', (event) => {
  const stage = event.target.closest('.stage');
  if (!stage || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  zoomTo(look.zoom * Math.exp(-event.deltaY * 0.004), stage, event.clientX, event.clientY);
}, {passive: false});
element.addEventListener('dblclick', (event) => {
  const stage = event.target.closest('.stage');
  if (stage) zoomTo(look.zoom > 1 ? 1 : 4, stage, event.clientX, event.clientY);
});
let drag = null;
element.addEventListener('pointerdown', (event) => {
  const stage = event.target.closest('.stage');
  if (stage) drag = {stage, x: event.clientX, y: event.clientY, panX: look.x, panY: look.y};
});
window.addEventListener('pointerup', () => { drag = null; });
element.addEventListener('pointermove', (event) => {
  const stage = event.target.closest('.stage');
  if (drag && look.zoom > 1) {
    const box = drag.stage.getBoundingClientRect();
    look.x = drag.panX + (event.clientX - drag.x) / box.width;
    look.y = drag.panY + (event.clientY - drag.y) / box.height;
    place();
  }
  const layers = stage?.querySelector('.layers')?.getBoundingClientRect();
  element.toggleAttribute('data-cross', Boolean(layers));
  if (!layers) return;
  element.style.setProperty('--cross-x', (event.clientX - layers.left) / layers.width * 100 + '%');
  element.style.setProperty('--cross-y', (event.clientY - layers.top) / layers.height * 100 + '%');
});
element.addEventListener('pointerleave', () => element.removeAttribute('data-cross'));
element.addEventListener('dragstart', (event) => event.preventDefault());
element.addEventListener('keydown', (event) => {
  const stage = event.target.closest('.stage');
  if (!stage) return;
  const moves = {ArrowUp: [0, 0.1], ArrowDown: [0, -0.1], ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0]};
  if (event.key in moves && look.zoom > 1) {
    look.x += moves[event.key][0];
    look.y += moves[event.key][1];
    place();
  } else if (event.key === '+' || event.key === '=') zoomTo(look.zoom * 1.6, stage);
  else if (event.key === '-') zoomTo(look.zoom / 1.6, stage);
  else if (event.key === '0') zoomTo(1, stage);
  else return;
  event.preventDefault();
});
