// What stands behind the pixel clicked on. The cells that it outlines on the picture lie hidden in
// here; the viewer copies those that are asked for. Used by the reading and by the list of links.
const tell = (type, detail) => {
  const stage = document.querySelector('#viewer .stage');
  if (stage) stage.dispatchEvent(new CustomEvent(type, {detail, bubbles: true}));
};
const draw = (name) => tell('link', name);
const light = (rank) => tell('light', rank);
const point = (event) => {
  const entry = event.target.closest('[data-cells], [data-rank]');
  if (!entry || !element.contains(entry)) return;
  if (entry.dataset.cells) draw(entry.dataset.cells);
  else light(entry.dataset.rank);
};
const leave = (event) => {
  const entry = event.target.closest('[data-cells], [data-rank]');
  if (!entry || entry.contains(event.relatedTarget)) return;
  if (entry.dataset.cells) draw('near');
  else light('');
};
element.addEventListener('mouseover', point);
element.addEventListener('focusin', point);
element.addEventListener('mouseout', leave);
element.addEventListener('focusout', leave);
const clear = () => {
  tell('unmark');
  trigger('clear');
};
element.addEventListener('click', (event) => {
  if (event.target.closest('[data-clear]')) clear();
});
element.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') clear();
});
watch('value', () => draw('near'));
