// The lines of the histogram can be dragged: they move the sliders, which tell the server.
const sliders = {image: 'image-threshold', review: 'review-threshold'};
let dragged = null;
const valueAt = (clientX) => {
  const svg = element.querySelector('svg');
  const box = svg.getBoundingClientRect(), data = svg.dataset;
  const share = ((clientX - box.left) / box.width - data.left) / (data.right - data.left);
  return +data.low + Math.min(Math.max(share, 0), 1) * (data.high - data.low);
};
const nearest = (event) => {
  const reach = 9;
  return [...element.querySelectorAll('[data-limit]')]
    .map((line) => {
      const box = line.getBoundingClientRect();
      return {name: line.dataset.limit, far: Math.abs(event.clientX - box.left - box.width / 2)};
    })
    .filter((one) => one.far <= reach)
    .sort((one, other) => one.far - other.far)[0];
};
const move = (value) => {
  const slider = document.querySelector(`#${sliders[dragged]} input[type=range]`);
  if (!slider) return;
  slider.value = value;
  slider.dispatchEvent(new Event('input', {bubbles: true}));
  slider.dispatchEvent(new Event('change', {bubbles: true}));
};
element.addEventListener('pointerdown', (event) => {
  if (!event.target.closest('svg')) return;
  dragged = nearest(event)?.name ?? null;
  if (dragged) event.preventDefault();
});
window.addEventListener('pointermove', (event) => {
  if (dragged && element.querySelector('svg')) move(valueAt(event.clientX));
});
window.addEventListener('pointerup', () => { dragged = null; });
